"""Simulated electrons as files, ROOT or HDF5: one an entry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rootml.rootio.writing import Shape, SimulationWriter, flat_branches
from rootml_atlas.ntuple import TREE
from rootml_atlas.simulation import simulate

if TYPE_CHECKING:
    import awkward as ak

_TRACKS = "p_tracks"


def _branches(events: ak.Array) -> dict[str, Any]:
    """The tracks' lists as one record, so that they share a counter."""
    import awkward as ak

    lists = {name: events[name] for name in events.fields if name.startswith(f"{_TRACKS}_")}
    tracks = {name.removeprefix(f"{_TRACKS}_"): values for name, values in lists.items()}
    return flat_branches(events[[name for name in events.fields if name not in lists]]) | {
        _TRACKS: ak.zip(tracks)
    }


write = SimulationWriter(
    adapter="atlas",
    simulate=simulate,
    shapes={"ntuple": Shape(TREE, _branches)},
    step=10_000,
    table="train",
)
"""Writes simulated electrons or photons; electrons of a Z follow each other."""
