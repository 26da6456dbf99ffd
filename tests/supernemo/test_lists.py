"""Networks that see an event as the list of its hits, and say something of each hit."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
from onnx import TensorProto, helper, numpy_helper

import rootml
from rootml.errors import NetworkError
from rootml.testing import AdapterContract, check_model
from rootml.validation.statistics.clusters import Clusters
from rootml_supernemo import ADAPTER
from rootml_supernemo.geometry import wire_x, wire_y
from rootml_supernemo.hits import FEATURES, HITS, MOST_HITS

REAL = "supernemo/TKEvent_Run-0.root"
CROWDED = 5
BUSY = 30
DOMAIN = [
    {
        "name": "hits",
        "low": 1,
        "high": BUSY,
        "edges": [0, 40, 200],
        "fractions": [1, 0],
        "beyond": [0, 0],
    }
]
FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL
OUTPUTS = [
    {"name": "track", "role": "label", "dtype": "int64", "per": "hit", "estimates": "truth_track"},
    {"name": "depth", "role": "value", "per": "hit"},
    {"name": "place", "role": "value", "per": "hit", "shape": [2], "unit": "mm"},
]


def write(path: Path, nodes: list, outputs: dict, **constants: object) -> Path:
    """A network on the view ``hits``; ``outputs``: type and shape of a row by name."""
    info = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "lists",
        [
            info("hits", FLOAT, ("n", MOST_HITS, len(FEATURES))),
            info("hits_mask", BOOL, ("n", MOST_HITS)),
        ],
        [info(name, kind, ("n", *shape)) for name, (kind, shape) in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


@pytest.fixture
def lister(tmp_path: Path, write_card: Callable[..., Path]) -> Callable[..., Path]:
    """A card: of each hit its side, how many layers deep it is of the event's sum, and x and y.

    Behind the last hit it says NaN.
    """

    def make(outputs: list | None = None, **changes: object) -> Path:
        node = helper.make_node
        nodes = [
            node("Gather", ["hits", "side"], ["sides"], axis=2),
            node("Cast", ["sides"], ["track"], to=INT64),
            node("Gather", ["hits", "layer"], ["layers"], axis=2),
            node("ReduceSum", ["layers", "list"], ["sum"], keepdims=1),
            node("Add", ["sum", "one"], ["above"]),
            node("Div", ["layers", "above"], ["share"]),
            node("Cast", ["hits_mask"], ["there"], to=FLOAT),
            node("Sub", ["there", "one"], ["lacking"]),
            node("Div", ["lacking", "there"], ["nowhere"]),  # -1 / 0
            node("Add", ["share", "nowhere"], ["depth"]),
            node("Gather", ["hits", "xy"], ["place"], axis=2),
        ]
        shapes = {
            "track": (INT64, (MOST_HITS,)),
            "depth": (FLOAT, (MOST_HITS,)),
            "place": (FLOAT, (MOST_HITS, 2)),
        }
        path = write(
            tmp_path / "lister.onnx",
            nodes,
            shapes,
            side=np.array(FEATURES.index("side")),
            layer=np.array(FEATURES.index("layer")),
            xy=np.array([FEATURES.index("x"), FEATURES.index("y")]),
            list=np.array([1]),
            one=np.array(1, np.float32),
        )
        given = OUTPUTS if outputs is None else outputs
        return write_card(path, adapter="supernemo", view="hits", outputs=given, **changes)

    return make


@pytest.fixture(scope="module")
def source(events: ak.Array, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of 80 events; some have no hits, and CROWDED has more than a list has places.

    Beside it are the same as an RNTuple, ``ntuple.root``.
    """
    names = ("grid_side", "grid_layer", "grid_column", "wirex", "wirez", "radius", "truth_track")
    branches = {"truth_ntracks": events["truth_ntracks"][:80]}
    for name in names:
        values = events[name][:80]
        crowd = ak.flatten(values[20:60], axis=1)[: MOST_HITS + 1]
        parts = (values[:CROWDED], crowd[np.newaxis], values[CROWDED + 1 :])
        branches[name] = ak.concatenate(parts)
    path = tmp_path_factory.mktemp("lists") / "hits.root"
    with uproot.recreate(path) as file:
        file.mktree("hit_tree", {name: values.type.content for name, values in branches.items()})
        file["hit_tree"].extend(branches)
    with uproot.recreate(path.with_name("ntuple.root")) as file:
        file.mkrntuple("hit_tree", branches)
    return path


def meant(source: Path) -> dict[str, ak.Array]:
    """What the network of ``lister`` says of the hits of a file."""
    tree = uproot.open(source)["hit_tree"]
    lists = [tree[f"grid_{name}"].array() for name in ("side", "layer", "column")]
    side, layer, row = (ak.to_numpy(ak.flatten(values)) for values in lists)
    hits = ak.to_numpy(ak.num(lists[1]))
    judged = np.repeat(hits <= MOST_HITS, hits)
    total = np.repeat(ak.to_numpy(ak.sum(lists[1], axis=1)) + 1, hits)
    place = np.stack([wire_x(side, layer), wire_y(row)], axis=1)
    flat = {
        "track": np.where(judged, side, -1),
        "depth": np.where(judged, layer / total, np.nan),
        "place": np.where(judged[:, None], place, np.nan),
    }
    return {name: ak.unflatten(values, hits) for name, values in flat.items()}


def same(found: ak.Array, expected: ak.Array) -> bool:
    """Lists of the same lengths, and numbers to rounding."""
    equal = ak.to_list(ak.num(found)) == ak.to_list(ak.num(expected))
    flat = (ak.to_numpy(ak.flatten(values)) for values in (found, expected))
    return equal and np.allclose(*flat, rtol=1e-6, equal_nan=True)


@pytest.mark.parametrize("output", ["append", "friend"])
def test_a_value_for_each_hit(source, lister, output, command, root, tmp_path):
    tagged, expected = tmp_path / "tagged.root", meant(source)
    said = command("tag", source, tagged, "--model", lister(), "--output", output, "--no-plots")
    assert said.code == 0, said.err
    hits = ak.num(expected["track"])
    assert min(hits) == 0
    assert hits[CROWDED] > MOST_HITS
    tree = uproot.open(tagged)["hit_tree"]
    for name, values in expected.items():
        assert same(tree[f"hit_lister_{name}"].array(), values), name
    seen = root(f"""
file = ROOT.TFile({str(tagged)!r})
print([[event.nhit, list(event.hit_lister_track)] for event in file.Get("hit_tree")])
""")
    assert json.loads(seen) == [[len(hits), hits] for hits in ak.to_list(expected["track"])]


def test_an_ntuple(source, lister, tmp_path):
    tagged = tmp_path / "tagged.root"
    done = rootml.tag_file(source.with_name("ntuple.root"), tagged, lister(), plots=False)
    expected = meant(source)
    counts = ak.to_numpy(ak.num(expected["track"]))
    assert done.judged == {"lister": counts[counts <= MOST_HITS].sum()}
    found = uproot.open(tagged)["hit_tree"]
    for name, values in expected.items():
        assert same(found[f"hit_lister_{name}"].array(), values), name


def test_the_real_file(shared, lister, command, tmp_path):
    tagged = tmp_path / "tagged.root"
    said = command("tag", shared(REAL), tagged, "--model", lister(), "--no-plots", "--verify")
    assert said.code == 0, said.err
    hits = uproot.open(shared(REAL))["Event/Eventdata/tr_hits"].array(library="np")
    found = uproot.open(tagged)["Event/hit_lister_track"].array()
    sides = [[hit.member("cell_num") // 1017 for hit in event] for event in hits]
    assert ak.to_list(found) == sides


def test_in_memory(source, lister):
    events = uproot.open(source)["hit_tree"].arrays()
    found = rootml.annotate(events, lister())
    for name, values in meant(source).items():
        assert same(found[f"hit_lister_{name}"], values), name


@pytest.mark.filterwarnings("ignore")  # of dask, on itself
def test_on_dask(source, lister):
    dak = pytest.importorskip("dask_awkward")
    events = uproot.open(source)["hit_tree"].arrays()
    found = rootml.annotate(dak.from_awkward(events, npartitions=3), lister())
    assert same(found.hit_lister_depth.compute(), meant(source)["depth"])


def test_validation(source, lister, command, tmp_path):
    """Each hit of an event that can be judged counts, each event is an input once."""
    tagged, folder = tmp_path / "tagged.root", tmp_path / "page"
    card = lister(domain=DOMAIN)
    assert command("tag", source, tagged, "--model", card).code == 0
    select = [
        "--select",
        "radius > 10 && truth_ntracks != 2",
        "--weight",
        "1 + truth_ntracks",
        "--importance",
        5000,
    ]
    said = command("validate", tagged, "--model", card, "-o", folder, *select)
    assert said.code == 0, said.err
    (report,) = json.loads((folder / "report.json").read_text())["reports"]
    page = (folder / "index.html").read_text()
    assert "input radius" in page  # of the hit that is shown
    assert "worst mistakes" in page
    assert "typical 1 track" not in page  # numbers of tracks are no numbers of sides

    tree = uproot.open(source)["hit_tree"]
    radius, truth = tree["radius"].array(), tree["truth_track"].array()
    tracks = tree["truth_ntracks"].array(library="np")
    kept, judged = (radius > 10) & (tracks != 2), ak.num(radius) <= MOST_HITS
    hits = ak.to_numpy(ak.num(radius[kept])) * ak.to_numpy(judged)
    assert report["figures"]["events"]["units"] == ak.sum(kept)
    assert report["figures"]["events"]["judged"] == hits.sum() > 900

    weight = 1 + tracks
    domain = report["figures"]["domain"]
    assert domain["judged"] == (hits > 0).sum()
    outside = (ak.to_numpy(ak.num(radius)) > BUSY) & (hits > 0)
    share = weight[outside].sum() / weight[hits > 0].sum()
    assert domain["fraction"]["value"] == pytest.approx(share)

    found = meant(source)["track"]
    right = ak.flatten((found == truth)[kept & judged])
    weights = np.repeat(weight, hits)
    importance = report["figures"]["importance"]["track"]
    assert importance["before"] == pytest.approx(np.average(right, weights=weights))
    assert [one["name"] for one in importance["inputs"] if one["loss"]] == ["side"]


def test_clusters_are_judged_event_by_event(source, lister, command, tmp_path):
    """Figures are means over events, not hits, of those hits that are selected."""
    tagged, folder = tmp_path / "tagged.root", tmp_path / "page"
    card = lister([OUTPUTS[0] | {"role": "cluster"}, OUTPUTS[1]])
    assert command("tag", source, tagged, "--model", card, "--no-plots").code == 0
    options = ["--select", "radius > 10", "--weight", "1 + truth_ntracks", "--events", 0]
    gate = ["--fail-if", "track:rand_index < 0.999"]
    said = command("validate", tagged, "--model", card, "-o", folder, *options, *gate)
    assert said.code == 1, said.err
    assert "hit_lister_track: purity " in said.out
    (report,) = json.loads((folder / "report.json").read_text())["reports"]
    figures = report["figures"]["outputs"]["track"]

    tree = uproot.open(source)["hit_tree"]
    radius, truth = tree["radius"].array(), tree["truth_track"].array()
    kept = (radius > 10) & (ak.num(radius) <= MOST_HITS)
    events = ak.any(kept, axis=1)
    weight = 1 + tree["truth_ntracks"].array(library="np")[events]
    pair = (truth[kept][events], meant(source)["track"][kept][events])
    found = Clusters.of(*map(ak.to_numpy, map(ak.flatten, pair)), ak.to_numpy(ak.num(pair[0])))
    for name in ("purity", "efficiency", "rand", "rejection"):
        values = getattr(found, name)
        there = ~np.isnan(values)
        mean = np.average(values[there], weights=weight[there])
        assert figures["clusters"][name]["value"] == pytest.approx(mean), name
    right = np.average(found.clusters == found.groups, weights=weight)
    assert figures["confusion"]["accuracy"]["value"] == pytest.approx(right)
    assert figures["confusion"]["classes"] == ["0 groups", "1 group", "2 groups", "3 groups"]
    assert (folder / "track_confusion.png").exists()


def test_clusters_alone(source, command, tmp_path):
    """A hit of no cluster is judged, whatever other outputs are beside it in the file."""
    reports = []
    for chosen in ("label,probability", "label"):
        tagged, folder = tmp_path / f"{chosen}.root", tmp_path / chosen
        options = ("-m", "cluster_supernemo", "--no-plots", "--outputs", chosen)
        assert command("tag", source, tagged, *options).code == 0
        assert command("validate", tagged, "-o", folder, "--events", 0).code == 0
        (report,) = json.loads((folder / "report.json").read_text())["reports"]
        reports.append(report["figures"]["outputs"]["label"]["clusters"])
    both, alone = reports
    labels = uproot.open(tagged)["hit_tree/hit_cluster_supernemo_label"].array()
    assert ak.any((labels == -1) & ak.any(labels != -1, axis=1))
    assert [alone[key] for key in ("purity", "efficiency")] == [
        both[key] for key in ("purity", "efficiency")
    ]


def test_a_file_of_events_without_hits(source, lister, command, tmp_path):
    """Nothing is judged, and that is what the page says."""
    hits = uproot.open(source)["hit_tree"].arrays()
    nothing = hits[ak.num(hits["radius"]) == 0]
    lists = {name: nothing[name] for name in nothing.fields if nothing[name].ndim == 2}
    empty, tagged, folder = (tmp_path / name for name in ("empty.root", "tagged.root", "page"))
    with uproot.recreate(empty) as file:
        file.mktree("hit_tree", {name: values.type.content for name, values in lists.items()})
        file["hit_tree"].extend(lists)
    assert command("tag", empty, tagged, "-m", lister(), "--no-plots").code == 0
    said = command("validate", tagged, "-m", lister(), "-o", folder)
    assert said.code == 0, said.err
    assert f"{len(nothing)} entries, 0 of 0 judged" in said.out


def test_cuts_distances_and_variations(source, lister):
    """Cuts are on hits; an event's distance holds for its hits; hits of dead cells get nothing."""
    point = {"name": "deep", "output": "depth", "threshold": 0.05}
    card = lister(domain=DOMAIN, working_points=[point])
    events = uproot.open(source)["hit_tree"].arrays()
    asked = {"vary": {"dead_cells": [0.5], "z_shift": [10]}, "ood": True, "working_points": "all"}
    found = rootml.annotate(events, card, **asked)
    hits = ak.num(events["radius"])
    assert ak.all(found.hit_lister_deep == (found.hit_lister_depth > 0.05))
    far, judged = found.hit_lister_ood, hits <= MOST_HITS
    assert ak.all(ak.num(far) == hits)
    assert ak.all(np.isnan(far) == ~judged)
    assert ak.all(far[judged] == ak.max(far[judged], axis=1))
    assert ak.any(far > 0)
    dead = np.isnan(found.hit_lister_depth_dead_cells_0p5)
    assert ak.all(ak.num(dead) == hits)
    assert 0.4 < ak.mean(dead) < 0.6
    same_cell = (events["grid_layer"] == 4) & (events["grid_column"] == 56)
    assert len(np.unique(ak.to_numpy(ak.flatten(dead[same_cell])))) < 2
    sides = found.hit_lister_track_dead_cells_0p5[~dead]
    assert ak.all(sides == events["grid_side"][~dead])
    assert same(found.hit_lister_depth_z_shift_10, found.hit_lister_depth)


def test_cards_that_do_not_say_of_what_the_outputs_are(lister):
    flat = [{key: value for key, value in one.items() if key != "per"} for one in OUTPUTS]
    with pytest.raises(NetworkError) as error:
        rootml.load(lister(flat))
    assert "a value for each object, and the card does not say per what" in str(error.value)
    with pytest.raises(NetworkError, match=r"float32 \(n, 160, 3\) .*axis 2 differs"):
        rootml.load(lister([OUTPUTS[2] | {"shape": [3]}]))


def test_the_card_is_shown(lister, command):
    said = command("models", "show", lister())
    assert said.code == 0, said.err
    assert "float32[2] per hit" in said.out


def test_networks_that_say_one_thing_of_an_event(source, tmp_path, write_card, command):
    nodes = [helper.make_node("ReduceMax", ["hits"], ["deepest"], axes=[1, 2], keepdims=0)]
    path = write(tmp_path / "whole.onnx", nodes, {"deepest": (FLOAT, ())})
    card = {"adapter": "supernemo", "view": "hits"}
    with pytest.raises(NetworkError, match="one value an event, and the card says per hit"):
        rootml.load(write_card(path, outputs=[{"name": "deepest", "per": "hit"}], **card))
    whole = write_card(path, outputs=[{"name": "deepest", "estimates": "truth_track"}], **card)
    rootml.load(whole)
    said = command("tag", source, tmp_path / "out.root", "--model", whole)
    assert said.code == 2
    expected = "hit_tree': column 'truth_track' has 2 axes, expected one value an event"
    assert expected in said.err


def test_other_engines(source, lister):
    pytest.importorskip("openvino")
    events = uproot.open(source)["hit_tree"].arrays()
    found = rootml.annotate(events, lister(), engine="openvino")
    assert same(found.hit_lister_place, meant(source)["place"])


def test_it_keeps_what_models_keep(lister):
    failed = {name: said for name, said in check_model(rootml.load(lister())).items() if said}
    assert not failed


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda batch: {"members": None}, "its batch says otherwise"),
        (lambda batch: {"members": batch.members[1:]}, "39 numbers of members, 40 events"),
        (lambda batch: {"members": batch.members + 200}, "is judged, of 160 places"),
        (lambda batch: {"members": batch.members + 1}, "is not what an event's objects fill"),
        (lambda batch: {"counts": np.ones(40, np.int64)}, "a row is an object, or lists them"),
    ],
)
def test_lists_that_break_the_contract(wrong, says):
    def build(events):
        batch = HITS.build(events)
        return replace(batch, **wrong(batch))

    adapter = replace(ADAPTER, views={"hits": replace(HITS, build=build)})
    with pytest.raises(AssertionError, match=says):
        AdapterContract().test_views_build(adapter)
