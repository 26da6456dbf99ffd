"""What every adapter keeps."""

from __future__ import annotations

import awkward as ak
import numpy as np

from rootml.adapter import Adapter, View
from rootml.errors import RootmlError
from rootml.rootio.matching import BranchNames, match
from rootml.spec import Array, Batch
from rootml.testing.samples import SEED, build, decode, decoder_of, require, simulated

OFF = 0.03
"""How far a variation is from nominal in the tests."""


class AdapterContract:
    """What every adapter keeps. Needs a fixture ``adapter``; ``events`` may be overridden."""

    count = 40
    """Events that a test looks at."""

    def events(self, adapter: Adapter) -> ak.Array:
        """Events whose fields are the branches of the adapter's first layout."""
        return simulated(adapter, self.count)

    def blank(self, events: ak.Array) -> ak.Array:
        """The same events, with nothing in them that a network could judge."""
        return ak.zip({name: ak.zeros_like(events[name]) for name in events.fields}, depth_limit=1)

    def test_layouts_are_described(self, adapter: Adapter) -> None:
        """Layouts have names of their own, trees, required branches, and columns made of them."""
        names = [layout.name for layout in adapter.layouts]
        require(len(names) > 0, "an adapter needs a layout")
        require(len(set(names)) == len(names), f"two layouts share a name: {names}")
        for layout in adapter.layouts:
            require(len(layout.trees) > 0, f"layout {layout.name!r} names no tree")
            required = [key for key, branch in layout.branches.items() if not branch.optional]
            require(len(required) > 0, f"layout {layout.name!r} requires no branch")
            ways = [*layout.columns.values(), *(one for w in layout.instead.values() for one in w)]
            used = {key for keys in ways for key in keys} | {*layout.probes}
            unknown = sorted(used - layout.branches.keys())
            require(not unknown, f"layout {layout.name!r} names unknown branches: {unknown}")
            strange = sorted(layout.instead.keys() - layout.columns.keys())
            require(not strange, f"layout {layout.name!r}: other ways to no columns: {strange}")

    def test_views_are_described(self, adapter: Adapter) -> None:
        """Views are filed under their names; the first layout has the columns of all of them.

        The other layouts, formats that may hold less, have those of at least one, unless they
        are refused.
        """
        require(len(adapter.views) > 0, "an adapter needs a view")
        for name, view in adapter.views.items():
            require(view.name == name, f"view {view.name!r} is filed under {name!r}")
            tensors = [spec.name for spec in view.tensors]
            require(0 < len(set(tensors)) == len(tensors), f"tensors of view {name!r}: {tensors}")
            lacking = sorted(set(view.columns) - adapter.layouts[0].columns.keys())
            require(not lacking, f"the first layout lacks {lacking} of view {name!r}")
        for layout in adapter.layouts:
            if layout.refusal:
                continue
            seen = [v for v in adapter.views.values() if set(v.columns) <= layout.columns.keys()]
            require(len(seen) > 0, f"layout {layout.name!r} has the columns of no view")

    def test_figures_are_shown_against_columns(self, adapter: Adapter) -> None:
        """What figures are shown against, the energy among it, are columns of the first layout."""
        named = filter(None, (adapter.energy, *(one.column for one in adapter.against)))
        lacking = sorted({*named} - adapter.layouts[0].columns.keys())
        require(not lacking, f"the first layout lacks {lacking} that figures are shown against")

    def test_layouts_exclude_each_other(self, adapter: Adapter) -> None:
        """Events of the first layout match no other one."""
        first, *others = adapter.layouts
        names = BranchNames(self.events(adapter).fields)
        for layout in others:
            other = match(adapter, layout, first.trees[0], names, named=True)
            require(not other.complete, f"{layout.name!r} matches events of {first.name!r} too")

    def test_columns_decode(self, adapter: Adapter) -> None:
        """Every logical column decodes on its own, to one entry per event."""
        events = self.events(adapter)
        decoder = decoder_of(adapter, events)
        for column in filter(decoder.has, decoder.layout.columns):
            decoded = decode(decoder, events, column)
            require(decoded.fields == [column], f"asked for {column!r}, got {decoded.fields}")
            require(len(decoded) == len(events), f"{column!r} has {len(decoded)} entries")

    def test_views_build(self, adapter: Adapter) -> None:
        """Tensors have the declared names, shapes and dtypes, one row per judged unit; finite."""
        events = self.events(adapter)
        for view in adapter.views.values():
            batch = build(adapter, view, events)
            _check_batch(view, batch, len(events))
            for spec in view.tensors:
                finite = _finite(batch.tensors[spec.name], spec.allow_nan)
                require(finite, f"tensor {spec.name!r} holds NaN or infinity")

    def test_summaries(self, adapter: Adapter) -> None:
        """Each summary gives one number per row; finite, or NaN where tensors may hold NaN."""
        events = self.events(adapter)
        for view in adapter.views.values():
            batch = build(adapter, view, events)
            missing = any(spec.allow_nan for spec in view.tensors)
            for summary in view.summaries:
                values = np.asarray(summary.compute(batch.tensors))
                require(values.shape == (batch.rows,), f"{summary.name!r}: {values.shape}")
                require(_finite(values, missing), f"{summary.name!r} is not finite")

    def test_blank_events_are_not_judged(self, adapter: Adapter) -> None:
        """Events without anything to judge are marked so, or refused, but where a view says so."""
        events = self.blank(self.events(adapter))
        for view in adapter.views.values():
            try:
                batch = build(adapter, view, events)
            except RootmlError:
                continue
            _check_batch(view, batch, len(events))
            rows = len(events) if view.blank else 0
            require(batch.rows == rows, f"view {view.name!r} judges {batch.rows} blank events")

    def test_chunks_do_not_matter(self, adapter: Adapter) -> None:
        """Building two parts gives the rows of building the whole, bit by bit.

        The layout's options are settled once, as for the chunks of a file.
        """
        events = self.events(adapter)
        decoder, middle = decoder_of(adapter, events), len(events) // 3
        for view in adapter.views.values():
            whole, *parts = (
                view.build(decode(decoder, part, *view.columns))
                for part in (events, events[:middle], events[middle:])
            )
            for name, tensor in whole.tensors.items():
                joined = np.concatenate([part.tensors[name] for part in parts])
                np.testing.assert_array_equal(joined, tensor, f"tensor {name!r} of {view.name!r}")
            joined = np.concatenate([part.each for part in parts])
            np.testing.assert_array_equal(joined, whole.each, f"judged by {view.name!r}")

    def test_variations(self, adapter: Adapter) -> None:
        """At its nominal value a variation changes nothing; at any, events do not influence others.

        The events that it is given stay as they are.
        """
        events = self.events(adapter)
        for view in adapter.views.values():
            columns = decode(decoder_of(adapter, events), events, *view.columns)
            nominal = view.build(columns)
            for name, variation in view.variations.items():
                same = view.build(variation.apply(columns, variation.nominal, SEED))
                _check_same(same, nominal, f"the nominal {name!r}")
                whole = variation.apply(columns, variation.nominal + OFF, SEED)
                _check_same(view.build(columns), nominal, f"events that {name!r} was applied to")
                alone = variation.apply(columns[1:], variation.nominal + OFF, SEED)
                _check_same(view.build(alone), view.build(whole[1:]), f"{name!r} without the first")

    def test_no_events(self, adapter: Adapter) -> None:
        """A chunk without events gives tensors without rows."""
        events = self.events(adapter)[:0]
        for view in adapter.views.values():
            _check_batch(view, build(adapter, view, events), 0)

    def test_simulation_follows_its_seed(self, adapter: Adapter) -> None:
        """The same seed gives the same events, another seed others."""
        first, again = simulated(adapter, 5), simulated(adapter, 5)
        other = simulated(adapter, 5, seed=SEED + 1)
        require(ak.array_equal(first, again, equal_nan=True), "one seed gave different events")
        require(not ak.array_equal(first, other, equal_nan=True), "two seeds gave equal events")

    def test_truth_labels(self, adapter: Adapter) -> None:
        """The truth label, where there is one, counts through the classes; -1 is of none."""
        label = adapter.truth.label
        if label is None:
            return
        events = self.events(adapter)
        labels = decode(decoder_of(adapter, events), events, label)[label]
        values = np.unique(ak.to_numpy(ak.flatten(labels, axis=None)))
        classes = len(adapter.truth.classes)
        require(
            bool(np.isin(values, range(-1, classes)).all()),
            f"labels {values} for {classes} classes",
        )


def _check_batch(view: View, batch: Batch, events: int) -> None:
    units = events if batch.counts is None else int(batch.counts.sum())
    if batch.counts is not None:
        require(len(batch.counts) == events, f"{len(batch.counts)} counts for {events} events")
    flags = batch.each
    require(len(flags) == units, f"{len(flags)} flags 'judged' for {units} units")
    require({*batch.tensors} == {spec.name for spec in view.tensors}, f"{[*batch.tensors]}")
    for spec in view.tensors:
        tensor = batch.tensors[spec.name]
        require(len(tensor) == flags.sum(), f"{spec.name!r}: {len(tensor)} rows")
        require(tensor.dtype == spec.dtype, f"{spec.name!r} is {tensor.dtype}")
        require(
            spec.fits(tensor.shape),
            f"{spec.name!r} has the shape {tensor.shape}, declared {spec.shape}",
        )
    _check_members(view, batch, events)


def _check_members(view: View, batch: Batch, events: int) -> None:
    """How many objects events have, and the mask that tells so of those that are judged, agree."""
    require(
        (batch.members is None) == (not view.members),
        f"view {view.name!r} lists {view.members or 'no'} objects, its batch says otherwise",
    )
    if batch.members is None:
        return
    require(
        batch.counts is None, f"view {view.name!r}: a row is an object, or lists them; not both"
    )
    require(
        len(batch.members) == events, f"{len(batch.members)} numbers of members, {events} events"
    )
    listed, there = batch.members[batch.each], batch.tensors[view.mask]
    most = int(listed.max(initial=0))
    require(
        most <= view.members, f"an event with {most} objects is judged, of {view.members} places"
    )
    filled = np.arange(view.members) < listed[:, None]
    require(np.array_equal(there, filled), f"{view.mask!r} is not what an event's objects fill")


def _check_same(found: Batch, expected: Batch, what: str) -> None:
    np.testing.assert_array_equal(found.each, expected.each, what)
    for name, tensor in expected.tensors.items():
        np.testing.assert_array_equal(found.tensors[name], tensor, f"{what}: tensor {name!r}")


def _finite(values: Array, missing: bool) -> bool:
    """Whether no number is infinite, nor NaN unless that stands for a missing one."""
    return not bool((np.isinf(values) if missing else ~np.isfinite(values)).any())
