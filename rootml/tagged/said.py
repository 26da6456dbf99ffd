"""What a network said of some entries, as it is counted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from rootml.declared.rows import Units
from rootml.spec import Array, Batch

if TYPE_CHECKING:
    import awkward as ak

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Said:
    """What a network said of some entries, one row per unit (event or object) that was selected.

    ``events``: the logical columns the validation uses, one number per event or per unit;
    ``weights`` and ``variables``: one per unit; ``entries``: the entry of each in its file.
    """

    events: ak.Array
    batch: Batch
    outputs: Mapping[str, Array]
    weights: Array | None
    variables: Mapping[str, Array]
    entries: Array

    def selected(self, units: Units, keep: Mask) -> Said:
        """The units to keep; events without any of them stay only where objects are judged."""
        import awkward as ak

        outputs = {name: values[keep] for name, values in self.outputs.items()}
        weights = None if self.weights is None else self.weights[keep]
        variables = {name: values[keep] for name, values in self.variables.items()}
        entries = self.entries[keep]
        if units.counts is None:
            kept = self.batch.selected(keep, None)
            return Said(self.events[keep], kept, outputs, weights, variables, entries)
        lists = ak.unflatten(keep, units.counts)
        counts = np.asarray(ak.to_numpy(ak.sum(lists, axis=1)), np.int64)
        fields = {name: self.events[name] for name in self.events.fields}
        contents = [ak.to_layout(f if f.ndim == 1 else f[lists]) for f in fields.values()]
        events = ak.Array(ak.contents.RecordArray(contents, list(fields), length=units.events))
        kept = self.batch.selected(keep, counts)
        return Said(events, kept, outputs, weights, variables, entries)
