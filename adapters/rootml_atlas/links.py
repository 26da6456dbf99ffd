"""ElementLinks: which objects of another container the electrons point to.

A link is {m_persKey, m_persIndex}: a number that stands for the container, and the place in it
(ATLAS, ``AthLinks/ElementLink``). Where what it led to was left out of the file the key is 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import awkward as ak
import numpy as np

from rootml.errors import DataError
from rootml.spec import Array

CLUSTERS: Final = 360221983
TRACKS: Final = 776133387
TRUTH_ELECTRONS: Final = 394100163
"""Keys of ``egammaClusters``, ``GSFTrackParticles`` and ``TruthElectrons``.

Hashes of the names, so that they are alike in all files; seen in two productions.
"""


@dataclass(frozen=True)
class Links:
    """The links of some objects that lead anywhere: ``owner`` and ``target`` of each.

    Both count through all events; ``owners`` is how many objects there are.
    """

    owner: Array
    target: Array
    owners: int

    @cached_property
    def counts(self) -> Array:
        """Links of each object."""
        return np.bincount(self.owner, minlength=self.owners)

    def take(self, values: ak.Array) -> Array:
        """What the targets have: a branch (events, targets) of numbers, one for each link."""
        found: Array = ak.to_numpy(ak.flatten(values, axis=1))[self.target]
        return found

    @cached_property
    def first(self) -> Links:
        """Of each object the first link alone."""
        _, place = np.unique(self.owner, return_index=True)
        return Links(self.owner[place], self.target[place], self.owners)

    def spread(self, values: Array) -> Array:
        """A value for each object, of the one link that it has; NaN where it has none."""
        spread = np.full((self.owners, *values.shape[1:]), np.nan)
        spread[self.owner] = values
        return spread


def follow(key: ak.Array, index: ak.Array, container: int, sizes: Array, name: str) -> Links:
    """The links of objects, (events, objects) or (events, objects, links), into a ``container``.

    ``sizes``: how many objects that has in each event. Links to other containers lead nowhere.
    DataError where an index is beyond the end, and where all links lead elsewhere: then keys are
    not what they were.
    """
    if key.ndim == 2:
        key, index = key[..., np.newaxis], index[..., np.newaxis]
    per_object = ak.to_numpy(ak.flatten(ak.num(key, axis=2)))
    owner = np.repeat(np.arange(len(per_object)), per_object)
    event = np.repeat(np.arange(len(key)), ak.to_numpy(ak.num(key, axis=1)))[owner]
    keys, places = (ak.to_numpy(ak.flatten(part, axis=None)) for part in (key, index))
    ours = keys == container
    others = np.unique(keys[(keys != 0) & ~ours])
    if len(others) and not ours.any():
        raise DataError(
            f"{name}: no link leads to its container ({container}), but to {others.tolist()}"
        )
    owner, event, places = owner[ours], event[ours], places[ours].astype(np.int64)
    beyond = np.flatnonzero(places >= sizes[event])
    if len(beyond):
        at = beyond[0]
        raise DataError(
            f"{name}: a link to element {places[at]} of {sizes[event[at]]}", int(event[at])
        )
    starts = np.cumsum(sizes) - sizes
    return Links(owner, starts[event] + places, len(per_object))
