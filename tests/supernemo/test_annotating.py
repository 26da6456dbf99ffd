"""Events of TKEvent beside a network's outputs in memory, whose hits are behind pointers."""

from __future__ import annotations

from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import RootmlError
from rootml.rootio.source import open_source
from rootml_supernemo import ADAPTER

REAL = "supernemo/TKEvent_Run-0.root"
LEFT_OUT = pytest.mark.filterwarnings("ignore:.*left out, because Awkward Array cannot hold")


@LEFT_OUT
def test_the_real_file(shared, counter, command, tmp_path):
    tagged = tmp_path / "tagged.root"
    said = command("tag", shared(REAL), tagged, "--model", counter, "--no-plots")
    assert said.code == 0, said.err
    meant = uproot.open(tagged)["Event"].arrays(["tiny_count_ntracks", "tiny_count_probabilities"])
    tree = uproot.open(shared(REAL))["Event"]
    for events in (tree, str(shared(REAL)), Path(shared(REAL))):
        found = rootml.annotate(events, counter)
        assert found.tiny_count_ntracks.tolist() == meant.tiny_count_ntracks.tolist()
        np.testing.assert_array_equal(
            found.tiny_count_probabilities, meant.tiny_count_probabilities
        )
    assert found.OM_hits.OM_num[0].tolist() == [48]
    assert ak.num(found.tr_hits)[:4].tolist() == [9, 25, 11, 101]


@LEFT_OUT
def test_several_networks_one_after_the_other(shared, counter, measurer):
    """What was annotated is still in the one layout: records of hits are no branches a member."""
    events = rootml.annotate(uproot.open(shared(REAL))["Event"], counter)
    both = rootml.annotate(events, measurer)
    again = rootml.annotate(ak.materialize(events), measurer)
    for found in (both, again):
        assert found.tiny_count_ntracks.tolist() == events.tiny_count_ntracks.tolist()
        assert ak.num(found.hit_tiny_z_z).tolist() == ak.num(events.tr_hits).tolist()


def test_heights_of_hits(trees, measurer):
    found = rootml.annotate(uproot.open(trees / "tkevent.root")["Event"], measurer)
    with open_source(trees / "tkevent.root", [ADAPTER]) as source:
        meant = source.read(["z_timed"], 0, source.num_entries)
    assert ak.array_equal(found.hit_tiny_z_z, meant["z_timed"], equal_nan=True, dtype_exact=False)


def test_pointers_that_point_nowhere(trees, counter):
    """Nothing is read before it is touched; then the error names file, tree and branch."""
    events = rootml.annotate(uproot.open(trees / "null.root")["Event"], counter)
    with pytest.raises(RootmlError, match=r"null.root: tree 'Event', branch .*tr_hits.*no null"):
        ak.materialize(events.tiny_count_ntracks)
