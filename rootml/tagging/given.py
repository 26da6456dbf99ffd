"""Events that an analysis hands over, whatever they are, as an array with names of branches."""

from __future__ import annotations

import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import awkward as ak
import uproot
from uproot.behaviors.RNTuple import RNTuple

from rootml.errors import InputError, RootmlWarning
from rootml.rootio.events.base import Events
from rootml.rootio.events.friends import with_friends
from rootml.rootio.events.kinds import as_events, list_trees, open_events, open_trees
from rootml.rootio.matching import BranchNames, choose, match
from rootml.rootio.opening import reading, split_path
from rootml.tagging.places import (
    Place,
    collection_of,
    collections,
    is_nanoevents,
    nano_places,
    plain_places,
)

if TYPE_CHECKING:
    from rootml.adapter import Adapter
    from rootml.rootio.events.friends import Named
    from rootml.rootio.matching import Match


@dataclass(frozen=True)
class Given:
    """Events as an array, where each branch is in it, and what to call them in errors.

    ``collections``: fields to whose objects values per object belong. ``traced``: the array has a
    type and no values, as where dask builds a graph.
    """

    array: ak.Array
    places: Mapping[str, Place]
    where: str
    imported: bool = True
    collections: Sequence[str] = ()
    traced: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "traced", ak.backend(self.array) == "typetracer")

    def read(self, branches: Sequence[str], start: int, stop: int) -> dict[str, ak.Array]:
        """Some branches of a range of events; FileError where one cannot be read."""
        raw = {}
        for branch in branches:
            with reading(f"{self.where}, branch {branch!r}"):
                raw[branch] = ak.materialize(self.places[branch].of(self.array)[start:stop])
        return raw

    def home(self, per: str | None) -> str | None:
        """The collection that values for each ``per`` belong to, if there is one."""
        return None if per is None else collection_of(self.places, per, list(self.collections))

    def match(self, adapters: Sequence[Adapter]) -> Match:
        """The one layout of these adapters that the branches are in, else LayoutError."""
        names = BranchNames(self.places, imported=self.imported)
        matches = [
            match(adapter, layout, "events", names, named=True)
            for adapter in adapters
            for layout in adapter.layouts
        ]
        return choose(matches, {"events": names}, self.where)


def regularize(events: Any, tree: str | None, friends: Named) -> Given:
    """What :func:`rootml.annotate` takes, as an array; of dask's collections, their type."""
    if tree is not None and not isinstance(events, str | os.PathLike):
        raise InputError("tree= goes with a path alone")
    if isinstance(events, ak.Array) or is_dask(events):
        if friends:
            raise InputError("friends= go with a tree or a path, not with an array")
        return _of_array(events if isinstance(events, ak.Array) else events._meta)
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
    array, paths = joined.lazy()
    places = {name: Place(path) for name, path in paths.items()}
    return Given(array, places, joined.where, joined.names.imported)


def is_dask(events: object) -> bool:
    """Whether these are dask-awkward's, which nobody has who has not imported it."""
    dask_awkward = sys.modules.get("dask_awkward")
    return dask_awkward is not None and isinstance(events, dask_awkward.Array)


def _of_array(array: ak.Array) -> Given:
    if not is_nanoevents(array):
        return Given(array, plain_places(array), "events")
    return Given(array, nano_places(array), "events", collections=collections(array))


def _open_path(path: str | os.PathLike[str], tree: str | None) -> Events:
    file, inner = split_path(path)
    directory = open_trees(file)
    names = list_trees(directory)
    name = tree or inner or (names[0] if len(names) == 1 else None)
    if name is None:
        raise InputError(f"{file}: which tree? Give tree= (trees: {', '.join(names)})")
    return open_events(directory, name)
