"""Columns of a network beside the events of an analysis, computed when first touched."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np
import uproot

from rootml.errors import BranchError, InputError, RootmlWarning, located
from rootml.registry import load
from rootml.rootio.matching import BranchNames, Decoder, choose, match
from rootml.rootio.opening import open_file, open_tree, split_path, tree_names
from rootml.rootio.source import PROBE_ENTRIES
from rootml.spec import Array, Column
from rootml.tagger import Tagger
from rootml.tagging.candidates import candidates

if TYPE_CHECKING:
    from rootml.adapter import Adapter
    from rootml.rootio.matching import Match

CHUNK_EVENTS = 8192
"""Events that are turned into tensors at once."""


def annotate(
    events: uproot.TTree | ak.Array | str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    tree: str | None = None,
    prefix: str = "",
    outputs: Sequence[str] | None = None,
    batch_size: int | None = None,
    threads: int | None = None,
    device: str = "cpu",
) -> ak.Array:
    """Return the events with a network's outputs as further fields.

    ``events``: an open uproot TTree, an Awkward Array whose fields are the branches, or a path
    (``"file.root"`` with ``tree=``, or ``"file.root:tree"``; a file with one tree needs
    neither). ``model``: a model's name or card; None takes the default of the experiment the
    events are from. Fields are named ``<prefix><model>_<output>``.

    For a tree, a path or an array with virtual buffers nothing is read here: the network runs
    once, on the branches of its view alone, when one of its columns is first touched. Events
    it cannot judge get NaN (-1 for integers).

    Raises :class:`~rootml.errors.LayoutError` where the fields fit no layout of the model's
    experiment, :class:`~rootml.errors.BranchError` where a field of that name is there
    already, and what :func:`rootml.load` raises.
    """
    array, where = _as_array(events, tree)
    loaded = None if model is None else load(_named(model), threads=threads, device=device)
    adapters = candidates() if loaded is None else [loaded.adapter]
    found = _match(array, adapters, where)
    if loaded is None:
        loaded = load(found.adapter.default_model, threads=threads, device=device)
    tagger = Tagger(loaded, prefix=prefix, outputs=outputs, batch_size=batch_size)
    clash = [column.name for column in tagger.columns if column.name in array.fields]
    if clash:
        raise BranchError(
            f"{where}: the events already have a field {clash[0]!r}; "
            "give prefix= to name the new ones differently"
        )
    Decoder(found, {}, where).keys(tagger.view.columns)
    return _with_columns(array, tagger, found, where)


def _named(model: str | os.PathLike[str]) -> str | Path:
    return model if isinstance(model, str) else Path(model)


def _as_array(
    events: uproot.TTree | ak.Array | str | os.PathLike[str], tree: str | None
) -> tuple[ak.Array, str]:
    if isinstance(events, ak.Array):
        return events, "events"
    if isinstance(events, str | os.PathLike):
        file, inner = split_path(events)
        directory = open_file(file)
        names = tree_names(directory)
        name = tree or inner or (names[0] if len(names) == 1 else None)
        if name is None:
            raise InputError(f"{file}: which tree? Give tree= (trees: {', '.join(names)})")
        events = open_tree(directory, name)
    if not isinstance(events, uproot.TTree):
        raise InputError(
            f"annotate takes an uproot TTree, an Awkward Array or a path, not {type(events)}"
        )
    return _virtual(events), f"{events.file.file_path}: tree {events.name!r}"


def _virtual(tree: uproot.TTree) -> ak.Array:
    """All branches of the tree that Awkward Array can hold, unread."""
    held, refused = set(), []
    for name, branch in tree.iteritems(recursive=True, full_paths=False):
        try:
            branch.interpretation.awkward_form(tree.file)
        except (
            uproot.interpretation.objects.CannotBeAwkward,
            uproot.interpretation.identify.UnknownInterpretation,
            NotImplementedError,
        ):
            if not branch.branches:
                refused.append(name)
        else:
            held.add(id(branch))
    if refused:
        warnings.warn(
            f"{tree.file.file_path}: tree {tree.name!r}: left out, because Awkward Array cannot "
            f"hold them: {', '.join(refused)}",
            RootmlWarning,
            stacklevel=4,
        )
    return tree.arrays(virtual=True, filter_branch=lambda branch: id(branch) in held)


def _match(array: ak.Array, adapters: Sequence[Adapter], where: str) -> Match:
    names = BranchNames(array.fields)
    matches = [
        match(adapter, layout, "events", names, named=True)
        for adapter in adapters
        for layout in adapter.layouts
    ]
    return choose(matches, {"events": names}, where)


def _with_columns(array: ak.Array, tagger: Tagger, found: Match, where: str) -> ak.Array:
    outputs = _Once(lambda: _judge(array, tagger, found, where))
    lazy = not ak.to_layout(array).is_all_materialized
    for column in tagger.columns:
        values = _lazy_column(column, len(array), outputs) if lazy else outputs()[column.name]
        array = ak.with_field(array, values, column.name)
    return array


class _Once:
    """A function without arguments that runs once; its result is shared by several columns."""

    def __init__(self, function: Callable[[], Mapping[str, Any]]):
        self._function: Callable[[], Mapping[str, Any]] | None = function
        self._lock = threading.Lock()
        self._result: Mapping[str, Any] = {}

    def __call__(self) -> Mapping[str, Any]:
        with self._lock:
            if self._function is not None:
                self._result = self._function()
                self._function = None
            return self._result


def _lazy_column(column: Column, length: int, outputs: _Once) -> ak.Array:
    """An array whose buffers are filled from ``outputs`` when they are first touched."""
    name = column.name
    primitive = ak.forms.NumpyForm(column.dtype, inner_shape=column.shape, form_key="values")
    if column.per is None:
        return ak.from_buffers(
            primitive, length, {"values-data": lambda: np.asarray(outputs()[name])}
        )
    jagged = ak.forms.ListOffsetForm("i64", primitive, form_key="objects")

    def offsets() -> Array:
        counts = np.asarray(ak.num(outputs()[name]))
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    return ak.from_buffers(
        jagged,
        length,
        {
            "objects-offsets": offsets,
            "values-data": lambda: np.asarray(ak.flatten(outputs()[name])),
        },
    )


def _judge(array: ak.Array, tagger: Tagger, found: Match, where: str) -> dict[str, Any]:
    with located(where, 0):
        decoder = Decoder(found, _configure(array, found), where)
    parts = []
    for start, raw in _slices(array, decoder.branches(tagger.view.columns)):
        with located(where, start):
            parts.append(tagger(decoder.decode(raw, tagger.view.columns)).columns)
    return {c.name: ak.concatenate([part[c.name] for part in parts]) for c in tagger.columns}


def _configure(array: ak.Array, found: Match) -> Mapping[str, str]:
    layout = found.layout
    if layout.configure is None:
        return {}
    keys = [key for key in layout.probes if key in found.found]
    return layout.configure(
        ak.zip({key: array[found.found[key]][:PROBE_ENTRIES] for key in keys}, depth_limit=1)
    )


def _slices(array: ak.Array, fields: Sequence[str]) -> Iterator[tuple[int, dict[str, ak.Array]]]:
    for start in range(0, max(len(array), 1), CHUNK_EVENTS):
        yield start, {field: array[field][start : start + CHUNK_EVENTS] for field in fields}
