"""Files tagged without any option: the network that counts tracks judges them."""

from __future__ import annotations

import json

import numpy as np
import pytest
import uproot

import rootml
from rootml_supernemo import ADAPTER

REAL = "supernemo/TKEvent_Run-0.root"


def test_a_file_of_tkevent(shared, command, root, tmp_path):
    tagged = tmp_path / "tagged.root"
    said = command("tag", shared(REAL), tagged)
    assert said.code == 0, said.err
    assert (tmp_path / "tagged_validation" / "index.html").exists()
    before, after = uproot.open(shared(REAL))["Event"], uproot.open(tagged)["Event"]
    assert {*before.keys(recursive=True)} < {*after.keys(recursive=True)}
    counts = after["ntracks_supernemo_ntracks"].array(library="np")
    hits = before["Eventdata/tr_hits"].array(library="np")
    assert {*counts} <= {0, 1, 2, 3}
    assert (counts[[not len(event) for event in hits]] == 0).all()
    assert (counts[[len(event) > 8 for event in hits]] > 0).mean() > 0.9
    sums = after["ntracks_supernemo_probabilities"].array(library="np").sum(axis=1)
    np.testing.assert_allclose(sums, 1, rtol=1e-5)
    seen = root(f"""
file = ROOT.TFile({str(tagged)!r})
print([int(event.ntracks_supernemo_ntracks) for event in file.Get("Event")])
""")
    assert json.loads(seen) == counts.tolist()


@pytest.mark.filterwarnings("ignore:.*left out, because Awkward Array cannot hold")
def test_events_in_memory_are_judged_alike(shared, tmp_path):
    tagged = tmp_path / "tagged.root"
    rootml.tag_file(shared(REAL), tagged, plots=False)
    meant = uproot.open(tagged)["Event/ntracks_supernemo_ntracks"].array()
    found = rootml.annotate(uproot.open(shared(REAL))["Event"])
    assert found.ntracks_supernemo_ntracks.tolist() == meant.tolist()


@pytest.mark.parametrize("layout", ["hit_tree", "tkevent_flat"])
def test_simulated_files(tmp_path, layout):
    path = tmp_path / "in.root"
    ADAPTER.write(path, 300, np.random.default_rng(8), layout=layout)
    rootml.tag_file(path, tmp_path / "out.root", plots=False)
    branches = ["ntracks_supernemo_ntracks", "truth_ntracks"]
    tree = uproot.open(tmp_path / "out.root")["hit_tree" if layout == "hit_tree" else "Event"]
    found, truth = tree.arrays(branches, library="np").values()
    assert (found == truth).mean() > 0.98
