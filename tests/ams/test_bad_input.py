"""Files that cannot be right: one clear message, exit code 2, nothing left behind."""

from __future__ import annotations

import subprocess
import sys

import awkward as ak
import numpy as np
import onnx
import pytest
import uproot
from onnx import TensorProto, helper

import rootml
from rootml.errors import DataError
from rootml_ams import ADAPTER
from rootml_ams.checks import VARIABLE
from rootml_ams.geometry import MEASURES_X
from rootml_ams.sanity import ORDERS
from rootml_ams.simulation import simulate

TRACK = "Trk_Ecal_Inci_"
EVENTS = 100


@pytest.fixture(scope="module")
def branches(events):
    """Branches of a right file of the flat layout; a test changes a copy."""
    return {name: ak.to_numpy(events[name])[:EVENTS] for name in events.fields}


@pytest.fixture
def save(tmp_path):
    """``save(branches)``: a file of the flat layout."""

    def save(branches):
        path = tmp_path / "in.root"
        with uproot.recreate(path) as file:
            kinds = {name: (array.dtype, array.shape[1:]) for name, array in branches.items()}
            tree = file.mktree("t1", kinds)
            if all(len(array) for array in branches.values()):
                tree.extend(branches)
        return path

    return save


def hits(images):
    """Branches of the sparse layout."""
    event, layer, cell = np.nonzero(images)
    counts = np.bincount(event, minlength=len(images))
    values = {"Plane": layer, "Cell": cell, "Edep": images[event, layer, cell]}
    return {name: ak.unflatten(array, counts) for name, array in values.items()}


@pytest.fixture
def save_hits(tmp_path):
    """``save_hits(images, Plane=lambda plane: plane + 1)``: a file of the sparse layout."""

    def save(images, **changes):
        path = tmp_path / "in.root"
        lists = hits(images)
        changed = {name: changes.get(name, lambda it: it)(array) for name, array in lists.items()}
        with uproot.recreate(path) as file:
            file["t1"] = changed
        return path

    return save


@pytest.fixture
def network(tmp_path, write_card):
    """``network(view)``: the card of a network that takes the mean of all that a view shows."""

    def make(view):
        inputs, nodes = [], []
        for spec in ADAPTER.views[view].tensors:
            shape = ("n", *spec.shape)
            inputs.append(helper.make_tensor_value_info(spec.name, TensorProto.FLOAT, shape))
            flat, mean = f"{spec.name}_flat", f"{spec.name}_mean"
            nodes.append(helper.make_node("Flatten", [spec.name], [flat]))
            nodes.append(helper.make_node("ReduceMean", [flat], [mean], axes=[1], keepdims=1))
        nodes.append(helper.make_node("Sum", [node.output[0] for node in nodes[1::2]], ["sum"]))
        nodes.append(helper.make_node("Sigmoid", ["sum"], ["score"]))
        output = helper.make_tensor_value_info("score", TensorProto.FLOAT, ("n", 1))
        graph = helper.make_graph(nodes, "mean", inputs, [output])
        opset = [helper.make_opsetid("", 17)]
        file = tmp_path / f"mean_{view}.onnx"
        onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), file)
        return write_card(file, adapter="ams", view=view)

    return make


@pytest.fixture
def refused(command, tmp_path, own_places):
    """``refused(path, card)``: the message with which a file is refused, without a trace."""

    def run(path, card, *options):
        before = sorted(tmp_path.rglob("*"))
        done = command("tag", path, tmp_path / "out.root", "-m", card, "--no-plots", *options)
        assert done.code == 2, done.err
        assert done.err.startswith("rootml: error: ")
        assert "Traceback" not in done.err
        assert sorted(tmp_path.rglob("*")) == before
        return done.err

    return run


@pytest.fixture
def tagged(command, tmp_path, own_places):
    """``tagged(path, card)``: what the command says of a file that passes."""

    def run(path, card, *options):
        out = tmp_path / "out.root"
        done = command("tag", path, out, "-m", card, "--no-plots", "--overwrite", *options)
        assert done.code == 0, done.err
        return done.out

    return run


def spoilt(branches, value):
    cells = branches["edep_cell"].copy()
    cells[7, 100] = value
    return branches | {"edep_cell": cells}


def without(branches, *names):
    return {name: array for name, array in branches.items() if name not in names}


KINDS = {
    "no entries": (lambda b: {name: array[:0] for name, array in b.items()}, ["no entries"]),
    "NaN": (lambda b: spoilt(b, np.nan), ["entry 7", "edep_cell", "found nan"]),
    "infinite": (lambda b: spoilt(b, np.inf), ["entry 7", "edep_cell", "found inf"]),
    "negative": (lambda b: spoilt(b, -3), ["entry 7", "edep_cell", "found -3"]),
    "shape": (
        lambda b: b | {"edep_cell": b["edep_cell"][:, 1:].copy()},
        ["edep_cell", "1296", "found 1295"],
    ),
    "cell by layer": (
        lambda b: b | {"edep_cell": b["edep_cell"].reshape(-1, 72, 18)},
        ["edep_cell", "of 72"],
    ),
    "no deposits": (lambda b: without(b, "edep_cell"), ["no layout matches", "'edep_cell'"]),
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("view", list(ADAPTER.views))
def test_every_view_refuses(view, kind, branches, save, network, refused):
    change, said = KINDS[kind]
    message = refused(save(change(branches)), network(view))
    for words in ("in.root", *said):
        assert words in message


def truncated(path):
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def in_another_tree(path):
    with uproot.recreate(path) as file:
        file["t2"] = {"edep_cell": np.ones((3, 1296), np.float32)}


SPOILT_FILES = {
    "no such file": lambda path: path.unlink(),
    "not a ROOT file": lambda path: path.write_text("deposits"),
    "truncated": truncated,
    "should be named t1": in_another_tree,
}


@pytest.mark.parametrize("said", SPOILT_FILES)
@pytest.mark.parametrize("view", list(ADAPTER.views))
def test_every_view_refuses_spoilt_files(view, said, branches, save, network, refused):
    path = save(branches)
    SPOILT_FILES[said](path)
    message = refused(path, network(view))
    assert "in.root" in message
    assert said in message


@pytest.mark.parametrize("view", list(ADAPTER.views))
def test_every_view_judges_a_right_file(view, branches, save, network, tagged):
    assert "order of cells checked on" in tagged(save(branches), network(view), "-v")


@pytest.mark.parametrize("name", ["X", "Y", "Z", "Zenith", "Azimutal"])
def test_the_trajectory_needs_the_track(name, branches, save, network, refused):
    message = refused(save(without(branches, TRACK + name)), network("trajectory"))
    assert f"it needs branch '{TRACK}{name}'" in message
    assert "t1" in message


def test_half_the_branches_are_enough_for_images(branches, save, network, tagged):
    few = {name: branches[name] for name in ("edep_cell", f"{TRACK}Zenith", "mom")}
    tagged(save(few), network("image"))


CUT = """
import sys, array, ROOT
file = ROOT.TFile(sys.argv[1], "RECREATE")
tree = ROOT.TTree("t1", "")
cells, x = array.array("f", [1.0] * 1296), array.array("f", [0.0])
long = tree.Branch("edep_cell", cells, "edep_cell[1296]/F")
short = tree.Branch("Trk_Ecal_Inci_X", x, "Trk_Ecal_Inci_X/F")
for entry in range(60):
    long.Fill()
    if entry < 20: short.Fill()
tree.SetEntries(60)
tree.Write()
file.Close()
"""


def test_a_branch_that_ends_before_the_others(tmp_path, network, refused):
    path = tmp_path / "in.root"
    subprocess.run([sys.executable, "-c", CUT, str(path)], check=True, capture_output=True)
    message = refused(path, network("image"))
    for words in ("in.root", "t1", "Trk_Ecal_Inci_X", "20", "60"):
        assert words in message


def test_planes_and_cells_counted_from_one(branches, save_hits, network, refused):
    images, card = branches["edep_cell"].reshape(-1, 18, 72), network("image")
    images = images + np.float32(3) * np.isin(np.arange(72), (0, 71))
    planes = refused(save_hits(images, Plane=lambda plane: plane + 1), card)
    assert "Plane of a hit: expected 0 to 17 (they look counted from 1 to 18), found 18" in planes
    cells = refused(save_hits(images, Cell=lambda cell: cell + 1), card)
    assert "Cell of a hit: expected 0 to 71 (they look counted from 1 to 72), found 72" in cells
    exchanged = refused(save_hits(images.transpose(0, 2, 1)), card)
    assert "Plane and Cell look exchanged" in exchanged


def test_doubles_beyond_single_precision(branches, save, save_hits, network, refused):
    card, cells = network("image"), branches["edep_cell"].astype(np.float64)
    cells[7, 100] = 1e300
    assert "entry 7" in refused(save({"edep_cell": cells}), card)
    message = refused(save_hits(cells.reshape(-1, 18, 72)), card)
    assert "entry 7" in message
    assert "found 1e+300" in message


def test_hits_in_reversed_planes(branches, save_hits, network, refused):
    images = branches["edep_cell"].reshape(-1, 18, 72)
    message = refused(save_hits(images, Plane=lambda plane: 17 - plane), network("image"))
    assert "in.root: tree 't1': Edep: layers look reversed" in message


def images(change):
    """A change of the images, as one of the branches."""

    def apply(b):
        image = change(b["edep_cell"].reshape(-1, 18, 72))
        return b | {"edep_cell": np.ascontiguousarray(image).reshape(-1, 1296)}

    return apply


def ordered(order):
    return images(lambda image: image[:, order])


def scaled(factor, *names):
    return lambda b: b | {name: b[name] * np.float32(factor) for name in names}


def exchanged(one, other):
    return lambda b: b | {one: b[other], other: b[one]}


X, Y, Z, ENERGY, CELLS = f"{TRACK}X", f"{TRACK}Y", f"{TRACK}Z", "en3d", "edep_cell"
SHUFFLED = np.random.default_rng(9).permutation(18)  # no order with a name is smoother
MIXED = np.random.default_rng(4).permutation(72)
ODD = np.arange(18)[:, None] % 2 == 1
WRONG_ORDER = {
    "edep_cell: layers look reversed": ordered(np.arange(18)[::-1]),
    "edep_cell: layers look shuffled": ordered(SHUFFLED),
    "edep_cell: cells look shuffled": images(lambda image: image[:, :, MIXED]),
    "edep_cell: the values look ordered by cell": images(lambda image: image.transpose(0, 2, 1)),
    "edep_cell: the cells of every other layer look reversed": images(
        lambda image: np.where(ODD, image[:, :, ::-1], image)
    ),
    f"{X}, {Y}: cells look reversed": images(lambda image: image[:, :, ::-1]),
    f"{X}, {Y}: X and Y look exchanged": exchanged(X, Y),
} | {f"edep_cell: layers look permuted, {name}": ordered(order) for name, order in ORDERS.items()}
WRONG_UNIT = {
    "edep_cell in keV, en3d in GeV": scaled(1e3, CELLS),
    "edep_cell in TeV, en3d in GeV": scaled(1e-6, CELLS),
    "edep_cell in MeV, en3d in MeV": scaled(1e3, ENERGY),
    "edep_cell in MeV, en3d in TeV": scaled(1e-3, ENERGY),
    "edep_cell in GeV, en3d in TeV": scaled(1e-3, CELLS, ENERGY),
    "edep_cell in keV, en3d in MeV": scaled(1e3, CELLS, ENERGY),
    f"{X}, {Y}: places look like mm": scaled(10, X, Y),
    f"{X}, {Y}: places look like m,": scaled(0.01, X, Y),
    f"{Z}: heights of -1423 look like mm": scaled(10, Z),
    f"{TRACK}Zenith: angles reach": scaled(180 / np.pi, f"{TRACK}Zenith"),
    f"{TRACK}Azimutal: angles reach": scaled(180 / np.pi, f"{TRACK}Azimutal"),
}
WRONG = WRONG_ORDER | WRONG_UNIT
SAMPLES = {
    "both": {},
    "electrons": {"electron_fraction": 1.0},
    "protons": {"electron_fraction": 0.0},
    "low": {"energy": (50, 70)},
}


@pytest.fixture(scope="module")
def samples():
    found = {}
    for name, options in SAMPLES.items():
        events = simulate(60, np.random.default_rng(11), **options)
        found[name] = {key: ak.to_numpy(events[key]) for key in events.fields}
    return found


@pytest.fixture(scope="module")
def settle(read):
    """``settle(branches)``: what is found out about a file of the flat layout."""
    configure = ADAPTER.layouts[0].configure
    keys = {key: branch.names[0] for key, branch in ADAPTER.layouts[0].branches.items()}

    def settle(branches):
        raw = {key: branches[keys[key]] for key in ADAPTER.layouts[0].probes}
        return configure(
            ak.zip({k: ak.from_numpy(v, regulararray=True) for k, v in raw.items()}, depth_limit=1)
        )

    return settle


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("wrong", WRONG)
def test_wrong_orders_and_units_are_named(wrong, sample, samples, settle):
    with pytest.raises(DataError) as caught:
        settle(WRONG[wrong](samples[sample]))
    assert wrong in str(caught.value)
    assert f"{VARIABLE}=off" in str(caught.value)


def noise(rng, share):
    cells = rng.exponential(1.0, (60, 1296)) * (rng.random((60, 1296)) < share)
    return {CELLS: cells.astype(np.float32)}


ODD_BUT_RIGHT = {
    "all protons that cross": {"electron_fraction": 0.0, "selection": "generated"},
    "few GeV": {"energy": (5, 6), "selection": "generated"},
    "steep": {"energy": (10, 1000), "index": 3.0, "selection": "generated"},
    "beyond": {"energy": (3000, 4000), "electron_fraction": 1.0},
}


@pytest.mark.parametrize("kind", ODD_BUT_RIGHT)
def test_right_files_pass_however_few_events(kind, settle):
    rng = np.random.default_rng(12)
    events = simulate(60, rng, **ODD_BUT_RIGHT[kind])
    whole = {key: ak.to_numpy(events[key]) for key in events.fields}
    for size in (0, 1, 3, 10, 10, 30, 60):
        chosen = rng.choice(60, size, replace=False)
        found = settle({key: values[chosen] for key, values in whole.items()})
        assert found["deposit_unit"] == "MeV"


@pytest.mark.parametrize("sample", SAMPLES)
def test_right_files_pass_whatever_is_read_of_them(sample, samples, settle):
    """No energy, no shower on a dead layer, half of the tracks missing, deposits in GeV."""
    right = samples[sample]
    missing = np.random.default_rng(1).random(60) < 0.5
    tracks = {name: right[name].copy() for name in (X, Y)}
    for values in tracks.values():
        values[missing] = -999
    dead = images(lambda image: image * (np.arange(18) != 9)[:, None])
    for changed in (right | tracks, dead(right), scaled(1e-3, CELLS)(right)):
        assert "checked on" in settle(changed)["checks"]


@pytest.mark.parametrize("share", [0.02, 0.5, 1.0])
def test_noise_is_no_shower(share, settle, samples):
    found = settle(
        samples["both"] | noise(np.random.default_rng(2), share) | {ENERGY: np.zeros(60)}
    )
    assert "too few" in found["checks"]


UNSUPPRESSED = {
    "clipped": lambda rng, shape: np.maximum(rng.normal(0, 0.6, shape), 0),
    "rectified": lambda rng, shape: np.abs(rng.normal(0, 0.6, shape)),
    "exponential": lambda rng, shape: rng.exponential(1.0, shape),
}


@pytest.mark.parametrize("kind", UNSUPPRESSED)
@pytest.mark.parametrize("sample", ["crossing", *SAMPLES])
def test_right_files_with_noise_in_all_cells_pass(sample, kind, samples, crossing, settle):
    right = crossing if sample == "crossing" else samples[sample]
    rng = np.random.default_rng(6)
    noisy = images(lambda image: (image + UNSUPPRESSED[kind](rng, image.shape)).astype("f4"))
    found = settle(noisy(right))
    assert ("too few" in found["checks"]) == (sample == "crossing")


@pytest.fixture(scope="module")
def crossing():
    """Protons of which hardly any begins a shower."""
    options = {"electron_fraction": 0.0, "selection": "generated", "energy": (5, 20)}
    events = simulate(60, np.random.default_rng(7), **options)
    found = {key: ak.to_numpy(events[key]) for key in events.fields}
    return found | {ENERGY: np.zeros(60)}  # without showers there is no energy of one


@pytest.mark.parametrize("dead", [[8, 9], [6, 7, 10], list(range(0, 18, 2))])
@pytest.mark.parametrize("sample", SAMPLES)
def test_dead_layers_do_not_make_an_order_wrong(sample, dead, samples, settle):
    change = images(lambda image: image * ~np.isin(np.arange(18), dead)[:, None])
    assert "checked on" in settle(change(samples[sample]))["checks"]


def hot(cells, mev=20_000):
    """Cells of that number that are loud in every event, at random places."""
    rng = np.random.default_rng(8)
    place = rng.choice(1296, cells, replace=False)

    def apply(b):
        image = b[CELLS].copy()
        image[:, place] += mev * rng.uniform(0.7, 1.3, (len(image), cells)).astype("f4")
        return b | {CELLS: image}

    return apply


@pytest.mark.parametrize("cells", [1, 5, 30])
@pytest.mark.parametrize("sample", SAMPLES)
def test_hot_cells_do_not_make_a_file_wrong(sample, cells, samples, settle):
    found = settle(hot(cells)(samples[sample]))
    assert "checked on" in found["checks"]
    assert found["hot_cells"] == f"{cells}, not looked at"
    assert found["deposit_unit"] == "MeV"


@pytest.mark.parametrize("wrong", WRONG)
def test_hot_cells_hide_nothing(wrong, samples, settle):
    with pytest.raises(DataError) as caught:
        settle(WRONG[wrong](hot(5, 200)(samples["both"])))
    assert wrong in str(caught.value)


def test_showers_in_one_place_are_no_hot_cells(samples, settle):
    def centred(image):
        image = image.copy()
        for layers in (MEASURES_X, ~MEASURES_X):
            hottest = image[:, layers].sum(axis=1).argmax(axis=1)
            for one, cell in zip(image, hottest, strict=True):
                one[layers] = np.roll(one[layers], 36 - cell, axis=1)
        return image

    found = settle(without_tracks(images(centred)(samples["low"])))
    assert "checked on" in found["checks"]
    assert "hot_cells" not in found


def test_protons_in_one_place_are_no_hot_cells(settle):
    """As of a beam of them: those that do not shower leave a line of cells."""
    made = simulate(20, np.random.default_rng(2), electron_fraction=0.0, selection="generated")
    protons = {key: ak.to_numpy(made[key]) for key in made.fields}
    passing = np.flatnonzero(np.count_nonzero(protons[CELLS], axis=1) < 30)[0]
    beam = {key: np.repeat(values[[passing]], 60, axis=0) for key, values in protons.items()}
    found = settle(beam | {CELLS: beam[CELLS] / 1000})
    assert "hot_cells" not in found
    assert found["deposit_unit"] == "GeV"


def test_few_events_have_no_hot_cells(samples, settle):
    few = {key: values[:10] for key, values in samples["low"].items()}
    image = hot(4, 15)(few | {CELLS: np.zeros_like(few[CELLS])})
    found = settle(without_tracks(image, 10))
    assert "hot_cells" not in found
    assert found["deposit_unit"] == "GeV"


def test_tracks_given_far_above_do_not_say_where_showers_are(samples, settle):
    right = samples["electrons"]
    above = {Z: np.full(60, 159.0), X: -right[X], Y: -right[Y]}
    assert "checked on" in settle(right | above)["checks"]
    with pytest.raises(DataError, match="opposite to the tracks"):
        settle(right | above | {Z: right[Z]})


def without_tracks(branches, events=60):
    return branches | {X: np.full(events, -999.0), Y: np.full(events, -999.0)}


def test_two_electrons_an_event_pass(samples, settle):
    double = images(lambda image: image + np.roll(image, 1, axis=0))
    unknown = without_tracks(double(samples["electrons"])) | {ENERGY: np.zeros(60)}
    assert "checked on" in settle(unknown)["checks"]


def test_few_showers_refuse_nothing(settle, samples):
    few = {name: values[:5] for name, values in samples["electrons"].items()}
    found = settle(WRONG["edep_cell: cells look shuffled"](few))
    assert found["checks"] == "order of cells not checked: 5 showers are too few"


@pytest.mark.parametrize("view", list(ADAPTER.views))
def test_a_wrong_order_leaves_no_output(view, branches, save, network, refused):
    message = refused(save(WRONG["edep_cell: layers look reversed"](branches)), network(view))
    for words in (
        "in.root: tree 't1'",
        "edep_cell: layers look reversed",
        "expected layer 0 in front",
    ):
        assert words in message


def test_arrays_are_checked_like_files(branches, network, own_places):
    wrong = WRONG["edep_cell: layers look reversed"](branches)
    events = ak.zip(
        {name: ak.from_numpy(values, regulararray=True) for name, values in wrong.items()},
        depth_limit=1,
    )
    with pytest.raises(DataError, match="edep_cell: layers look reversed"):
        rootml.annotate(events, model=network("image"))


def test_who_knows_better_switches_the_checks_off(branches, save, network, tagged, monkeypatch):
    path = save(scaled(1e3, CELLS)(WRONG["edep_cell: layers look reversed"](branches)))
    monkeypatch.setenv(VARIABLE, "off")
    said = tagged(path, network("image"), "-v")
    assert f"checks: off ({VARIABLE})" in said
    assert f"deposit_unit_from: default: {VARIABLE} is off" in said
    with uproot.open(path.with_name("out.root")) as file:
        assert VARIABLE in str(file[next(key for key in file if "rootml" in key)])
