"""Learners for the columns of anybody's ntuple: the adapter is chosen with the training."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rootml.training import Choice, Range, Recipe, ScikitLearn, Torch, XGBoost

if TYPE_CHECKING:
    from torch import nn

    from rootml.adapter import View


def _scaled(estimator: Any) -> Any:
    """The estimator on columns of mean 0 and variance 1; what is missing counts as the median."""
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    imputer = SimpleImputer(strategy="median", keep_empty_features=True)
    return make_pipeline(imputer, StandardScaler(), estimator)


def _logistic(seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression

    return _scaled(LogisticRegression(max_iter=1000))


def _svm(seed: int) -> Any:
    from sklearn.calibration import CalibratedClassifierCV
    from sklearn.svm import SVC

    return _scaled(CalibratedClassifierCV(SVC(), cv=3, ensemble=False))


def _histgb(seed: int) -> Any:
    from sklearn.ensemble import HistGradientBoostingClassifier

    return HistGradientBoostingClassifier(
        max_iter=300,
        max_leaf_nodes=15,
        early_stopping=True,
        n_iter_no_change=20,
        random_state=seed,
    )


def _mlp(view: View, width: int = 64, depth: int = 2) -> nn.Module:
    from rootml_zoo.nets.mlp import MLP

    return MLP(view, [width] * depth)


LOGISTIC = Recipe(
    name="logistic",
    learner=ScikitLearn(_logistic),
    title="Logistic regression",
    doc="Columns scaled to mean 0 and variance 1, missing values set to the median; L2 penalty "
    "with C = 1.",
)

SVM = Recipe(
    name="svm",
    learner=ScikitLearn(_svm),
    title="Support vector machine",
    doc="Gaussian kernel on columns scaled to mean 0 and variance 1, missing values set to the "
    "median; probabilities by Platt's sigmoid. The time grows with the square of the events: it "
    "is trained on a part of them.",
    limits={"train": 10_000},
)

HISTGB = Recipe(
    name="histgb",
    learner=ScikitLearn(_histgb),
    title="Histogram gradient boosting",
    doc="At most 300 trees of 15 leaves, by scikit-learn.",
    search={
        "learning_rate": Range(0.02, 0.3, log=True),
        "max_leaf_nodes": Range(7, 63, log=True),
        "min_samples_leaf": Range(5, 200, log=True),
        "l2_regularization": Range(1e-3, 10.0, log=True),
    },
)

XGBOOST = Recipe(
    name="xgboost",
    learner=XGBoost({"max_depth": 4, "eta": 0.1, "subsample": 0.8}, epochs=1000, patience=30),
    title="Boosted decision trees",
    doc="At most 1000 trees of depth 4, by XGBoost.",
    search={
        "max_depth": Range(3, 8),
        "eta": Range(0.02, 0.3, log=True),
        "min_child_weight": Range(1, 100, log=True),
        "subsample": Range(0.5, 1.0),
        "colsample_bytree": Range(0.5, 1.0),
    },
)

MLP = Recipe(
    name="mlp",
    learner=Torch(
        _mlp, learning_rate=1e-3, batch_size=256, patience=10, epochs=100, precision="32"
    ),
    title="Multilayer perceptron",
    doc="Two hidden layers of 64 on columns scaled to mean 0 and variance 1.",
    search={
        "learning_rate": Range(1e-4, 1e-2, log=True),
        "batch_size": Choice((128, 256, 512, 1024)),
        "weight_decay": Range(1e-6, 1e-2, log=True),
        "width": Range(16, 256, log=True),
        "depth": Range(1, 4),
    },
)

RECIPES = (LOGISTIC, SVM, HISTGB, XGBOOST, MLP)
