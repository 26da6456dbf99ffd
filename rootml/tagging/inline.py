"""Columns of a network beside the events of an analysis, computed when first touched."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import awkward as ak
import uproot
from uproot.behaviors.RNTuple import RNTuple

from rootml.errors import BranchError, InputError, located
from rootml.registry import default_model
from rootml.rootio.events.lazy import Once
from rootml.rootio.matching import Decoder
from rootml.rootio.source import PROBE_ENTRIES
from rootml.runtime.model import Model
from rootml.tagger import Tagger
from rootml.tagging.attach import attach
from rootml.tagging.candidates import candidates
from rootml.tagging.given import Given, is_dask, regularize
from rootml.tagging.models import kept_model
from rootml.tagging.points import check_points
from rootml.variations import Vary

if TYPE_CHECKING:
    from rootml.rootio.events.friends import Named
    from rootml.rootio.matching import Match
    from rootml.spec import Column

CHUNK_EVENTS = 8192
"""Events that are turned into tensors at once."""
Target = tuple["Column", str | None, str]
"""A column, the collection it goes to (None: the events), and its name there."""


def annotate(
    events: uproot.TTree | RNTuple | ak.Array | str | os.PathLike[str],
    model: str | os.PathLike[str] | Model | None = None,
    *,
    tree: str | None = None,
    friends: Named = (),
    prefix: str = "",
    outputs: Sequence[str] | None = None,
    working_points: str | Sequence[str] = (),
    vary: Vary | None = None,
    vary_seed: int = 0,
    ood: bool = False,
    batch_size: int | None = None,
    threads: int | None = None,
    device: str = "cpu",
    engine: str | None = None,
) -> ak.Array:
    """Return the events with a network's outputs as further fields.

    ``events``: an open uproot TTree or RNTuple, an Awkward Array whose fields are the branches,
    coffea's NanoEvents (virtual, eager, or of dask), or a path (``"file.root"`` with ``tree=``, or
    ``"file.root:tree"``; a file with one tree needs neither). ``friends``: further files
    (``"[alias=]file.root[:tree]"``) whose branches belong to the same entries, beside the friends
    that the tree itself names; their branches become fields too, as ``alias.branch`` where
    ``branch`` is taken. ``model``: a model's name or card, or what :func:`rootml.load` gave; None
    takes the default of the experiment the events are from. Fields are named
    ``<prefix><model>_<output>``; in NanoEvents, those per object are fields of the objects,
    ``events.Electron.<prefix><model>_<output>``. ``working_points``: names of cuts of the card, or
    "all"; each is a field ``<prefix><model>_<point>`` of bools. ``vary``: systematic variations
    that the model's view declares, and their values: ``{"cell_scale": (0.99, 1.01)}`` gives each
    field again as ``<field>_cell_scale_0p99`` and so on; ``vary_seed`` is that of random ones.
    ``ood``: adds the distance to the training domain, ``<model>_ood``. ``threads``, ``device``,
    ``engine``: as of :func:`rootml.load`.

    For a tree, a path or an array with virtual buffers nothing is read here, but how many objects
    an event of NanoEvents has: the network runs once, on the branches of its view alone, when one
    of its columns is first touched. On dask it runs partition by partition, when these are
    computed. What it cannot judge gets NaN (-1 for integers, False for bools).

    Raises :class:`~rootml.errors.InputError` for a variation that the view does not declare,
    :class:`~rootml.errors.LayoutError` where the fields fit no layout of the model's
    experiment, :class:`~rootml.errors.BranchError` where a field of that name is there
    already, and what :func:`rootml.load` raises; what is read later,
    :class:`~rootml.errors.FileError` where it cannot be.
    """
    shaping: dict[str, Any] = {
        "prefix": prefix,
        "outputs": outputs,
        "working_points": working_points,
        "vary": vary,
        "vary_seed": vary_seed,
        "ood": ood,
        "batch_size": batch_size,
    }
    given = regularize(events, tree, friends)
    loaded = None if model is None else _open(model, threads, device, engine)
    found = given.match(candidates() if loaded is None else [loaded.adapter])
    if loaded is None:
        default = default_model(found.adapter, found.layout, given.where)
        loaded = _open(default, threads, device, engine)
    tagger = Tagger(loaded, layout=found.layout, **shaping)
    targets = [_target(given, column, prefix) for column in tagger.columns]
    decoder = Decoder(found, {}, given.where)
    check_points(tagger, decoder)
    branches = decoder.branches(tagger.reads)
    if is_dask(events):
        from dask_awkward.lib.core import map_partitions

        part = partial(annotate, model=loaded, **shaping)
        return map_partitions(part, events, label="annotate")
    if given.traced:
        for branch in (*branches, *_probes(found)):
            ak.typetracer.touch_data(given.places[branch].of(given.array))
    return _with_columns(given, tagger, found, targets)


def _open(model: str | os.PathLike[str] | Model, *options: Any) -> Model:
    """The model, opened unless it is; ``options``: threads, device and engine."""
    if isinstance(model, Model):
        if options != (None, "cpu", None):
            raise InputError(
                f"{model!r} is open already: give threads=, device= and engine= to rootml.load"
            )
        return model
    if not isinstance(model, str | os.PathLike):
        raise InputError(f"model= takes a name, a path or a loaded model, not {type(model)}")
    reference = model if isinstance(model, str) else Path(model)
    return kept_model(reference, *options)


def _target(given: Given, column: Column, prefix: str) -> Target:
    """Where a column goes: to the objects it is of, without their name in its own."""
    home = given.home(column.per)
    name = column.name
    if home is not None:
        name = prefix + name.removeprefix(f"{prefix}{column.per}_")
    if name in (given.array if home is None else given.array[home]).fields:
        full = name if home is None else f"{home}.{name}"
        raise BranchError(
            f"{given.where}: the events already have a field {full!r}; "
            "give prefix= to name the new ones differently"
        )
    return column, home, name


def _with_columns(
    given: Given, tagger: Tagger, found: Match, targets: Sequence[Target]
) -> ak.Array:
    outputs = Once(lambda: _judge(given, tagger, found))
    array = given.array
    for column, home, name in targets:
        array = attach(array, column, name, home, partial(_column, outputs, column.name))
    return array


def _column(outputs: Once[dict[str, Any]], name: str) -> Any:
    return outputs()[name]


def _judge(given: Given, tagger: Tagger, found: Match) -> dict[str, Any]:
    with located(given.where, 0):
        decoder = Decoder(found, _configure(given, found), given.where)
    parts = []
    branches = decoder.branches(tagger.reads)
    length = len(given.array)
    for start in range(0, max(length, 1), CHUNK_EVENTS):
        raw = given.read(branches, start, min(start + CHUNK_EVENTS, length))
        with located(given.where, start):
            parts.append(tagger(decoder.decode(raw, tagger.reads)).columns)
    return {c.name: ak.concatenate([part[c.name] for part in parts]) for c in tagger.columns}


def _probes(found: Match) -> tuple[str, ...]:
    """The branches that the layout looks at to settle its options."""
    if found.layout.configure is None:
        return ()
    return tuple(found.found[key] for key in found.layout.probes if key in found.found)


def _configure(given: Given, found: Match) -> Mapping[str, str]:
    if found.layout.configure is None:
        return {}
    raw = given.read(_probes(found), 0, min(PROBE_ENTRIES, len(given.array)))
    probes = {key: raw[found.found[key]] for key in found.layout.probes if key in found.found}
    return found.layout.configure(ak.zip(probes, depth_limit=1))
