"""Estimators of scikit-learn, exported to ONNX, against scikit-learn itself."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from threadpoolctl import threadpool_limits

from rootml.errors import TrainingError
from rootml.spec import TensorSpec
from rootml.training.sklearn_export import export_estimator

SPEC = TensorSpec("cells", (6,))
ESTIMATORS = {
    "logistic": (lambda: make_pipeline(StandardScaler(), LogisticRegression()), 1e-6),
    "linear_svm": (
        lambda: make_pipeline(StandardScaler(), CalibratedClassifierCV(LinearSVC())),
        1e-6,
    ),
    "svm": (
        lambda: make_pipeline(StandardScaler(), CalibratedClassifierCV(SVC(), ensemble=False)),
        5e-6,
    ),
    "mlp": (lambda: make_pipeline(StandardScaler(), MLPClassifier((8,), tol=1e-2)), 1e-6),
    "histgb": (lambda: HistGradientBoostingClassifier(max_iter=30, random_state=1), 1e-6),
}


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Threads that wait for cores which others use cost more than they bring."""
    with threadpool_limits(1):
        yield


@pytest.fixture(scope="module")
def labels(cells):
    return (cells[:, 0] * cells[:, 1] + np.random.default_rng(2).normal(size=len(cells)) > 1) + 0


@pytest.mark.parametrize("name", ESTIMATORS)
def test_probability_is_that_of_scikit_learn(cells, labels, tmp_path, open_as, name):
    build, tolerance = ESTIMATORS[name]
    estimator = build().fit(cells[:500], labels[:500])
    path = tmp_path / "toy.onnx"
    export_estimator(estimator, [SPEC], path)
    score = open_as("onnx", path)({"cells": cells})["score"]
    expected = estimator.predict_proba(cells)[:, 1]
    np.testing.assert_allclose(score, expected, rtol=0, atol=tolerance)


def test_trees_take_the_same_branches(tmp_path, open_as):
    """Thresholds between neighbouring float32, where rounding them would move rows across."""
    base = np.float32(0.1) + np.arange(200) * np.spacing(np.float32(0.1))
    cells = np.tile(base.astype("f4")[:, np.newaxis], 6)
    cells[:, 1:] = 1
    cells[::5, 2] = np.nan
    labels = np.arange(200) // 3 % 2
    estimator = HistGradientBoostingClassifier(
        max_iter=20, min_samples_leaf=1, max_leaf_nodes=200, learning_rate=0.5
    ).fit(cells, labels)
    export_estimator(estimator, [SPEC], tmp_path / "toy.onnx")
    engine = open_as("onnx", tmp_path / "toy.onnx").engine
    (score,) = engine.run({"cells": cells}, ["score"])
    np.testing.assert_allclose(score, estimator.predict_proba(cells)[:, 1], rtol=0, atol=2e-6)


def test_regressors_give_their_value(cells, tmp_path, open_as):
    estimator = HistGradientBoostingRegressor(max_iter=10).fit(cells, cells.sum(axis=1))
    export_estimator(estimator, [SPEC], tmp_path / "toy.onnx", "energy")
    energy = open_as("onnx", tmp_path / "toy.onnx", [{"name": "energy"}])({"cells": cells})
    np.testing.assert_allclose(energy["energy"], estimator.predict(cells), rtol=1e-6)


def test_tensors_are_flattened_and_joined_in_order(cells, labels, tmp_path):
    import onnxruntime

    estimator = LogisticRegression().fit(cells, labels)
    specs = [TensorSpec("image", (2, 2)), TensorSpec("mask", (1,), "bool"), TensorSpec("x", (1,))]
    cells = np.hstack([cells[:, :4], cells[:, 4:5] > 1, cells[:, 5:]]).astype("f4")
    export_estimator(estimator, specs, tmp_path / "toy.onnx", "p")
    session = onnxruntime.InferenceSession(tmp_path / "toy.onnx")
    feed = {"image": cells[:, :4].reshape(-1, 2, 2), "mask": cells[:, 4:5] > 0, "x": cells[:, 5:]}
    (found,) = session.run(["p"], feed)
    np.testing.assert_allclose(found, estimator.predict_proba(cells)[:, 1], rtol=0, atol=1e-6)


def test_chosen_columns_are_picked_from_all(cells, labels, tmp_path):
    import onnxruntime

    places = [4, 0, 1]
    estimator = LogisticRegression().fit(cells[:, places], labels)
    export_estimator(estimator, [SPEC], tmp_path / "toy.onnx", places=places)
    session = onnxruntime.InferenceSession(tmp_path / "toy.onnx")
    (found,) = session.run(None, {"cells": cells})
    expected = estimator.predict_proba(cells[:, places])[:, 1]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-6)
    with pytest.raises(TrainingError, match="fitted on 3 columns, and cells hold 2"):
        export_estimator(estimator, [SPEC], tmp_path / "toy.onnx", places=places[:2])


def test_scores_near_one_keep_their_order(cells, tmp_path, open_as):
    """Rejections of thousands are decided there: a float32 next to 1 is one of logit 16."""
    labels = (cells[:, 0] > np.median(cells[:, 0])) + 0
    estimator = HistGradientBoostingClassifier(max_iter=300, learning_rate=0.05).fit(cells, labels)
    export_estimator(estimator, [SPEC], tmp_path / "toy.onnx")
    score = open_as("onnx", tmp_path / "toy.onnx")({"cells": cells})["score"]
    exact = estimator.decision_function(cells)
    high = np.flatnonzero((exact > 7) & (exact < 12))
    assert len(high) > 20
    found = np.log(score[high].astype(np.float64) / (1 - score[high].astype(np.float64)))
    np.testing.assert_allclose(found, exact[high], atol=0.01)


def test_the_same_estimator_gives_the_same_bytes(cells, labels, tmp_path):
    for name in ("one", "two"):
        estimator = HistGradientBoostingClassifier(max_iter=3).fit(cells, labels)
        export_estimator(estimator, [SPEC], tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    model = onnx.load(tmp_path / "one")
    assert (model.producer_name, model.doc_string) == ("rootml", "")


@pytest.mark.parametrize(
    ("estimator", "spec", "message"),
    [
        (LogisticRegression(), TensorSpec("cells", (5,)), "fitted on 6 columns, and cells hold 5"),
        (LogisticRegression(), TensorSpec("cells", ("hits",)), "a fixed number of columns"),
        (LinearSVC(), SPEC, "LinearSVC gives no probabilities; wrap it in CalibratedClassifierCV"),
        (
            HistGradientBoostingClassifier(categorical_features=[0], max_iter=2),
            SPEC,
            "splits by category",
        ),
    ],
)
def test_estimators_that_cannot_be_exported(cells, labels, tmp_path, estimator, spec, message):
    estimator.fit(cells.round(), labels)
    with pytest.raises(TrainingError, match=message):
        export_estimator(estimator, [spec], tmp_path / "toy.onnx")
    assert not [*tmp_path.iterdir()]


def test_three_classes_are_refused(cells, tmp_path):
    estimator = LogisticRegression().fit(cells, cells[:, :3].argmax(axis=1))
    with pytest.raises(TrainingError, match="knows 3 classes; two are needed"):
        export_estimator(estimator, [SPEC], tmp_path / "toy.onnx")
