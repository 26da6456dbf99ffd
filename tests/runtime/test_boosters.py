"""Boosters of XGBoost and LightGBM, against their libraries and against trees walked by hand."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
from concurrent.futures import ThreadPoolExecutor

import lightgbm as lgb
import numpy as np
import pytest
import xgboost as xgb

from rootml.errors import DataError, NetworkError
from rootml.runtime.engine import EngineOptions
from rootml.runtime.model import Model
from rootml.runtime.xgboost_engine import XGBoostEngine
from rootml.spec import TensorSpec
from rootml.testing import ModelContract

BOOSTERS = {
    "booster_nonpi0_0304_extnumi.json": (16, 999),
    "booster_pi0_0304_extnumi.json": (16, 996),
    "booster_bkg_0304_extnumi_vx.json": (28, 741),
}
PROBABILITIES = [{"name": "classes", "tensor": "probabilities", "shape": [3]}]


@pytest.fixture(scope="module")
def labels(cells):
    return (cells[:, 0] + np.random.default_rng(2).normal(size=len(cells)) > 1).astype(int)


@pytest.fixture(scope="module")
def booster(cells, labels):
    """Stopped early: its best iteration is not its last."""
    train, other = (xgb.DMatrix(cells[i::2], labels[i::2]) for i in (0, 1))
    return xgb.train(
        {"objective": "binary:logistic", "nthread": 1, "seed": 1},
        train,
        100,
        evals=[(other, "validation")],
        early_stopping_rounds=5,
        verbose_eval=False,
    )


def opened(path, **options):
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return XGBoostEngine(path, digest, EngineOptions(**options))


def with_holes(features):
    """Some values as physics has them: missing, huge, and the sentinels of ntuples."""
    holes = np.random.default_rng(3).choice(
        np.array([np.nan, -999, 0, 4294967295, 1e-30], "f4"), features.shape
    )
    return np.where(np.random.default_rng(4).random(features.shape) < 0.3, holes, features)


def walk(tree, row):
    """The leaf of ``row``: XGBoost's rule is left where the value is below the condition."""
    node = 0
    while tree["left_children"][node] != -1:
        value = row[tree["split_indices"][node]]
        if np.isnan(value):
            left = tree["default_left"][node]
        else:
            left = value < np.float32(tree["split_conditions"][node])
        node = tree["left_children" if left else "right_children"][node]
    return tree["split_conditions"][node]


@pytest.mark.parametrize("name", BOOSTERS)
def test_published_boosters_give_xgboosts_own_numbers(shared, name):
    path = shared(f"microboone/{name}")
    columns, best = BOOSTERS[name]
    features = with_holes(np.random.default_rng(5).normal(0, 30, (400, columns)).astype("f4"))
    engine = opened(path)
    assert engine.inputs["features"].shape == ("n", columns)
    score, margin = engine.run({"features": features}, ["score", "margin"])

    own = xgb.Booster(model_file=path)
    assert own.best_iteration == best
    expected = own.predict(xgb.DMatrix(features, missing=np.nan), iteration_range=(0, best + 1))
    np.testing.assert_allclose(score, expected, rtol=0, atol=1e-6)

    learner = json.loads(path.read_text())["learner"]
    trees = learner["gradient_booster"]["model"]["trees"][: best + 1]
    by_hand = [sum(walk(tree, row) for tree in trees) for row in features[:25]]
    np.testing.assert_allclose(margin[:25], by_hand, rtol=0, atol=2e-5)
    np.testing.assert_allclose(score[:25], 1 / (1 + np.exp(-np.array(by_hand))), atol=5e-6)


def test_best_iteration_is_the_last_that_counts(booster, cells, tmp_path):
    booster.save_model(tmp_path / "toy.json")
    assert booster.best_iteration + 1 < booster.num_boosted_rounds()
    (score,) = opened(tmp_path / "toy.json").run({"features": cells}, ["score"])
    best = (0, booster.best_iteration + 1)
    np.testing.assert_array_equal(score, booster.inplace_predict(cells, iteration_range=best))
    assert np.abs(score - booster.inplace_predict(cells)).max() > 1e-3


@pytest.mark.parametrize("best", ["1000000", "-1", "3.5", "os.system('true')"])
def test_best_iteration_that_cannot_be(booster, tmp_path, best):
    content = json.loads(booster.save_raw("json"))
    content["learner"]["attributes"]["best_iteration"] = best
    path = tmp_path / "toy.json"
    path.write_text(json.dumps(content))
    with pytest.raises(NetworkError, match=r"toy\.json: .*its best iteration is .* rounds"):
        opened(path)


class TestContract(ModelContract):
    """Boosters keep what every model keeps."""

    @pytest.fixture(params=["xgboost", "lightgbm"])
    def model(self, request, booster, cells, labels, tmp_path, open_as):
        path = tmp_path / "toy.ubj"
        grown = booster if request.param == "xgboost" else grown_by_lightgbm(cells, labels)
        grown.save_model(path)
        return open_as(request.param, path)


@pytest.mark.parametrize("suffix", ["json", "ubj"])
def test_json_and_ubjson_are_the_same_booster(booster, cells, tmp_path, open_as, suffix):
    path = tmp_path / f"toy.{suffix}"
    booster.save_model(path)
    model = open_as("xgboost", path, threads=2)
    best = (0, booster.best_iteration + 1)
    expected = booster.inplace_predict(cells, iteration_range=best)
    score = model({"cells": cells})["score"]
    np.testing.assert_array_equal(score, expected)
    assert model.engine.threads == 2
    copy = pickle.loads(pickle.dumps(model))
    np.testing.assert_array_equal(copy({"cells": cells})["score"], expected)
    with ThreadPoolExecutor(4) as pool:
        parts = [*pool.map(lambda part: model({"cells": part})["score"], np.split(cells, 20))]
    np.testing.assert_array_equal(np.concatenate(parts), expected)


def trained(objective, cells, labels, **settings):
    parameters = {"objective": objective, "nthread": 1} | settings
    return xgb.train(parameters, xgb.DMatrix(cells, labels), 5)


@pytest.mark.parametrize("objective", ["multi:softprob", "multi:softmax"])
def test_classes_have_probabilities(cells, tmp_path, open_as, objective):
    booster = trained(objective, cells, cells[:, :3].argmax(axis=1), num_class=3)
    booster.save_model(tmp_path / "toy.ubj")
    classes = open_as("xgboost", tmp_path / "toy.ubj", PROBABILITIES)({"cells": cells})["classes"]
    np.testing.assert_allclose(classes.sum(axis=1), 1, rtol=1e-6)
    margin = booster.inplace_predict(cells, predict_type="margin")
    expected = np.exp(margin) / np.exp(margin).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(classes, expected, atol=1e-6)


@pytest.mark.parametrize("booster_kind", ["gbtree", "dart"])
def test_regressions_have_a_value(cells, tmp_path, open_as, booster_kind):
    booster = trained("reg:squarederror", cells, cells.sum(axis=1), booster=booster_kind)
    booster.save_model(tmp_path / "toy.json")
    outputs = [{"name": "energy", "tensor": "value", "role": "energy"}]
    energy = open_as("xgboost", tmp_path / "toy.json", outputs)({"cells": cells})["energy"]
    np.testing.assert_array_equal(energy, booster.inplace_predict(cells))


def test_linear_boosters_are_refused(cells, labels, tmp_path, open_as):
    trained("binary:logistic", cells, labels, booster="gblinear").save_model(tmp_path / "toy.json")
    with pytest.raises(NetworkError, match="of kind 'gblinear'; only trees are run"):
        open_as("xgboost", tmp_path / "toy.json")


def test_output_that_the_objective_does_not_have(booster, tmp_path, open_as):
    booster.save_model(tmp_path / "toy.json")
    with pytest.raises(NetworkError, match=r"output scores .* missing; did you mean 'score'"):
        open_as("xgboost", tmp_path / "toy.json", [{"name": "scores"}])


def renamed(model, **changes):
    """The model on a view whose tensor is otherwise."""
    (spec,) = model.view.tensors
    view = dataclasses.replace(model.view, tensors=(dataclasses.replace(spec, **changes),))
    adapter = dataclasses.replace(model.adapter, views={view.name: view})
    return Model(model.card, adapter, model.engine)


@pytest.mark.parametrize("format", ["xgboost", "lightgbm"])
def test_order_of_columns_is_checked(cells, labels, tmp_path, open_as, format):
    names = list("abcdef")
    path = tmp_path / "toy.net"
    if format == "xgboost":
        matrix = xgb.DMatrix(cells, labels, feature_names=names)
        xgb.train({"objective": "binary:logistic"}, matrix, 2).save_model(tmp_path / "toy.ubj")
        (tmp_path / "toy.ubj").rename(path)
    else:
        grown_by_lightgbm(cells, labels, feature_name=names).save_model(path)
    model = open_as(format, path)
    renamed(model, columns=tuple("abcdef"))
    with pytest.raises(NetworkError, match="column 1 is 'c', and the network's is 'b'"):
        renamed(model, columns=tuple("acbdef"))


def test_a_file_that_names_too_few_columns(cells, labels, tmp_path, open_as):
    matrix = xgb.DMatrix(cells, labels, feature_names=list("abcdef"))
    path = tmp_path / "toy.json"
    xgb.train({"objective": "binary:logistic"}, matrix, 2).save_model(path)
    path.write_text(path.read_text().replace('"a","b","c",', '"a","b",'))
    model = open_as("xgboost", path)
    with pytest.raises(NetworkError, match="it names 5 columns, and the view 6"):
        renamed(model, columns=tuple("abcdef"))


def test_as_many_columns_are_named_as_there_are():
    with pytest.raises(ValueError, match=r"'cells' of shape \(6,\) names 2 columns"):
        TensorSpec("cells", (6,), columns=("a", "b"))


def test_nan_is_a_value_where_the_view_means_it(booster, cells, tmp_path, open_as):
    booster.save_model(tmp_path / "toy.json")
    holes = cells[:100].copy()
    holes[::7, 3] = np.nan
    model = open_as("xgboost", tmp_path / "toy.json")
    best = (0, booster.best_iteration + 1)
    expected = booster.predict(xgb.DMatrix(holes, missing=np.nan), iteration_range=best)
    found = renamed(model, allow_nan=True)({"cells": holes})["score"]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize(
    ("allowed", "bad", "message"),
    [
        (False, np.nan, "row 13 of the input 'cells' holds NaN or infinity"),
        (True, np.inf, "row 13 of the input 'cells' holds infinity"),
    ],
)
def test_blame_for_a_result_that_is_not_finite(make, cells, allowed, bad, message):
    rows = cells[:30].copy()
    rows[13, 2] = bad
    with pytest.raises(DataError, match=message):
        renamed(make(activation=("Identity",)), allow_nan=allowed)({"cells": rows})


def grown_by_lightgbm(cells, labels, objective="binary", feature_name="auto", **settings):
    parameters = {"objective": objective, "verbosity": -1, "num_threads": 1} | settings
    train = lgb.Dataset(cells[:1500].copy(), labels[:1500], feature_name=feature_name)
    other = lgb.Dataset(cells[1500:].copy(), labels[1500:], reference=train)
    stop = lgb.early_stopping(3, verbose=False)
    return lgb.train(parameters, train, 60, valid_sets=[other], callbacks=[stop])


def test_lightgbm_gives_its_own_numbers(cells, labels, tmp_path, open_as):
    booster = grown_by_lightgbm(cells, labels)
    booster.save_model(tmp_path / "toy.txt")
    assert booster.best_iteration == booster.current_iteration() < 60
    outputs = [{"name": name, "dtype": "float64"} for name in ("score", "margin")]
    model = open_as("lightgbm", tmp_path / "toy.txt", outputs, threads=2)
    found = pickle.loads(pickle.dumps(model))({"cells": cells})
    np.testing.assert_array_equal(found["score"], booster.predict(cells))
    np.testing.assert_array_equal(found["margin"], booster.predict(cells, raw_score=True))
    with ThreadPoolExecutor(4) as pool:
        parts = [*pool.map(lambda part: model({"cells": part})["score"], np.split(cells, 20))]
    np.testing.assert_array_equal(np.concatenate(parts), booster.predict(cells))


@pytest.mark.parametrize("objective", ["multiclass", "multiclassova", "regression"])
def test_lightgbm_of_other_objectives(cells, tmp_path, open_as, objective):
    several = objective != "regression"
    target = cells[:, :3].argmax(axis=1) if several else cells.sum(axis=1)
    settings = {"num_class": 3} if several else {}
    booster = grown_by_lightgbm(cells, target, objective, **settings)
    booster.save_model(tmp_path / "toy.txt")
    outputs = PROBABILITIES if several else [{"name": "value"}]
    (found,) = open_as("lightgbm", tmp_path / "toy.txt", outputs)({"cells": cells}).values()
    np.testing.assert_allclose(found, booster.predict(cells), rtol=1e-6)


def test_truncated_lightgbm_is_refused_and_ends_no_process(cells, labels, tmp_path, open_as):
    path = tmp_path / "toy.txt"
    grown_by_lightgbm(cells, labels, num_leaves=4).save_model(path)
    data = path.read_bytes()
    trees = data.index(b"end of trees")
    expected = open_as("lightgbm", path)({"cells": cells})["score"]
    for length in [*range(7, trees, trees // 40), trees + 5]:
        path.write_bytes(data[:length])
        with pytest.raises(NetworkError, match=r"toy\.txt: lightgbm cannot open this network: "):
            open_as("lightgbm", path)
    path.write_bytes(data[: len(data) - 700])  # within the parameters of the training
    np.testing.assert_array_equal(open_as("lightgbm", path)({"cells": cells})["score"], expected)


def test_truncated_xgboost_is_refused(booster, tmp_path, open_as):
    for kind in ("json", "ubj"):
        path = tmp_path / f"toy.{kind}"
        data = bytes(booster.save_raw(kind))
        for length in range(1, len(data), len(data) // 30):
            path.write_bytes(data[:length])
            with pytest.raises(NetworkError, match=rf"toy\.{kind}: "):
                open_as("xgboost", path)
