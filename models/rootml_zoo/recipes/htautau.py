"""Classical learners for Higgs bosons that decay into taus: the same twelve columns for all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rootml.training import Recipe, XGBoost
from rootml_zoo.recipes.baselines import HISTGB, LOGISTIC, SVM, XGBOOST


def _htautau(recipe: Recipe, **changes: Any) -> Recipe:
    return replace(
        recipe,
        name=f"{recipe.name}_htautau",
        adapter="htautau",
        view="declared",
        title=f"Higgs bosons in the decay to taus against Z, W and top: {recipe.title}",
        **changes,
    )


RECIPES = (
    _htautau(LOGISTIC),
    _htautau(SVM, limits={"train": 4_000}),
    _htautau(HISTGB),
    _htautau(
        XGBOOST,
        learner=XGBoost(
            {"max_depth": 4, "eta": 0.2, "subsample": 0.8, "min_child_weight": 20},
            epochs=200,
            patience=20,
        ),
    ),
)
