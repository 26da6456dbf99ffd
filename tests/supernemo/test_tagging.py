"""Files tagged end to end by tiny networks: counts per event, heights per hit; ROOT reads them."""

from __future__ import annotations

import json

import awkward as ak
import numpy as np
import uproot

from rootml.rootio.source import open_source
from rootml_supernemo import ADAPTER

REAL = "supernemo/TKEvent_Run-0.root"


def test_the_real_file(shared, counter, command, root, tmp_path):
    tagged = tmp_path / "tagged.root"
    said = command("tag", shared(REAL), tagged, "--model", counter, "--no-plots")
    assert said.code == 0, said.err
    before, after = uproot.open(shared(REAL))["Event"], uproot.open(tagged)["Event"]
    assert {*before.keys(recursive=True)} < {*after.keys(recursive=True)}
    hits = before["Eventdata/tr_hits"].array(library="np")
    cells = [len({(one.member("cell_num") % 1017) for one in event}) for event in hits]
    counts = after["tiny_count_ntracks"].array(library="np")
    nearest = np.abs(np.array(cells)[:, None] - [1, 10, 20, 30]).argmin(axis=1)
    np.testing.assert_array_equal(counts, nearest)
    assert sum(not cell for cell in cells) > 0  # of no hits are no tracks
    sums = after["tiny_count_probabilities"].array(library="np").sum(axis=1)
    np.testing.assert_allclose(sums, 1, rtol=1e-5)
    seen = root(f"""
file = ROOT.TFile({str(tagged)!r})
print([int(event.tiny_count_ntracks) for event in file.Get("Event")])
""")
    assert json.loads(seen) == counts.tolist()


def test_heights_of_hits(trees, measurer, command, root, tmp_path):
    """One value a hit of the tree's own; NaN where no timestamp tells, and where there is none."""
    tagged = tmp_path / "tagged.root"
    said = command("tag", trees / "tkevent.root", tagged, "--model", measurer, "--no-plots")
    assert said.code == 0, said.err
    with open_source(trees / "tkevent.root", [ADAPTER]) as source:
        meant = source.read(["z_timed", "z_error"], 0, source.num_entries)
    tree = uproot.open(tagged)["Event"]
    for name, column in (("z", "z_timed"), ("z_error", "z_error")):
        found = tree[f"hit_tiny_z_{name}"].array()
        assert ak.array_equal(found, meant[column], equal_nan=True, dtype_exact=False)
    assert ak.any(np.isnan(meant["z_timed"]))
    counts = json.loads(
        root(f"""
file = ROOT.TFile({str(tagged)!r})
tree = file.Get("Event")
tree.SetBranchStatus("*", False)  # ROOT frees objects twice that are pointed to twice,
for name in ("nhit", "hit_*"):    # where it does not know their class
    tree.SetBranchStatus(name, True)
print([[int(event.nhit), len(event.hit_tiny_z_z)] for event in tree])
""")
    )
    assert counts == [[n, n] for n in ak.num(meant["z_timed"]).tolist()]


def test_heights_of_the_real_file_are_unknown(shared, measurer, command, tmp_path):
    """Its timestamps are uninitialised memory."""
    tagged = tmp_path / "tagged.root"
    said = command("tag", shared(REAL), tagged, "--model", measurer, "--no-plots")
    assert said.code == 0, said.err
    found = uproot.open(tagged)["Event/hit_tiny_z_z"].array()
    assert ak.count(found) == 2127
    assert ak.all(np.isnan(found))


def test_calibration_is_told(trees, measurer, command, tmp_path):
    said = command(
        "tag", trees / "tkevent.root", tmp_path / "out.root", "--model", measurer, "--no-plots"
    )
    assert "timestamps" in said.out + said.err
    assert "on_line" in said.out + said.err


def test_a_hit_outside_names_the_entry(tmp_path, counter, command, events):
    path = tmp_path / "bad.root"
    few = {name: events[name][:5] for name in ("grid_layer", "grid_column", "wirez", "radius")}
    few["grid_column"] = ak.where(ak.local_index(few["grid_column"]) == 1, 200, few["grid_column"])
    with uproot.recreate(path) as file:
        file["hit_tree"] = few | {"grid_side": few["grid_layer"][:, :0]}
    said = command("tag", path, tmp_path / "out.root", "--model", counter, "--no-plots")
    assert said.code == 2
    entry = int(np.flatnonzero(ak.to_numpy(ak.num(few["grid_layer"])) > 1)[0])
    expected = f"bad.root: tree 'hit_tree', entry {entry}: grid_column of hit 1 is 200, expected"
    assert expected in said.err
    assert not (tmp_path / "out.root").exists()
