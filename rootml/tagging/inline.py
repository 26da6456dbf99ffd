"""Columns of a network beside the events of an analysis, computed when first touched."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import awkward as ak
import uproot
from uproot.behaviors.RNTuple import RNTuple

from rootml.errors import BranchError, InputError, RootmlWarning, located
from rootml.registry import load
from rootml.rootio.events.base import Events
from rootml.rootio.events.friends import with_friends
from rootml.rootio.events.kinds import as_events, open_events
from rootml.rootio.events.lazy import FieldPath, Once, deferred, field_paths
from rootml.rootio.matching import BranchNames, Decoder, choose, match
from rootml.rootio.opening import open_file, reading, split_path, tree_names
from rootml.rootio.source import PROBE_ENTRIES
from rootml.spec import Column
from rootml.tagger import Tagger
from rootml.tagging.candidates import candidates
from rootml.tagging.points import check_points
from rootml.variations import Vary

if TYPE_CHECKING:
    from rootml.adapter import Adapter
    from rootml.rootio.events.friends import Named
    from rootml.rootio.matching import Match

CHUNK_EVENTS = 8192
"""Events that are turned into tensors at once."""


def annotate(
    events: uproot.TTree | RNTuple | ak.Array | str | os.PathLike[str],
    model: str | os.PathLike[str] | None = None,
    *,
    tree: str | None = None,
    friends: Named = (),
    prefix: str = "",
    outputs: Sequence[str] | None = None,
    working_points: str | Sequence[str] = (),
    vary: Vary | None = None,
    vary_seed: int = 0,
    batch_size: int | None = None,
    threads: int | None = None,
    device: str = "cpu",
    engine: str | None = None,
) -> ak.Array:
    """Return the events with a network's outputs as further fields.

    ``events``: an open uproot TTree or RNTuple, an Awkward Array whose fields are the branches,
    or a path (``"file.root"`` with ``tree=``, or ``"file.root:tree"``; a file with one tree
    needs neither). ``friends``: further files (``"[alias=]file.root[:tree]"``) whose branches
    belong to the same entries, beside the friends that the tree itself names; their branches
    become fields too, as ``alias.branch`` where ``branch`` is taken. ``model``: a model's name
    or card; None takes the default of the experiment the events are from. Fields are named
    ``<prefix><model>_<output>``. ``working_points``: names of cuts of the card, or "all"; each is
    a field ``<prefix><model>_<point>`` of bools. ``vary``: systematic variations that the model's
    view declares, and their values: ``{"cell_scale": (0.99, 1.01)}`` gives each field again as
    ``<field>_cell_scale_0p99`` and so on; ``vary_seed`` is that of random ones. ``threads``,
    ``device``, ``engine``: as of :func:`rootml.load`.

    For a tree, a path or an array with virtual buffers nothing is read here: the network runs
    once, on the branches of its view alone, when one of its columns is first touched. Events
    it cannot judge get NaN (-1 for integers, False for bools).

    Raises :class:`~rootml.errors.LayoutError` where the fields fit no layout of the model's
    experiment, :class:`~rootml.errors.BranchError` where a field of that name is there
    already, and what :func:`rootml.load` raises; what is read later,
    :class:`~rootml.errors.FileError` where it cannot be.
    """
    given = _regularize(events, tree, friends)
    options: Any = {"threads": threads, "device": device, "engine": engine}
    loaded = None if model is None else load(_named(model), **options)
    adapters = candidates() if loaded is None else [loaded.adapter]
    found = _match(given, adapters)
    if loaded is None:
        loaded = load(found.adapter.default_model, **options)
    tagger = Tagger(
        loaded,
        prefix=prefix,
        outputs=outputs,
        working_points=working_points,
        vary=vary,
        vary_seed=vary_seed,
        batch_size=batch_size,
        layout=found.layout,
    )
    clash = [column.name for column in tagger.columns if column.name in given.array.fields]
    if clash:
        raise BranchError(
            f"{given.where}: the events already have a field {clash[0]!r}; "
            "give prefix= to name the new ones differently"
        )
    decoder = Decoder(found, {}, given.where)
    check_points(tagger, decoder)
    decoder.keys(tagger.reads)
    return _with_columns(given, tagger, found)


@dataclass(frozen=True)
class _Events:
    """Events as an array, where each branch is in it, and what to call them in errors."""

    array: ak.Array
    paths: Mapping[str, FieldPath]
    where: str
    imported: bool = True

    def read(self, branches: Sequence[str], start: int, stop: int) -> dict[str, ak.Array]:
        """Some branches of a range of events; FileError where one cannot be read."""
        raw = {}
        for branch in branches:
            with reading(f"{self.where}, branch {branch!r}"):
                values = self.array
                for field in self.paths[branch]:
                    values = values[field]
                raw[branch] = ak.materialize(values[start:stop])
        return raw


def _named(model: str | os.PathLike[str]) -> str | Path:
    return model if isinstance(model, str) else Path(model)


def _regularize(
    events: uproot.TTree | RNTuple | ak.Array | str | os.PathLike[str],
    tree: str | None,
    friends: Named,
) -> _Events:
    if isinstance(events, ak.Array):
        if friends:
            raise InputError("friends= go with a tree or a path, not with an array")
        return _Events(events, field_paths(events), "events")
    if isinstance(events, str | os.PathLike):
        alone = _open_path(events, tree)
    elif isinstance(events, uproot.TTree | RNTuple):
        alone = as_events(events)
    else:
        raise InputError(
            "annotate takes an uproot TTree or RNTuple, an Awkward Array or a path, "
            f"not {type(events)}"
        )
    joined = with_friends(alone, friends)
    for problem in joined.problems:
        warnings.warn(f"{joined.where}: {problem}", RootmlWarning)
    return _Events(*joined.lazy(), joined.where, joined.names.imported)


def _open_path(path: str | os.PathLike[str], tree: str | None) -> Events:
    file, inner = split_path(path)
    directory = open_file(file)
    names = tree_names(directory)
    name = tree or inner or (names[0] if len(names) == 1 else None)
    if name is None:
        raise InputError(f"{file}: which tree? Give tree= (trees: {', '.join(names)})")
    return open_events(directory, name)


def _match(events: _Events, adapters: Sequence[Adapter]) -> Match:
    names = BranchNames(events.paths, imported=events.imported)
    matches = [
        match(adapter, layout, "events", names, named=True)
        for adapter in adapters
        for layout in adapter.layouts
    ]
    return choose(matches, {"events": names}, events.where)


def _with_columns(events: _Events, tagger: Tagger, found: Match) -> ak.Array:
    array = events.array
    outputs = Once(lambda: _judge(events, tagger, found))
    lazy = not ak.to_layout(array).is_all_materialized
    for column in tagger.columns:
        values = _lazy_column(column, len(array), outputs) if lazy else outputs()[column.name]
        array = ak.with_field(array, values, column.name)
    return array


def _lazy_column(column: Column, length: int, outputs: Once[dict[str, Any]]) -> ak.Array:
    """An array whose buffers are filled from ``outputs`` when they are first touched."""
    form = ak.forms.NumpyForm(column.dtype, inner_shape=column.shape)
    if column.per is not None:
        form = ak.forms.ListOffsetForm("i64", form)
    return deferred(form, length, lambda: outputs()[column.name])


def _judge(events: _Events, tagger: Tagger, found: Match) -> dict[str, Any]:
    with located(events.where, 0):
        decoder = Decoder(found, _configure(events, found), events.where)
    parts = []
    branches = decoder.branches(tagger.reads)
    length = len(events.array)
    for start in range(0, max(length, 1), CHUNK_EVENTS):
        raw = events.read(branches, start, min(start + CHUNK_EVENTS, length))
        with located(events.where, start):
            parts.append(tagger(decoder.decode(raw, tagger.reads)).columns)
    return {c.name: ak.concatenate([part[c.name] for part in parts]) for c in tagger.columns}


def _configure(events: _Events, found: Match) -> Mapping[str, str]:
    if found.layout.configure is None:
        return {}
    probes = {key: found.found[key] for key in found.layout.probes if key in found.found}
    raw = events.read(tuple(probes.values()), 0, min(PROBE_ENTRIES, len(events.array)))
    return found.layout.configure(
        ak.zip({key: raw[path] for key, path in probes.items()}, depth_limit=1)
    )
