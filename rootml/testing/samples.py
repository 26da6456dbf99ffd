"""Simulated events, decoded and built as a file's would be."""

from __future__ import annotations

from collections.abc import Mapping
from unittest import SkipTest

import awkward as ak
import numpy as np

from rootml.adapter import Adapter, View
from rootml.rootio.matching import BranchNames, Decoder, match
from rootml.spec import Batch

SEED = 20


def simulated(adapter: Adapter, count: int, seed: int = SEED) -> ak.Array:
    """``count`` simulated events of ``adapter``; skips the test where it simulates none."""
    if adapter.simulate is None:
        raise SkipTest(f"adapter {adapter.name!r} has no simulation")
    return adapter.simulate(count, np.random.default_rng(seed))


def decoder_of(adapter: Adapter, events: ak.Array) -> Decoder:
    """A decoder for events whose fields are the branches of the adapter's first layout."""
    layout = adapter.layouts[0]
    found = match(adapter, layout, layout.trees[0], BranchNames(events.fields), named=True)
    require(found.complete, f"simulated events lack branches: {', '.join(found.missing)}")
    options: Mapping[str, str] = {}
    if layout.configure is not None:
        probes = {key: events[found.found[key]] for key in layout.probes if key in found.found}
        options = layout.configure(ak.zip(probes, depth_limit=1))
    return Decoder(found, options, f"simulated events of {adapter.name}")


def decode(decoder: Decoder, events: ak.Array, *columns: str) -> ak.Array:
    """Logical columns of events whose fields are branches."""
    return decoder.decode({name: events[name] for name in events.fields}, columns)


def build(adapter: Adapter, view: View, events: ak.Array) -> Batch:
    """The batch that ``view`` makes of events in the adapter's first layout."""
    return view.build(decode(decoder_of(adapter, events), events, *view.columns))


def require(condition: bool, message: str) -> None:
    """``assert`` that Python's -O does not remove: the checks also run in a command."""
    if not condition:
        raise AssertionError(message)
