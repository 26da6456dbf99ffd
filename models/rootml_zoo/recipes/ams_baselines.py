"""Classical learners for the AMS-02 ECAL: what deep networks on the image are measured against.

All see the view ``shower``: variables of the shower's shape. On images: the recipes of
:mod:`rootml_zoo.recipes.baselines` with ``--adapter ams --view image``.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from rootml.training import Recipe, ScikitLearn
from rootml_zoo.recipes.baselines import HISTGB, LOGISTIC, SVM

EXPERIMENT_BDT = (
    "log_energy",
    *(f"share_{layer:02}" for layer in range(18)),
    "depth",
    "length",
    "skewness",
    "kurtosis",
    "early_share",
    "late_share",
    "profile_maximum",
    "profile_chi2",
    "core_1",
    "core_3",
    "core_5",
    "core_7",
    "core_11",
    "width_x",
    "width_y",
    "hits",
)
"""Variables of the kinds that L. Basara, ICRC 2013, 0903 and the AMS software name."""
EXPERIMENT_LIKELIHOOD = ("pull_depth", "pull_late", "pull_core", "pull_width", "pull_share_00")
LIKELIHOOD_BINS = 100
"""Of each density, equally wide."""


def _histgb(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=0.07,
        max_iter=1000,
        max_leaf_nodes=31,
        min_samples_leaf=50,
        l2_regularization=5.0,
        max_features=0.5,
        early_stopping=True,
        n_iter_no_change=30,
        tol=0.0,
        random_state=seed,
    )


def _bdt(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        learning_rate=0.1,
        max_iter=400,
        max_depth=3,
        max_leaf_nodes=None,
        early_stopping=True,
        n_iter_no_change=30,
        random_state=seed,
    )


def _likelihood(seed: int) -> Any:
    from sklearn.decomposition import PCA
    from sklearn.naive_bayes import CategoricalNB
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import KBinsDiscretizer

    return make_pipeline(
        PCA(random_state=seed),
        KBinsDiscretizer(LIKELIHOOD_BINS, encode="ordinal", strategy="uniform", subsample=None),
        CategoricalNB(min_categories=LIKELIHOOD_BINS, fit_prior=False),
    )


def _ams(recipe: Recipe, **changes: Any) -> Recipe:
    return replace(
        recipe,
        name=f"{recipe.name}_ams",
        adapter="ams",
        view="shower",
        title=f"Electrons and positrons against protons in the AMS-02 ECAL: {recipe.title}",
        threads=1,
        **changes,
    )


LOGISTIC_AMS = _ams(LOGISTIC, limits={"train": 200_000})
SVM_AMS = _ams(SVM, limits={"train": 10_000, "validation": 20_000, "test": 100_000})
HISTGB_AMS = _ams(
    HISTGB,
    learner=ScikitLearn(_histgb),
    doc="At most 1000 trees of 31 leaves on all variables of the shower's shape, by scikit-learn.",
)
BDT_AMS = _ams(
    Recipe(
        name="bdt",
        learner=ScikitLearn(_bdt, columns=EXPERIMENT_BDT),
        title="Model of the experiment's boosted trees",
        doc="At most 400 trees of depth 3 on variables of the kinds that AMS used (L. Basara, ICRC "
        "2013, 0903).",
    )
)
LIKELIHOOD_AMS = _ams(
    Recipe(
        name="likelihood",
        learner=ScikitLearn(_likelihood, columns=EXPERIMENT_LIKELIHOOD),
        title="Model of the experiment's likelihood",
        doc="Ratio of products of binned densities of five variables, relative to electrons of the "
        "same energy and freed of their linear correlation.",
    )
)

RECIPES = (LOGISTIC_AMS, SVM_AMS, HISTGB_AMS, BDT_AMS, LIKELIHOOD_AMS)
