"""Several networks as one: what it says, which events measure it, and what cannot be joined."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
import uproot
from scipy.special import expit, logit

from rootml import annotate
from rootml.adapter import View
from rootml.card import ModelCard
from rootml.errors import DataError, NetworkError, OutputError, RegistryError, TrainingError
from rootml.registry import get_adapter, load
from rootml.spec import Batch, TensorSpec
from rootml.training import Classification, combine
from rootml.training.reading import load_dataset

pytestmark = pytest.mark.usefixtures("toylab", "own_places")

CELLS = np.linspace(0, 6, 30, dtype=np.float32).reshape(5, 6)
TOTAL = CELLS.sum(axis=1).astype(float)
WEIGHTS = {"weak": 0.02, "strong": 0.1, "bent": 0.05}
LOGITS = {"weak": 0.02 * TOTAL, "strong": 0.1 * TOTAL, "bent": np.tanh(0.05 * TOTAL)}
TRAINED = {"data": "toy.root, more.root", "seed": 7, "settings": {"split": "50/20/30"}}


@pytest.fixture
def member(write_network, write_card, tmp_path):
    """``member(name, graph={...}, **card)``: a toy network, and what it was trained on."""

    def write(name="weak", graph=None, **card) -> Path:
        activation = ("Tanh", "Sigmoid") if name == "bent" else ("Sigmoid",)
        shape = {"activation": activation, "weight": WEIGHTS[name]} | (graph or {})
        return write_card(
            write_network(tmp_path / f"{name}.onnx", **shape), **{"training": TRAINED} | card
        )

    return write


@pytest.fixture
def toy_file(toylab, tmp_path):
    """``toy_file(name, events)``: simulated events."""

    def write(name="toy.root", events=400) -> Path:
        rng = np.random.default_rng(sum(name.encode()))
        made = get_adapter("toylab").simulate(events, rng)
        with uproot.recreate(tmp_path / name) as file:
            file["hits"] = {column: np.asarray(made[column]) for column in made.fields}
        return tmp_path / name

    return write


def test_score_is_the_sigmoid_of_the_mean_logit(member, toy_file, tmp_path):
    models = [member(name, parameters=6) for name in LOGITS]
    path = combine(models, [toy_file()], tmp_path / "out", title="Three in one", notes="Toys.")
    model, card = load(path), ModelCard.read(path)
    expected = expit(np.mean(list(LOGITS.values()), axis=0))
    np.testing.assert_allclose(model({"cells": CELLS})["score"], expected, rtol=1e-6)
    assert sorted(p.name for p in path.parent.iterdir()) == [
        "committee_toylab.card.yaml",
        "committee_toylab.onnx",
    ]
    assert (card.name, card.title, card.parameters) == ("committee_toylab", "Three in one", 18)
    members = [ModelCard.read(m) for m in models]
    assert [(m.name, m.version, m.sha256) for m in card.training.members] == [
        (m.name, m.version, m.network.sha256) for m in members
    ]
    assert card.training.command == (
        "rootml combine toy.root --model weak@1.0 --model strong@1.0 --model bent@1.0"
    )
    assert card.training.data == "toy.root, more.root"
    assert {m.name for m in card.metrics} > {"auc", "rejection_eff90"}
    assert [point.name for point in card.working_points] == ["pass90", "pass95"]


def test_sure_members_are_told_apart_beyond_what_a_score_holds(member, toy_file, tmp_path):
    """Logits of more than 16 either way: as float32 the scores are 1 and next to 0."""
    pair = [member("weak", {"weight": 4.0}), member("strong", {"weight": -3.9})]
    model = load(combine(pair, [toy_file()], tmp_path / "out"))
    np.testing.assert_allclose(model({"cells": CELLS})["score"], expit(0.05 * TOTAL), rtol=1e-4)


def test_scores_without_a_sigmoid_at_the_end(member, write_card, toy_file, tmp_path):
    """Their logit is log(p / (1 - p)), at most 16; graphs of an older opset are converted."""
    hidden = {"activation": ("Sigmoid", "Identity"), "weight": 1.0}
    models = [member("weak", hidden), member("bent")]
    network = onnx.load(tmp_path / "bent.onnx")
    network.opset_import[0].version = 18
    onnx.save(network, tmp_path / "bent.onnx")
    models[1] = write_card(tmp_path / "bent.onnx", training=TRAINED)
    scores = load(combine(models, [toy_file()], tmp_path / "out"))({"cells": CELLS})["score"]
    edge = np.log(2.0**23 - 1)
    assert TOTAL[1] < edge < TOTAL[-1]
    expected = expit((np.minimum(TOTAL, edge) + LOGITS["bent"]) / 2)
    np.testing.assert_allclose(scores, expected, atol=1e-4)


def test_old_operators_and_those_of_trees_alone(member, write_card, toy_file, tmp_path):
    member(), member("bent")
    old = onnx.load(tmp_path / "bent.onnx")
    old.opset_import[0].version = 11
    onnx.save(old, tmp_path / "bent.onnx")
    stump = {
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"],
        "nodes_values": [float(CELLS[2, 0]), 0.0, 0.0],
        "nodes_truenodeids": [1, 0, 0],
        "nodes_falsenodeids": [2, 0, 0],
        "target_nodeids": [1, 2],
        "target_weights": [0.2, 0.7],
    }
    stump |= {f"nodes_{key}": [0, 0, 0] for key in ("treeids", "featureids")}
    stump |= {f"target_{key}": [0, 0] for key in ("treeids", "ids")}
    graph = onnx.load(tmp_path / "weak.onnx").graph
    del graph.node[:], graph.initializer[:]
    domain = "ai.onnx.ml"
    graph.node.append(
        onnx.helper.make_node(
            "TreeEnsembleRegressor",
            [graph.input[0].name],
            [graph.output[0].name],
            domain=domain,
            n_targets=1,
            nodes_nodeids=[0, 1, 2],
            **stump,
        )
    )
    opset = [onnx.helper.make_opsetid(domain, 3)]
    trees = onnx.helper.make_model(graph, opset_imports=opset, ir_version=8)
    onnx.save(trees, tmp_path / "weak.onnx")
    models = [write_card(tmp_path / f"{name}.onnx", training=TRAINED) for name in ("weak", "bent")]
    scores = load(combine(models, [toy_file()], tmp_path / "out"))({"cells": CELLS})["score"]
    expected = expit((logit([0.2, 0.2, 0.2, 0.7, 0.7]) + LOGITS["bent"]) / 2)
    np.testing.assert_allclose(scores, expected, atol=1e-5)


def test_inputs_may_have_other_names_and_types(member, write_card, toy_file, tmp_path):
    inputs = {"network": {"inputs": {"cells": "x"}}}
    models = [member(), member("strong", {"cells": "x"}, **inputs)]
    network = onnx.load(tmp_path / "strong.onnx")
    network.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
    sums = onnx.helper.make_node("Add", ["x", "x"], ["sums"])
    halves = onnx.helper.make_node("Div", ["sums", "two"], ["halves"])
    cast = onnx.helper.make_node("Cast", ["halves"], ["single"], to=onnx.TensorProto.FLOAT)
    network.graph.initializer.append(onnx.numpy_helper.from_array(np.array(2.0), "two"))
    network.graph.node[0].input[0] = "single"
    for node in (cast, halves, sums):
        network.graph.node.insert(0, node)
    onnx.save(network, tmp_path / "strong.onnx")
    models[1] = write_card(tmp_path / "strong.onnx", training=TRAINED, **inputs)
    model = load(combine(models, [toy_file()], tmp_path / "out"))
    assert {name: port.dtype for name, port in model.engine.inputs.items()} == {"cells": "float32"}
    expected = expit((LOGITS["weak"] + LOGITS["strong"]) / 2)
    np.testing.assert_allclose(model({"cells": CELLS})["score"], expected, rtol=1e-6)


@pytest.fixture
def views(monkeypatch):
    """``views(**build)``: further views of the toys, of tensors "cells" and "total"."""
    adapter = get_adapter("toylab")
    cells = adapter.views["cells"]

    def build_total(events):
        batch = cells.build(events)
        return Batch({"total": batch.tensors["cells"].sum(axis=1, keepdims=True)}, batch.judged)

    def build_both(events):
        batch = cells.build(events)
        return Batch({**batch.tensors, **build_total(events).tensors}, batch.judged)

    def add(**builds):
        total = TensorSpec("total", (1,), unit="GeV")
        wide = TensorSpec("wide", (1000,))
        tensors = {"total": (total,), "both": (total, *cells.tensors)}
        tensors["larger"] = (*tensors["both"], wide)
        for name, build in ({"total": build_total, "both": build_both} | builds).items():
            view = View(name, ("cells",), tensors[name], build)
            monkeypatch.setitem(adapter.views, name, view)

    return add


@pytest.fixture
def of_total(write_card, tmp_path):
    """The card of a network that sees the sum of the cells alone: its logit is 0.1 of it."""
    helper, kind = onnx.helper, onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        [
            helper.make_node("Constant", [], ["weight"], value_float=0.1),
            helper.make_node("Mul", ["total", "weight"], ["logit"]),
            helper.make_node("Sigmoid", ["logit"], ["score"]),
        ],
        "total",
        [helper.make_tensor_value_info("total", kind, ("n", 1))],
        [helper.make_tensor_value_info("score", kind, ("n", 1))],
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), tmp_path / "sum.onnx")
    return write_card(tmp_path / "sum.onnx", view="total", training=TRAINED)


def test_members_on_different_views(member, of_total, views, toy_file, tmp_path):
    views(larger=None)
    path = combine([member(), of_total], [toy_file()], tmp_path / "out")
    card, model = ModelCard.read(path), load(path)
    assert card.view == "both"
    assert sorted(model.engine.inputs) == ["cells", "total"]
    tensors = {"cells": CELLS, "total": TOTAL.astype(np.float32)[:, None]}
    expected = expit((LOGITS["weak"] + 0.1 * TOTAL) / 2)
    np.testing.assert_allclose(model(tensors)["score"], expected, rtol=1e-6)
    chosen = combine([member(), member("bent")], [toy_file()], tmp_path / "chosen", view="both")
    card = ModelCard.read(chosen)
    assert (card.view, [*load(chosen).engine.inputs]) == ("both", ["cells"])
    assert card.training.command.endswith("--view both")


def test_views_that_do_not_go_together(member, of_total, views, toy_file, tmp_path):
    pair, out = [member(), of_total], tmp_path / "out"
    views()
    refused(
        r"view 'total' has not .*: weak@1.0 takes cells float32 \(n, 6\) GeV; sum@1.0 takes "
        r"total float32 \(n, 1\) GeV \(views: total: ",
        pair,
        [toy_file()],
        out,
        view="total",
    )
    adapter = get_adapter("toylab")
    both = adapter.views["both"].build
    del adapter.views["both"]
    refused("no view of 'toylab' has the tensors of all members: weak", pair, [toy_file()], out)

    def changed(what):
        def build(events):
            batch = both(events)
            judged, tensors = batch.judged.copy(), dict(batch.tensors)
            if what == "judged":
                judged[5] = False
                tensors = {name: np.delete(tensor, 5, axis=0) for name, tensor in tensors.items()}
            elif what == "counts":
                return Batch(tensors, judged, np.where(np.arange(len(judged)) == 5, 2, 1))
            else:
                tensors["cells"] = tensors["cells"] + (np.arange(len(judged)) == 5)[:, None]
            return Batch(tensors, judged)

        return build

    for what, said in (
        ("judged", "do not judge the same"),
        ("counts", "have other objects"),
        ("values", "differ in 'cells'"),
    ):
        views(both=changed(what))
        match = f"toy.root: tree 'hits', entry 5: the view 'cells', of weak@1.0, .* {said}"
        refused(match, pair, [toy_file()], out, kind=DataError)
    assert not out.exists()


@pytest.fixture(scope="module")
def shipped(tmp_path_factory):
    """Two networks of the zoo as one, and events that it judges."""
    folder = tmp_path_factory.mktemp("ams")
    adapter = get_adapter("ams")
    adapter.write(folder / "new.root", 120, np.random.default_rng(5), energy="200:400")
    models = ["mlp_ams", "cnn_ams"]
    path = combine(models, [folder / "new.root"], folder / "out", held_out=True, seed=4)
    events = adapter.simulate(100, np.random.default_rng(6), energy="200:2000")
    image = np.asarray(events["edep_cell"], np.float32).reshape(-1, 1, 18, 72)
    return path, image, [load(model)({"image": image})["score"] for model in models]


@pytest.mark.parametrize("engine", ["onnxruntime", "openvino"])
def test_shipped_networks(shipped, engine):
    path, image, scores = shipped
    pytest.importorskip(engine)
    found = load(path, engine=engine)({"image": image})["score"]
    told = np.max(scores, axis=0) < 0.999  # next to 1 float32 scores do not tell the logits
    assert told.sum() > 40
    expected = expit(logit(np.array(scores, float)).mean(axis=0))
    np.testing.assert_allclose(found[told], expected[told], atol=1e-5)
    np.testing.assert_allclose(found, expected, atol=1e-3)


def test_networks_and_trees_on_different_views(tmp_path):
    adapter = get_adapter("ams")
    adapter.write(tmp_path / "new.root", 120, np.random.default_rng(5), energy="200:400")
    path = combine(
        ["mlp_ams", "histgb_ams"], [tmp_path / "new.root"], tmp_path / "out", held_out=True
    )
    card = ModelCard.read(path)
    assert card.view == "image_shower"
    assert {axis.name for axis in card.domain} == {s.name for s in adapter.views["image"].summaries}
    events = adapter.simulate(60, np.random.default_rng(6), energy="200:2000")
    names = {"mlp_ams": "mlp_ams", "histgb_ams": "histgb_ams", "committee_ams": path}
    scores = [annotate(events, model=model)[f"{name}_score"] for name, model in names.items()]
    one, other, both = (np.asarray(values, float) for values in scores)
    edge = 2.0**-23  # trees keep their scores this far from 0 and 1
    told = one < 0.999
    assert told.sum() > 20
    expected = expit((logit(one) + logit(other.clip(edge, 1 - edge))) / 2)
    np.testing.assert_allclose(both[told], expected[told], atol=1e-5)


def test_weights_stay_in_half_precision(shipped):
    path, _, _ = shipped
    members = [load(name).engine.path.stat().st_size for name in ("mlp_ams", "cnn_ams")]
    assert path.with_name("committee_ams.onnx").stat().st_size < sum(members) + 8192


def test_events_are_those_that_no_member_learned_from(member, toy_file, tmp_path):
    files = [toy_file(), toy_file("more.root")]
    early = TRAINED | {"data": "toy.root, more.root, early.root"}
    early["settings"] = TRAINED["settings"] | {"train_only": "early.root"}
    models = [member(), member("strong", training=early)]
    path = combine(models, files, tmp_path / "out", train_only=[toy_file("early.root")])
    adapter = get_adapter("toylab")
    (tmp_path / "read").mkdir()
    data = load_dataset(files, adapter, adapter.views["cells"], Classification(), tmp_path / "read")
    parts = data.parts(7, "50/20/30")
    training = ModelCard.read(path).training
    assert training.events == {part: len(parts[part]) for part in ("validation", "test")}
    assert training.data == "toy.root, more.root, early.root"
    assert training.settings == {"split": "50/20/30", "train_only": "early.root"}


def test_held_out_files_are_split_in_halves(member, toy_file, tmp_path):
    models = [member(), member("strong", training={"data": "theirs"})]
    path = combine(models, [toy_file("new.root")], tmp_path / "a", held_out=True, name="pair")
    training = ModelCard.read(path).training
    assert sum(training.events.values()) == 400
    assert training.events["test"] == pytest.approx(200, abs=40)
    assert training.settings["held_out"] == "new.root"
    assert training.data == "toy.root, more.root, theirs"
    pair = [path, member("bent")]
    refused("pair@1.0: its card does not say by which", pair, [toy_file()], tmp_path / "b")
    new = [toy_file("new.root")]
    again = ModelCard.read(combine(pair, new, tmp_path / "b", held_out=True, limit=60))
    assert [m.name for m in again.training.members] == ["pair", "bent"]
    assert sum(map(int, re.findall(r"\d+", again.metrics[0].sample))) == 60


def refused(match, *arguments, kind=TrainingError, **options) -> None:
    with pytest.raises(kind, match=match):
        combine(*arguments, **options)


def test_events_that_a_member_has_seen_are_refused(member, toy_file, tmp_path):
    weak, out = member(), tmp_path / "out"
    settings = TRAINED["settings"]
    for training, match in (
        ({"seed": 8}, "seed 7 and split 50/20/30, strong@1.0 with seed 8"),
        ({"settings": {"split": "60/20/20"}}, "strong@1.0 with seed 7 and split 60/20/20"),
        ({"settings": {}}, "strong@1.0: its card does not say by which seed and split"),
        ({"data": "other.root"}, "toy.root: strong@1.0 was trained on no file of this name"),
        ({"settings": settings | {"train_only": "toy.root"}}, "strong@1.0 has learned from all"),
        ({"settings": settings | {"adapted_to": "toy.root"}}, "strong@1.0 has learned from all"),
    ):
        refused(match, [weak, member("strong", training=TRAINED | training)], [toy_file()], out)
    pair = [weak, member("strong")]
    refused("no file of this name; did you mean 'toy.root'", pair, [toy_file("toy2.root")], out)
    refused("toy.root: weak@1.0 was trained on", pair, [toy_file()], out, held_out=True)
    refused("seed 3: the split is that of", pair, [toy_file()], out, seed=3)
    refused("not read with held-out", pair, ["a.root"], out, held_out=True, train_only=["b.root"])
    refused("at least one file", pair, [], out)
    refused("is given twice", pair, [toy_file(), toy_file()], out)
    refused("'../x' cannot name", pair, [toy_file()], out, name="../x")
    refused("too few", pair, [toy_file(events=6)], out)
    comma = [weak, member("strong", training={"data": "toy.root, a, b.root"})]
    refused("a, b.root: strong@1.0 was", comma, [tmp_path / "a, b.root"], out, held_out=True)
    assert not out.exists()


def test_networks_that_do_not_go_together(member, toy_file, tmp_path):
    file, out = [tmp_path / "toy.root"], tmp_path / "out"
    refused("two members or more, not 1", [member()], file, out)
    refused("weak@1.0: is given twice", [member(), member()], file, out)
    refused("xgboost_htautau@1.0: is an XGBoost", ["histgb_htautau", "xgboost_htautau"], file, out)
    refused(r"it has: momentum", ["trkqual_mu2e", "momentum_mu2e"], file, out)
    refused("same adapter; weak@1.0 has toylab, mlp_ams@", [member(), "mlp_ams"], file, out)
    refused(
        "no view 'cell'; did you mean 'cells'",
        [member(), member("bent")],
        file,
        out,
        kind=RegistryError,
        view="cell",
    )


def test_domain_is_what_lies_in_those_of_all(member, toy_file, tmp_path):
    def axis(low, high):
        histogram = {"edges": [0, 9], "fractions": [1.0]}
        return {"domain": [{"name": "total", "low": low, "high": high} | histogram]}

    pair = [member(**axis(2, 8)), member("strong", **axis(3, 9))]
    (found,) = ModelCard.read(combine(pair, [toy_file()], tmp_path / "out")).domain
    assert (found.low, found.high) == (3, 8)
    pair = [member(**axis(2, 3)), member("strong", **axis(4, 9))]
    refused("no 'total' lies in the domains of all", pair, [toy_file()], tmp_path / "none")


def test_command_makes_what_tags_at_once(member, toy_file, tmp_path, command):
    pair = [word for name in ("weak", "strong") for word in ("-m", member(name))]
    done = command("combine", toy_file(), *pair, "-o", tmp_path / "out", "--name", "both")
    assert done.code == 0
    assert "both 1.0: Committee of weak, strong" in done.out
    card = tmp_path / "out/both.card.yaml"
    assert "made of     weak 1.0, strong 1.0" in command("models", "show", card).out
    tagged = tmp_path / "tagged.root"
    options = ("--model", card, "--pass", "90", "--no-plots", "-q")
    assert command("tag", toy_file("new.root"), tagged, *options).code == 0
    with uproot.open(tagged) as file:
        values = file["hits"].arrays(["cell_e", "both_score", "both_pass90"], library="np")
    logits = np.outer([WEIGHTS["weak"], WEIGHTS["strong"]], values["cell_e"].sum(axis=1))
    np.testing.assert_allclose(values["both_score"], expit(logits.mean(axis=0)), rtol=1e-5)
    threshold = ModelCard.read(card).working_point("pass90").threshold
    assert np.array_equal(values["both_pass90"], values["both_score"] > np.float32(threshold))
    again = command("combine", toy_file(), *pair, "-o", tmp_path / "out", "--name", "both")
    assert (again.code, again.err.count("\n")) == (2, 1)


def test_nothing_is_left_where_it_fails_and_nothing_replaced(member, toy_file, tmp_path):
    broken = [member(), member("strong", {"weight": np.nan})]
    refused("NaN or infinite", broken, [toy_file()], tmp_path / "out", kind=NetworkError)
    assert not (tmp_path / "out").exists()
    for name in ("both.card.yaml", "both.onnx"):
        (tmp_path / name).write_text("mine")
        pair = [member(), member("strong")]
        refused(
            f"{name}: exists already", pair, [toy_file()], tmp_path, kind=OutputError, name="both"
        )
        assert (tmp_path / name).read_text() == "mine"
        (tmp_path / name).unlink()
