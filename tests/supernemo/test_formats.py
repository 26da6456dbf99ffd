"""Files as the collaboration writes them: what ROOT wrote is read as it was meant."""

from __future__ import annotations

from collections import Counter
from types import SimpleNamespace

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import BranchError, LayoutError, RootmlError
from rootml.rootio.events.pointers import pointee_form, read_pointees
from rootml.rootio.source import open_source
from rootml_supernemo import ADAPTER
from rootml_supernemo.geometry import wire_x, wire_y

REAL = "supernemo/TKEvent_Run-0.root"
CELLS = ("layer", "row", "side")
FIELDS = {"layer": "grid_layer", "row": "grid_column", "side": "grid_side"}


def columns(path, *names):
    with open_source(path, [ADAPTER]) as source:
        assert source.num_entries
        return source.read(names, 0, source.num_entries)


@pytest.mark.parametrize("name", ["tkevent", "haystack"])
def test_cells_and_heights(trees, events, name):
    found = columns(trees / f"{name}.root", *CELLS, "z", "radius")
    few = events[: len(found)]
    for column, field in FIELDS.items():
        assert found[column].tolist() == few[field].tolist()
    for column, field in (("z", "wirez"), ("radius", "radius")):
        made, meant = (ak.to_numpy(ak.flatten(part)) for part in (found[column], few[field]))
        np.testing.assert_array_equal(made, meant.astype(np.float32))
    assert ak.sum(np.isnan(found["z"])) > 50  # stored as 0 by TKEvent


def test_members_are_those_that_uproot_finds(shared):
    """All numbers of all hits, optical modules and tracks of a real file."""
    tree = uproot.open(shared(REAL))["Event"]
    for name, class_name in (("tr_hits", "TKtrhit"), ("OM_hits", "TKOMhit"), ("tracks", "TKtrack")):
        branch = tree[f"Eventdata/{name}"]
        found = read_pointees(branch, class_name, 0, 100)
        objects = branch.array(library="np")
        assert ak.num(found).tolist() == [len(event) for event in objects]
        for member in found.fields:
            meant = [np.asarray(one.member(member)).tolist() for event in objects for one in event]
            assert ak.flatten(found[member], axis=1).tolist() == meant
    assert {"cell_num", "SRL", "xy", "tsp", "h", "r"} <= {
        *read_pointees(tree["tr_hits"], "TKtrhit", 0, 1).fields
    }


def test_objects_of_no_numbers_are_no_records(shared):
    """They are left out like what else cannot be held, whatever other branches there are."""
    branch = uproot.open(shared(REAL))["Event/Eventdata/tr_hits"]
    base = branch.file.streamer_named("TKtrhit").elements[0]
    bare = SimpleNamespace(streamer_named=lambda name: SimpleNamespace(elements=[base]))
    with pytest.raises(BranchError, match="TBare neither begins nor ends with a number"):
        pointee_form(SimpleNamespace(file=bare), "TBare")


def test_damaged_objects_are_an_error_that_names_the_branch(trees, tmp_path):
    """Whatever byte is another: all hits that there are, or an error."""
    content = bytearray((trees / "tkevent.root").read_bytes())  # not compressed
    begin, end = content.index(b"TKtrhit\0\x40"), content.rindex(b"TKtrhit\0\x40")
    rng, path, said = np.random.default_rng(6), tmp_path / "damaged.root", []
    for _ in range(25):
        damaged = content.copy()
        start = damaged.index(b"\x40\0", rng.integers(begin, end))  # of a byte count, mostly
        damaged[start + rng.integers(8)] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            found = columns(path, "z")
        except RootmlError as error:
            said.append(str(error))
        else:
            assert len(found) == 60
    assert len(said) > 8
    assert all("damaged.root: tree 'Event'" in text for text in said)


def test_real_events(shared):
    found = columns(shared(REAL), *CELLS, "z", "radius", "z_timed")
    counts = ak.to_numpy(ak.num(found["layer"]))
    assert counts.sum() == 2127
    hits = uproot.open(shared(REAL))["Event/Eventdata/tr_hits"].array(library="np")
    places = np.array([one.member("xy") for event in hits for one in event])
    side, row, layer = (ak.to_numpy(ak.flatten(found[name])) for name in ("side", "row", "layer"))
    np.testing.assert_allclose(places[:, 0], wire_x(side, layer))
    np.testing.assert_allclose(places[:, 1], wire_y(row))
    assert ak.all(np.isnan(found["z_timed"]))  # its timestamps are uninitialised memory
    assert ak.all(np.isfinite(found["z"]))
    unset = np.array([one.member("r") for event in hits for one in event]) == -1
    assert unset.any()
    np.testing.assert_array_equal(np.isnan(ak.to_numpy(ak.flatten(found["radius"]))), unset)


def test_ranges_of_entries(trees):
    with open_source(trees / "tkevent.root", [ADAPTER]) as source:
        whole = source.read(["z", "t5"], 0, 60)
        parts = [source.read(["z", "t5"], *edges) for edges in ((0, 7), (7, 8), (8, 60))]
    assert ak.array_equal(ak.concatenate(parts), whole, equal_nan=True)


def test_timestamps_of_both_formats_agree(trees, events, read):
    names = ("t1", "t4", "t6", "z_timed", "z_error")
    found = columns(trees / "tkevent.root", *names)
    meant = read("hit_tree", events[: len(found)], *names)
    assert ak.array_equal(found, meant, equal_nan=True)


def test_sides_need_the_wires(trees):
    found = columns(trees / "own.root", "layer", "row", "z")
    assert ak.num(found["layer"]).tolist() == ak.num(found["z"]).tolist()
    with pytest.raises(BranchError, match=r"'side' cannot be read.*'wirex'"):
        columns(trees / "own.root", "side")


@pytest.mark.parametrize("name", ["haystack", "own"])
def test_true_tracks_are_counted_by_any_list_of_them(trees, events, name):
    found = columns(trees / f"{name}.root", "truth_ntracks", "truth_label")
    meant = events["truth_ntracks"][: len(found)]
    assert found["truth_ntracks"].tolist() == meant.tolist()
    assert {*Counter(found["truth_label"].tolist())} == {0, 1, 2, 3}


def test_written_files(tmp_path, events):
    for layout in ("hit_tree", "tkevent_flat"):
        path = tmp_path / f"{layout}.root"
        ADAPTER.write(path, 50, np.random.default_rng(3), layout=layout)
        with open_source(path, [ADAPTER]) as source:
            assert source.decoder.layout.name == layout
            assert all(map(source.decoder.has, source.decoder.layout.columns))
    one, other = (
        columns(tmp_path / f"{layout}.root", *CELLS, "z", "t3", "z_timed", "truth_track")
        for layout in ("hit_tree", "tkevent_flat")
    )
    assert ak.array_equal(one, other, equal_nan=True)


def test_brio_is_refused_with_what_to_export(shared, command):
    said = command("tag", shared("supernemo/flsim2.brio"), "out.root")
    assert said.code == 2
    for words in ("flsim2.brio", "brio file of Falaise", "TKEvent", "grid_layer"):
        assert words in said.err
    assert "Traceback" not in said.err


def test_mimodule_is_told_from_tkevent_by_its_class(trees):
    with pytest.raises(LayoutError, match=r"mievent.root.*class MiEvent.*no hits.*TKEvent"):
        columns(trees / "mievent.root", "layer")


def test_pointers_that_point_nowhere(trees):
    with pytest.raises(BranchError, match=r"null.root: tree 'Event', branch .*tr_hits.*no null"):
        columns(trees / "null.root", "layer")


def test_adapters_show_says_what_is_refused(command):
    said = command("adapters", "show", "supernemo")
    assert "Refused: a brio file of Falaise" in said.out


def test_inspect_says_what_is_refused(trees, command):
    said = command("inspect", trees / "mievent.root")
    assert said.code == 0
    assert "- supernemo/mimodule in tree 'Event': an event of MiModule" in said.out
