"""How the shipped models are trained; the libraries that train are imported only when they do."""

from __future__ import annotations

from rootml_zoo.recipes import (
    ams,
    ams_baselines,
    atlas,
    baselines,
    htautau,
    mu2e,
    supernemo,
    supernemo_calo,
    supernemo_cells,
    supernemo_clusters,
    supernemo_events,
)

MODULES = (
    ams,
    ams_baselines,
    atlas,
    baselines,
    htautau,
    mu2e,
    supernemo,
    supernemo_calo,
    supernemo_cells,
    supernemo_clusters,
    supernemo_events,
)
RECIPES = {recipe.name: recipe for module in MODULES for recipe in module.RECIPES}
"""Every recipe by its name."""
