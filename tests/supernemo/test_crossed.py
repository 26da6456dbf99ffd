"""Cells that tracks crossed, whether they answered or not."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import DataError
from rootml.rootio.source import open_source
from rootml_supernemo import ADAPTER


@pytest.fixture(scope="module", params=["hit_tree", "tkevent_flat"])
def path(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("crossed") / f"{request.param}.root"
    rng = np.random.default_rng(4)
    ADAPTER.write(path, 200, rng, layout=request.param, conditions="detector", dead=0.2, noise=5.0)
    return path


def read(path, *names):
    with open_source(path, [ADAPTER]) as source:
        return source.read(names, 0, source.num_entries)


def test_cells_of_tracks_are_those_that_answered_and_those_that_were_lost(path):
    events = ADAPTER.simulate(
        200, np.random.default_rng(4), conditions="detector", dead=0.2, noise=5.0
    )
    found = read(path, "truth_crossed")["truth_crossed"]
    assert found.type.content == ak.types.from_datashape("2 * 9 * 113 * uint8", highlevel=False)
    crossed = ak.to_numpy(found)
    meant = np.zeros_like(crossed)
    for number, event in enumerate(events):
        for hit, track in enumerate(event.truth_track):
            if track >= 0:
                place = (event[f"grid_{name}"][hit] for name in ("side", "layer", "column"))
                meant[number, *place] = 1
        for place in zip(
            *(event[f"truth_lost_{name}"] for name in ("side", "layer", "column")), strict=True
        ):
            meant[number, *place] = 1
    np.testing.assert_array_equal(crossed, meant)
    assert meant.sum() > ak.sum(events.truth_track >= 0)


def test_files_without_lost_cells_do_not_have_the_truth(tmp_path):
    events = ADAPTER.simulate(20, np.random.default_rng(4))
    path = tmp_path / "short.root"
    with uproot.recreate(path) as file:
        file["hit_tree"] = {name: events[name] for name in events.fields if "lost" not in name}
    with open_source(path, [ADAPTER]) as source:
        assert source.decoder.has("truth_track")
        assert not source.decoder.has("truth_crossed")


def test_lost_cells_outside_the_detector_are_refused(path):
    (layout,) = (one for one in ADAPTER.layouts if one.name == path.stem)
    raw = {"hit_tree": ("lost_layer", 9), "tkevent_flat": ("lost", 2034)}[layout.name]
    empty = ak.Array([[1, 1]])
    fields = dict.fromkeys(layout.columns["truth_crossed"], empty)
    if layout.name == "hit_tree":
        fields["wirex"] = ak.Array([[97.0, 97.0]])
    fields[raw[0]] = ak.Array([[1, raw[1]]])
    with pytest.raises(DataError, match=f"is {raw[1]}, expected 0 to {raw[1] - 1}"):
        layout.decode(ak.zip(fields, depth_limit=1), ("truth_crossed",), {})
