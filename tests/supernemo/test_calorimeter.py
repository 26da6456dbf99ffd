"""The calorimeter's hits: where their modules are in every format, and what tracks end there."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st

from rootml.errors import BranchError, DataError
from rootml.rootio.source import open_source
from rootml_supernemo import ADAPTER
from rootml_supernemo.modules import KINDS, MODULES, address, front, number

REAL = "supernemo/TKEvent_Run-0.root"
PLACE = ("calo_x", "calo_y", "calo_z")
COLUMNS = ("calo_kind", "calo_side", *PLACE)
HALF_MM = {0: (0, 130, 130), 1: (102, 0, 106), 2: (146, 156, 0)}
"""Half a module's size, by kind (SN-IEgenerator)."""


@pytest.fixture
def branches(events):
    return {name: events[name][:40] for name in events.fields}


def change(branches, name, event, place, value):
    lists = branches[name].tolist()
    lists[event][place] = value
    branches[name] = ak.values_astype(ak.Array(lists), type(value))


def plain(hits, **lists):
    """Branches of events with so many hits, and some more lists."""
    layers = ak.Array([[1] * n for n in hits])
    needed = dict.fromkeys(("grid_layer", "grid_column", "wirez", "radius"), layers)
    return needed | {"grid_side": layers[:, :0]} | {n: ak.Array(v) for n, v in lists.items()}


def event_with(branches, kind):
    """An event whose first module is of a kind."""
    first = ak.fill_none(ak.firsts(branches["calo_type"]), -1)
    return int(np.flatnonzero(ak.to_numpy(first) == kind)[0])


@given(st.integers(0, MODULES - 1))
def test_numbers_and_addresses_are_the_same(om):
    where = address(np.array([om]))
    assert number(**where).tolist() == [om]
    assert where["kind"][0] in range(len(KINDS))


def test_modules_are_712_and_apart():
    x, y, z = front(**address(np.arange(MODULES)))
    assert len({*zip(x.tolist(), y.tolist(), z.tolist(), strict=True)}) == MODULES == 712
    for at in (x, y, z):  # as many on either side of the foil, and of its middle
        assert (at > 1).sum() == (at < -1).sum()


def test_modules_of_the_real_file(shared):
    """Places along the walls as TKEvent has them, whose depths are those of the blocks' middles."""
    modules = uproot.open(shared(REAL))["Event/Eventdata/OM_hits"].array(library="np")
    flat = [one for event in modules for one in event]
    meant = np.array([one.member("xyz") for one in flat])
    with open_source(shared(REAL), [ADAPTER]) as source:
        found = source.read(COLUMNS, 0, 100)
    assert ak.num(found["calo_kind"]).tolist() == [len(event) for event in modules]
    kind, side, x, y, z = (ak.to_numpy(ak.flatten(found[name])) for name in COLUMNS)
    assert {*kind.tolist()} == {0, 1, 2}
    assert side.tolist() == [one.member("SWCR")[0] for one in flat]
    np.testing.assert_array_equal(np.sign(x), np.sign(meant[:, 0]))
    along = {0: (1, 2), 1: (0, 2), 2: (1,)}
    for this, axes in along.items():
        for axis in axes:
            of = kind == this
            np.testing.assert_allclose((x, y, z)[axis][of], meant[of, axis], atol=0.51)


def test_tracks_end_within_their_modules(events, read):
    found = read("hit_tree", events, *COLUMNS, "truth_module", "truth_track")
    known = found["truth_module"] >= 0
    module, track = found["truth_module"][known], found["truth_track"][known]
    kind = ak.to_numpy(ak.flatten(found["calo_kind"][module]))
    off = [
        np.abs(ak.to_numpy(ak.flatten(found[name][module] - events[f"point{name[-1]}"][track])))
        for name in PLACE
    ]
    for this, sizes in HALF_MM.items():
        assert (kind == this).any()
        for apart, size in zip(off, sizes, strict=True):
            assert (apart[kind == this] < size + 0.1).all()


def test_both_simulated_formats_agree(tmp_path):
    found = []
    for layout in ("hit_tree", "tkevent_flat"):
        path = tmp_path / f"{layout}.root"
        ADAPTER.write(path, 60, np.random.default_rng(3), layout=layout)
        with open_source(path, [ADAPTER]) as source:
            found.append(source.read([*COLUMNS, "truth_module", "truth_track"], 0, 60))
    assert ak.array_equal(*found)
    assert ak.any(found[0]["truth_module"] >= 0)


def test_hits_know_the_module_of_their_track(events, read):
    """It is the one that lies ahead on the track's side of the foil."""
    found = read("hit_tree", events, "truth_module", "calo_side", "side", "truth_track")
    known = found["truth_module"] >= 0
    assert ak.all(known <= (found["truth_track"] >= 0))
    side = found["calo_side"][found["truth_module"][known]]
    assert ak.all(side == found["side"][known])
    of_track = {}
    for event, (tracks, places) in enumerate(
        zip(found["truth_track"].tolist(), found["truth_module"].tolist(), strict=True)
    ):
        for track, place in zip(tracks, places, strict=True):
            if track >= 0:
                assert of_track.setdefault((event, track), place) == place


def test_modules_without_truth_of_hits_are_their_tracks_by_id(read):
    """As SN-IEgenerator writes them: the id of a module is its track."""
    modules = {"calo_id": [[1, 0], [0, -1], [0]], "calo_type": [[0, 0], [0, 0], [0]]}
    few = plain([4, 1, 0], truth_track=[[0, 1, -1, 1], [2], []], **modules)
    found = read("hit_tree", few, "truth_module")
    assert found["truth_module"].tolist() == [[1, 0, -1, 0], [-1], []]
    few = plain([4, 1, 0], track_split=[[1, 3], [0, 1], []], **modules)
    found = read("hit_tree", few, "truth_module", "truth_track")
    assert found["truth_track"].tolist() == [[0, 1, 1, -1], [1], []]
    assert found["truth_module"].tolist() == [[1, 0, 0, -1], [-1], []]


def test_tracks_of_hits_by_numbers_of_hits(events, read):
    """``track_split`` says the same as ``truth_track``, noise behind all tracks."""
    known = {name: events[name] for name in events.fields}
    meant = read("hit_tree", known, "truth_track")["truth_track"]
    del known["truth_track"]
    assert read("hit_tree", known, "truth_track")["truth_track"].tolist() == meant.tolist()
    assert ak.any(meant == -1)


@pytest.mark.parametrize("split", [[3, 2], [1, 99], [-1, 2], [0.5, 2.0]])
def test_numbers_of_hits_that_cannot_be(read, split):
    few = plain([1, 4], track_split=[[1], split])
    with pytest.raises(DataError, match=r"track_split is .*expected numbers of hits") as error:
        read("hit_tree", few, "truth_track")
    assert error.value.event == 1


def test_sides_that_the_file_does_not_tell(read, branches):
    """``calo_side`` is empty in one variant: x is unknown, y and z are not."""
    whole = read("hit_tree", branches, *COLUMNS)
    branches["calo_side"] = branches["calo_side"][:, :0]
    found = read("hit_tree", branches, *COLUMNS)
    assert ak.all(found["calo_side"] == -1)
    assert ak.all(np.isnan(found["calo_x"]))
    assert ak.array_equal(found[["calo_y", "calo_z"]], whole[["calo_y", "calo_z"]])


@pytest.mark.parametrize(
    ("branch", "kind", "value", "says"),
    [
        ("calo_type", 0, 3, "calo_type of hit 0 is 3, expected 0 to 2"),
        ("calo_side", 0, 2, "calo_side of hit 0 is 2, expected 0 to 1"),
        ("calo_column", 0, 20, "calo_column of hit 0 is 20, expected 0 to 19 of the main wall"),
        ("calo_row", 0, 13, "calo_row of hit 0 is 13, expected 0 to 12 of the main wall"),
        ("calo_wall", 1, -1, "calo_wall of hit 0 is -1, expected 0 to 1 of the X wall"),
        ("calo_column", 1, 2, "calo_column of hit 0 is 2, expected 0 to 1 of the X wall"),
        ("calo_row", 1, 1.5, "calo_row of hit 0 is 1.5, expected 0 to 15 of the X wall"),
        ("calo_column", 2, 16, "calo_column of hit 0 is 16, expected 0 to 15 of the gamma veto"),
    ],
)
def test_modules_that_do_not_exist(read, branches, branch, kind, value, says):
    event = event_with(branches, kind)
    change(branches, branch, event, 0, value)
    with pytest.raises(DataError, match=says) as error:
        read("hit_tree", branches, "calo_x")
    assert error.value.event == event


def test_what_a_wall_does_not_have_is_overlooked(read, branches):
    """A veto has one row, whatever number it is given; a main wall has no walls."""
    whole = read("hit_tree", branches, *COLUMNS)
    branches["calo_row"] = ak.where(branches["calo_type"] == 2, 99, branches["calo_row"])
    branches["calo_wall"] = ak.where(branches["calo_type"] == 0, 7, branches["calo_wall"])
    assert ak.array_equal(read("hit_tree", branches, *COLUMNS), whole)


def test_numbers_that_are_of_no_module(read):
    flat = {"cell_num": [[3]], "h": [[1.0]], "r": [[1.0]]}
    named = {f"tr_hits.{name}": ak.Array(values) for name, values in flat.items()}
    with pytest.raises(DataError, match="OM_num of hit 1 is 712, expected 0 to 711"):
        read("tkevent_flat", named | {"OM_hits.OM_num": ak.Array([[4, 712]])}, "calo_x")
    objects = {"tr_hits": ak.Array([[{"cell_num": 3}]]), "OM_hits": ak.Array([[{"charge": 4}]])}
    with pytest.raises(BranchError, match="OM_hits: expected a member 'OM_num', found charge"):
        read("tkevent", objects, "calo_x")


def test_lists_of_modules_of_different_lengths(read, branches):
    event = event_with(branches, 0)
    lists = branches["calo_row"].tolist()
    lists[event].pop()
    branches["calo_row"] = ak.Array(lists)
    with pytest.raises(DataError, match=r"calo_row: \d values, expected one for \d hits") as error:
        read("hit_tree", branches, "calo_z")
    assert error.value.event == event


def test_energies_that_were_never_measured(read):
    flat = {"cell_num": [[3]], "h": [[1.0]], "r": [[1.0]]}
    named = {f"tr_hits.{name}": ak.Array(values) for name, values in flat.items()}
    named["OM_hits.OM_num"] = ak.Array([[1, 2, 3, 4]])
    named["OM_hits.energy"] = ak.Array([[1.5, -1.7e9, np.nan, 1e30]])
    found = read("tkevent_flat", named, "calo_energy")["calo_energy"].to_numpy()
    np.testing.assert_array_equal(found, [[1.5, np.nan, np.nan, np.nan]])


@pytest.mark.parametrize("value", [-2, 9, 0.5])
def test_places_that_are_not_in_the_list(read, value):
    few = plain([2], calo_type=[[0, 0]], truth_module=[[1, value]])
    with pytest.raises(DataError, match=r"truth_module of hit 1 is .*, expected a place"):
        read("hit_tree", few, "truth_module")


def test_files_without_a_calorimeter(read, branches):
    less = {name: values for name, values in branches.items() if not name.startswith("calo_")}
    less.pop("truth_module", None)
    assert len(read("hit_tree", less, "layer", "truth_track")) == 40
    with pytest.raises(BranchError, match=r"'calo_x' cannot be read.*'calo_type'"):
        read("hit_tree", less, "calo_x")
    with pytest.raises(BranchError, match=r"'truth_module' .*'truth_module'.*; or 'calo_id'"):
        read("hit_tree", less, "truth_module")
