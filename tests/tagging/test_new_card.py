"""``rootml new-card``: what a draft guesses, what it leaves open, and that it then runs."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml

import rootml
from rootml.card import ModelCard
from rootml.drafting.branches import parse_type
from rootml.drafting.sentinels import odd_values
from rootml.errors import CardError

ENTRIES = 300
SHA256 = "0" * 64


@pytest.fixture
def ntuple(tmp_path: Path) -> Path:
    """Events with flat branches, a list counted by ``nEl``, an image, and a tree beside them."""
    rng = np.random.default_rng(3)
    el = rng.integers(0, 4, ENTRIES)
    flat = {
        "run": np.ones(ENTRIES, "i4"),
        "met": rng.exponential(40, ENTRIES).astype("f4"),
        "m_jj": rng.normal(90, 10, ENTRIES).astype("f4"),
        "tau_pt": np.where(rng.random(ENTRIES) < 0.25, -999, rng.exponential(30, ENTRIES)),
        "n_vtx": rng.integers(1, 50, ENTRIES, dtype="i4"),
        "label": rng.integers(0, 2, ENTRIES, dtype="i4"),
    }
    lists = {
        name: ak.unflatten(rng.exponential(1, el.sum()).astype("f4"), el)
        for name in ("pt", "eta", "hoe")
    }
    path = tmp_path / "in.root"
    with uproot.recreate(path) as file:
        types = {name: values.dtype for name, values in flat.items()}
        jagged = ak.zip(lists)
        tree = file.mktree("events", {**types, "image": ("f4", (4, 3)), "El": jagged.type.content})
        tree.extend({**flat, "image": rng.random((ENTRIES, 4, 3), "f4"), "El": jagged})
    return path


@pytest.fixture
def network(tmp_path: Path) -> Callable[..., Path]:
    """``network("net.onnx", {"x": ("FLOAT", ("n", 4))}, metadata={...})`` -> the mean of it all."""

    def write(
        name: str, inputs: dict, *, activation: str = "Sigmoid", metadata: dict | None = None
    ) -> Path:
        from onnx import TensorProto, helper

        nodes, flat = [], []
        for index, port in enumerate(inputs):
            nodes += [
                helper.make_node("Cast", [port], [f"cast{index}"], to=TensorProto.FLOAT),
                helper.make_node("Flatten", [f"cast{index}"], [f"flat{index}"], axis=1),
            ]
            flat.append(f"flat{index}")
        nodes += [
            helper.make_node("Concat", flat, ["all"], axis=1),
            helper.make_node("ReduceMean", ["all"], ["mean"], axes=[1], keepdims=1),
            helper.make_node(activation, ["mean"], ["out"]),
        ]
        graph = helper.make_graph(
            nodes,
            "net",
            [
                helper.make_tensor_value_info(port, getattr(TensorProto, dtype), shape)
                for port, (dtype, shape) in inputs.items()
            ],
            [helper.make_tensor_value_info("out", TensorProto.FLOAT, ("n", 1))],
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
        helper.set_model_props(model, metadata or {})
        (tmp_path / name).write_bytes(model.SerializeToString())
        return tmp_path / name

    return write


@pytest.fixture
def draft(command: Callable, ntuple: Path) -> Callable[..., str]:
    """``draft(network, "--tree", ...)`` gives the text of the card that was drafted."""

    def make(path: Path, *args: object) -> str:
        done = command("new-card", path, ntuple, *args)
        assert done.code == 0, done.err
        return path.with_suffix(".card.yaml").read_text()

    return make


def settle(path: Path, **changes: str) -> Path:
    """The card at ``path`` without marks, as a user leaves it who agrees with all of it."""
    text = path.read_text()
    for old, new in changes.items():
        text = text.replace(old, new)
    path.write_text(re.sub(r" ?!TODO", "", text))
    return path


def declared(text: str) -> dict:
    """The adapter of a draft, marks and all."""
    return yaml.safe_load(text.replace("!TODO", ""))["adapter"]


def test_from_draft_to_tagged_file(
    draft: Callable, network: Callable, ntuple: Path, command: Callable, tmp_path: Path
) -> None:
    path = network("net.onnx", {"x": ("FLOAT", ("n", 4))})
    text = draft(path)
    assert list(declared(text)["tensors"]) == ["x"]
    assert declared(text)["tensors"]["x"] == ["met", "m_jj", "tau_pt", "n_vtx"]
    assert declared(text)["sentinels"] == [-999]
    out = tmp_path / "out.root"
    refused = command("tag", ntuple, out, "--model", tmp_path / "net.card.yaml", "--no-plots")
    assert refused.code == 2
    assert "a draft: put right what is marked !TODO" in refused.err
    assert f"line {text[: text.index('x: !TODO')].count(chr(10)) + 1}: x: !TODO" in refused.err
    assert not out.exists()
    done = command("tag", ntuple, out, "--model", settle(tmp_path / "net.card.yaml"), "--no-plots")
    assert done.code == 0, done.err
    with uproot.open(out) as file:
        score = file["events/net_score"].array(library="np")
        columns = file["events"].arrays(["met", "m_jj", "tau_pt", "n_vtx"], library="np")
    judged = columns["tau_pt"] != -999
    mean = np.mean([values.astype("f4") for values in columns.values()], axis=0)
    np.testing.assert_allclose(score[judged], 1 / (1 + np.exp(-mean[judged])), rtol=1e-5)
    assert np.isnan(score[~judged]).all()


def test_names_of_inputs_find_their_branches(draft: Callable, network: Callable) -> None:
    one = ("FLOAT", ("n", 1))
    text = draft(network("net.onnx", {"MET": one, "mJJ": one, "log_met": one, "N_VTX": one}))
    assert declared(text)["tensors"] == {
        "MET": [{"value": "met", "name": "MET"}],
        "mJJ": [{"value": "m_jj", "name": "mJJ"}],
        "log_met": ["log(met)"],
        "N_VTX": [{"value": "n_vtx", "name": "N_VTX"}],
    }
    assert text.count("!TODO ") == 1 + text.splitlines()[1].count("!TODO ")
    assert "- !TODO log(met)" in text


@pytest.mark.parametrize(
    "metadata",
    [
        {"feature_names": json.dumps(["hoe", "El_pt", "met"])},
        {"inputs": "hoe, El_pt, met", "classes": "a,b,c"},
        {
            "gnn_config": json.dumps(
                {
                    "inputs": [
                        {"name": "j", "variables": [{"name": n} for n in ("hoe", "El_pt", "met")]}
                    ],
                    "outputs": {"labels": ["a", "b", "c"]},
                }
            )
        },
    ],
    ids=["json", "commas", "salt"],
)
def test_names_in_the_metadata(draft: Callable, network: Callable, metadata: dict) -> None:
    text = draft(network("net.onnx", {"features": ("FLOAT", ("n", 3))}, metadata=metadata))
    assert declared(text)["per"] == "El"
    expressions = ["El_hoe", "El_pt", "met"]
    columns = declared(text)["tensors"]["features"]
    assert [c if isinstance(c, str) else c["value"] for c in columns] == expressions
    assert "!TODO" not in "".join(text.splitlines()[2:])


def test_names_of_a_booster(
    draft: Callable, tmp_path: Path, command: Callable, ntuple: Path
) -> None:
    xgboost = pytest.importorskip("xgboost")
    inputs = np.random.default_rng(1).normal(size=(200, 2))
    data = xgboost.DMatrix(inputs, inputs[:, 0] > 0, feature_names=["met", "abs_m_jj"])
    path = tmp_path / "bdt.json"
    xgboost.train({"objective": "binary:logistic"}, data, 3).save_model(path)
    text = draft(path)
    assert "format: xgboost" in text
    assert declared(text)["tensors"]["features"] == [
        "met",
        "abs(m_jj)",
    ]
    rootml.load(settle(tmp_path / "bdt.card.yaml"))


def test_objects_and_padded_lists(draft: Callable, network: Callable, tmp_path: Path) -> None:
    text = draft(
        network(
            "net.onnx",
            {
                "els": ("FLOAT", ("n", 5, 3)),
                "els_mask": ("BOOL", ("n", 5)),
                "n_vtx": ("INT64", ("n", 1)),
                "photo": ("FLOAT", ("n", 4, 3)),
            },
        )
    )
    tensors = declared(text)["tensors"]
    assert tensors["els"] == {
        "length": 5,
        "mask": "els_mask",
        "columns": ["El_pt", "El_eta", "El_hoe"],
    }
    assert tensors["n_vtx"] == {"dtype": "int64", "columns": ["n_vtx"]}
    assert tensors["photo"] == {"array": "image", "shape": [4, 3]}
    model = rootml.load(settle(tmp_path / "net.card.yaml"))
    assert [spec.shape for spec in model.view.tensors] == [(5, 3), (5,), (1,), (4, 3)]


def test_channels_first_as_of_particle_net(
    draft: Callable, network: Callable, tmp_path: Path
) -> None:
    text = draft(
        network(
            "net.onnx",
            {"els": ("FLOAT", ("n", 3, "any")), "els_mask": ("FLOAT", ("n", 1, "any"))},
        )
    )
    assert "length: !TODO 10" in text
    assert declared(text)["tensors"]["els"]["mask"] == "els_mask"
    model = rootml.load(settle(tmp_path / "net.card.yaml"))
    assert {spec.name: spec.shape for spec in model.view.tensors} == {
        "els": (3, 10),
        "els_mask": (1, 10),
    }


def test_per_object_by_request(
    draft: Callable, network: Callable, ntuple: Path, command: Callable, tmp_path: Path
) -> None:
    path = network("net.onnx", {"x": ("FLOAT", ("n", 3))})
    assert declared(draft(path, "--per", "el"))["tensors"]["x"] == ["El_pt", "El_eta", "El_hoe"]
    out = tmp_path / "out.root"
    done = command("tag", ntuple, out, "--model", settle(tmp_path / "net.card.yaml"), "--no-plots")
    assert done.code == 0, done.err
    with uproot.open(out) as file:
        tree = file["events"]
        assert ak.num(tree["El_net_score"].array()).tolist() == tree["nEl"].array().tolist()


def test_too_many_candidates_are_listed_for_the_user(draft: Callable, network: Callable) -> None:
    text = draft(network("net.onnx", {"x": ("FLOAT", ("n", 2))}))
    assert declared(text)["tensors"]["x"] is None
    listed = re.findall(r"^ +# - (\w+)", text, re.MULTILINE)
    assert listed == ["met", "m_jj", "tau_pt", "n_vtx", "nEl"]
    assert re.search(r"# - tau_pt +# -999 in 2\d\.\d%", text)


def test_roles_of_outputs(draft: Callable, network: Callable) -> None:
    one = {"met": ("FLOAT", ("n", 1))}
    for activation, role in (("Sigmoid", "score"), ("Tanh", None)):
        text = draft(network("net.onnx", one, activation=activation), "--overwrite")
        (output,) = yaml.safe_load(text.replace("!TODO", ""))["outputs"]
        assert output.get("role") == role
        assert output.get("tensor", output["name"]) == "out"


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")
def test_a_file_that_tells_neither_shapes_nor_outputs(draft: Callable, tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    layer = torch.nn.Sequential(torch.nn.Linear(2, 1))
    torch.jit.save(torch.jit.script(layer), tmp_path / "net.pt")
    text = draft(tmp_path / "net.pt")
    assert "input: !TODO" in text
    assert "- !TODO {name: output_0}" in text


def test_an_output_that_no_column_can_hold(
    network: Callable, ntuple: Path, command: Callable
) -> None:
    import onnx

    path = network("net.onnx", {"met": ("FLOAT", ("n", 1))})
    model = onnx.load(path)
    model.graph.node[-1].op_type = "Cast"
    model.graph.node[-1].attribute.append(onnx.helper.make_attribute("to", onnx.TensorProto.STRING))
    model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.STRING
    onnx.save(model, path)
    done = command("new-card", path, ntuple)
    assert "without its output 'out': no column can hold" in done.out
    assert "- !TODO {name: score}" in path.with_suffix(".card.yaml").read_text()


def test_outputs_whose_names_are_alike(network: Callable, draft: Callable) -> None:
    import onnx

    path = network("net.onnx", {"met": ("FLOAT", ("n", 1))}, activation="Tanh")
    model = onnx.load(path)
    for name in ("a_3", "a", "a."):
        model.graph.node.append(onnx.helper.make_node("Identity", ["out"], [name]))
        model.graph.output.append(onnx.helper.make_tensor_value_info(name, 1, ("n", 1)))
    onnx.save(model, path)
    outputs = yaml.safe_load(draft(path))["outputs"]
    assert [output["name"] for output in outputs] == ["out", "a_3", "a", "a_2"]
    assert outputs[-1]["tensor"] == "a."


def test_names_that_no_expression_can_hold(
    network: Callable, command: Callable, tmp_path: Path
) -> None:
    path, out = tmp_path / "in.root", tmp_path / "out.root"
    values = np.arange(10, dtype="f4")
    with uproot.recreate(path) as file:
        file.mktree("events", {"jet-pt": "f4", "jet+pt": "f4", "pi": "f4"}).extend(
            {"jet-pt": values, "jet+pt": 3 * values, "pi": -values}
        )
    net = network("net.onnx", {"x": ("FLOAT", ("n", 3))})
    assert command("new-card", net, path).code == 0
    card = settle(tmp_path / "net.card.yaml")
    aliases = {"jet_pt": "jet-pt", "jet_pt_2": "jet+pt", "pi_2": "pi"}
    assert declared(card.read_text())["branches"] == aliases
    assert command("tag", path, out, "--model", card, "--no-plots").code == 0
    with uproot.open(out) as file:
        score = file["events/net_score"].array(library="np")
    np.testing.assert_allclose(score, 1 / (1 + np.exp(-values)), rtol=1e-6)


def test_account_and_places(
    network: Callable, ntuple: Path, command: Callable, tmp_path: Path
) -> None:
    path = network("net.onnx", {"met": ("FLOAT", ("n", 1))})
    account = command("new-card", path, ntuple, "--json").account
    assert account["card"] == str(tmp_path / "net.card.yaml")
    assert account["inputs"] == {"met": ["met"]}
    assert (account["open"], account["outputs"], account["per"]) == ([], ["score"], None)
    assert account["next"].startswith("rootml-tag ")
    assert "already" in command("new-card", path, ntuple).err
    elsewhere = tmp_path / "cards"
    elsewhere.mkdir()
    target = elsewhere / "mine.card.yaml"
    assert "--copy" in command("new-card", path, ntuple, "-o", target).err
    assert not target.exists()
    assert command("new-card", path, ntuple, "-o", target, "--copy").code == 0
    assert ModelCard.read(target).name == "mine"
    assert (elsewhere / "net.onnx").read_bytes() == path.read_bytes()
    done = command("new-card", path, ntuple, "-o", tmp_path / "y.card.yaml", "--name", "a-b")
    assert "letters, digits and _" in done.err
    assert "is called <name>.card.yaml" in command("new-card", path, ntuple, "-o", "x.yaml").err


@pytest.mark.parametrize(
    ("inputs", "args", "said"),
    [
        ({"x": ("FLOAT", (1, 4))}, (), "batch axis is fixed to 1: export it with a dynamic one"),
        ({"x": ("FLOAT", ("n",))}, (), "batch axis and one for its columns"),
        ({"x": ("UINT8", ("n", 4))}, (), "put a cast into the network"),
        ({"x": ("FLOAT", ("n", 4))}, ("--tree", "event"), "did you mean 'events'"),
        ({"x": ("FLOAT", ("n", 4))}, ("--per", "Muon"), "no list of 'Muon'"),
    ],
)
def test_what_no_card_can_help(
    network: Callable, ntuple: Path, command: Callable, inputs: dict, args: tuple, said: str
) -> None:
    path = network("net.onnx", inputs)
    done = command("new-card", path, ntuple, *args)
    assert (done.code, path.with_suffix(".card.yaml").exists()) == (2, False)
    assert said in done.err


def test_files_that_are_no_networks(ntuple: Path, command: Callable, tmp_path: Path) -> None:
    (tmp_path / "w.pkl").write_bytes(b"\x80\x04K\x01.")
    (tmp_path / "noise.onnx").write_bytes(b"nothing of the kind")
    for name, said in (
        ("w.pkl", "a pickle"),
        ("noise.onnx", "nothing in it tells what it is"),
        ("net.onx", "no such file"),
        (ntuple, "a ROOT file"),
    ):
        done = command("new-card", tmp_path / name, ntuple)
        assert done.code == 2
        assert said in done.err


def test_two_trees_need_a_choice(network: Callable, ntuple: Path, command: Callable) -> None:
    with uproot.update(ntuple) as file:
        file.mktree("runs", {"lumi": "f8"}).extend({"lumi": np.ones(2)})
    path = network("net.onnx", {"met": ("FLOAT", ("n", 1))})
    assert (
        "which tree? Choose with --tree (trees: events, runs)"
        in command("new-card", path, ntuple).err
    )
    assert command("new-card", path, ntuple, "--tree", "events").code == 0


def test_a_real_file(
    shared: Callable, network: Callable, command: Callable, tmp_path: Path
) -> None:
    """1,499 branches; the collection is found from the names, and counted by its own branch."""
    nano = shared("generic/nano_dy.root")
    names = json.dumps(["Electron_pt", "Electron_r9", "MET_pt"])
    path = network("net.onnx", {"x": ("FLOAT", ("n", 3))}, metadata={"names": names})
    account = command("new-card", path, nano, "--tree", "Events", "--json").account
    assert (account["per"], account["open"]) == ("Electron", [])
    out = tmp_path / "out.root"
    done = command("tag", nano, out, "--model", account["card"], "--no-plots")
    assert done.code == 0, done.err
    with uproot.open(out) as file:
        assert file["Events/Electron_net_score"].count_branch.name == "nElectron"


def test_open_ends_are_refused_wherever_a_card_is_read() -> None:
    text = "name: a\nnetwork:\n  file: a.onnx\n  sha256: !TODO\nversion: !TODO '1'\ndoc: '!TODO'"
    with pytest.raises(CardError, match=r"(?s)line 4: sha256: !TODO.*line 5(?!.*line 6)"):
        ModelCard.from_yaml(text)


@pytest.mark.parametrize(
    ("values", "odd"),
    [
        ([1.0, 2.0, -999.0, 3.0], [-999.0]),
        ([1.0, 2.0, 4294967295.0], [4294967295.0]),
        ([-1.0, 1.0, 1.0, -1.0], []),
        ([0.0, *range(500, 1500, 100)], []),
        ([*range(0, 2000)], []),
        ([1.0, np.nan, np.inf], [np.inf, np.nan]),
        ([-5e8, -5e8, *np.linspace(0, 1, 50)], [-5e8]),
        ([-5e8, *np.linspace(0, 1, 50)], []),
        ([-999.0, -999.0], [-999.0]),
        ([], []),
    ],
)
def test_values_that_stand_for_none(values: list, odd: list) -> None:
    found = odd_values(np.asarray(values, "f8"))
    assert sorted(map(repr, found)) == sorted(map(repr, odd))


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("float", ("float32", (), False)),
        ("std::vector<int32_t>", ("int32", (), True)),
        ("uint8_t[]", ("uint8", (), True)),
        ("float[18][72]", ("float32", (18, 72), False)),
        ("float[][4]", ("float32", (4,), True)),
        ("std::array<double, 6>", ("float64", (6,), False)),
        ("ROOT::VecOps::RVec<float>", ("float32", (), True)),
        ("std::vector<std::vector<float>>", None),
        ("std::string", None),
    ],
)
def test_types_of_branches(name: str, kind: tuple | None) -> None:
    assert parse_type(name) == kind


def test_brackets_without_quotes_get_a_hint() -> None:
    with pytest.raises(CardError, match=r'not valid YAML[\s\S]*quotes go around .*"x\[0\]"'):
        ModelCard.from_yaml("adapter:\n  tensors: {x: [{value: pt[0] / 1000}]}")
