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
    supernemo_clusters,
)

RECIPES = {
    recipe.name: recipe
    for module in (
        ams,
        ams_baselines,
        atlas,
        baselines,
        htautau,
        mu2e,
        supernemo,
        supernemo_calo,
        supernemo_clusters,
    )
    for recipe in module.RECIPES
}
"""Every recipe by its name."""
