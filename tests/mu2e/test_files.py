"""Simulated files, read back and tagged."""

from __future__ import annotations

import subprocess
import sys

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import DataError, LayoutError
from rootml.rootio.source import open_source


@pytest.fixture(scope="module")
def written(adapter, tmp_path_factory):
    """``written(layout)``: the path of a file with 300 entries."""
    folder = tmp_path_factory.mktemp("mu2e")

    def write(layout):
        path = folder / f"{layout}.root"
        if not path.exists():
            adapter.write(path, 300, np.random.default_rng(4), layout=layout)
        return path

    return write


@pytest.mark.parametrize("layout", ["flat", "tracks"])
def test_layout_is_recognised_and_all_columns_are_there(adapter, written, layout):
    with open_source(written(layout), [adapter]) as source:
        assert source.decoder.layout.name == layout
        for view in (adapter.views["track_quality"], adapter.views["momentum"]):
            events = source.read((*view.columns, "truth_label", "truth_momentum"), 0, 300)
            batch = view.build(events)
            assert (batch.counts is None) == (layout == "flat")
            assert batch.rows == ak.count(events["truth_label"]) > 200
        label = ak.to_numpy(ak.flatten(events["truth_label"], axis=None))
        assert set(label) <= {-1, 0, 1}


def test_vectors_have_the_momenta_of_the_tracks(adapter, written):
    with open_source(written("tracks"), [adapter]) as source:
        columns = ("fit_momentum", "truth_momentum", "tandip", "momerr")
        events = source.read(columns, 0, 300)
    excess = np.asarray(ak.flatten(events["fit_momentum"] - events["truth_momentum"]))
    assert np.median(abs(excess)) < 0.3
    assert 60 < ak.min(events["fit_momentum"]) < ak.max(events["fit_momentum"]) < 125
    assert ak.std(events["tandip"]) > 0.1
    assert 0.2 < ak.min(events["tandip"]) < ak.max(events["tandip"]) < 2


def test_events_have_none_to_three_tracks(written):
    with uproot.open(written("tracks")) as file:
        counts = file["ntuple/ntrk"].array(library="np")
    assert set(counts) == {0, 1, 2, 3}


def test_root_reads_them(written):
    pytest.importorskip("ROOT")
    code = f"""
import ROOT
for path, name, cut in (({str(written("flat"))!r}, "trkana", "de.nactive"),
                        ({str(written("tracks"))!r}, "ntuple", "trk.nactive")):
    file = ROOT.TFile(path)
    tree = file.Get(name)
    assert tree.GetEntries() == 300
    assert tree.Draw(cut + " >> h", cut + " >= 15", "goff") > 200
    print(tree.Draw("truth_momentum" if name == "trkana" else "trk_ent.momerr", "", "goff"))
"""
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, timeout=120)


def test_a_seed_gives_the_same_file(adapter, written, tmp_path):
    adapter.write(tmp_path / "again.root", 300, np.random.default_rng(4), layout="tracks")
    with uproot.open(tmp_path / "again.root") as one, uproot.open(written("tracks")) as other:
        assert ak.array_equal(one["ntuple"].arrays(), other["ntuple"].arrays())


def test_layouts_that_cannot_be_written(adapter, tmp_path):
    with pytest.raises(LayoutError, match="'trkana' cannot be written"):
        adapter.write(tmp_path / "x.root", 5, np.random.default_rng(1), layout="trkana")
    with pytest.raises(DataError, match="cannot write 0"):
        adapter.write(tmp_path / "x.root", 0, np.random.default_rng(1))
    assert not [*tmp_path.iterdir()]
