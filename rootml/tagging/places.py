"""Where the branches of a file are in an array of its events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any
from urllib.parse import unquote

import awkward as ak

from rootml.rootio.events.lazy import FieldPath, field_paths, nodes


@dataclass(frozen=True)
class Place:
    """A field of the events or, with ``counts``, how many objects it holds in each event."""

    path: FieldPath
    counts: bool = False

    def of(self, events: ak.Array) -> ak.Array:
        """What is there, in some events."""
        for field in self.path:
            events = events[field]
        return ak.num(events, axis=1) if self.counts else events


def is_nanoevents(array: ak.Array) -> bool:
    """Whether these are events as coffea's NanoEvents reads them: branches grouped to records."""
    return bool(ak.to_layout(array).purelist_parameter("__record__") == "NanoEvents")


def plain_places(array: ak.Array) -> dict[str, Place]:
    """The fields of an array, by name; those of nested records are named ``outer.inner``."""
    return {name: Place(path) for name, path in field_paths(array).items()}


def nano_places(array: ak.Array) -> dict[str, Place]:
    """Where each branch is in NanoEvents; corrected and filtered objects count as they are now.

    The schema's form, which goes with events as they were opened, tells the branch that each
    field was read from. It does not go with a partition of dask, nor through pickle: there it is
    the schema's rule. ``n<collection>`` is how many objects a collection holds.
    """
    places = plain_places(array)
    form = array.attrs.get("@form")
    known = {place.path for place in places.values()}
    named = _read_from(form) if form is not None else _physlite_names(known)
    for branch, path in named.items():
        if path in known:
            places.setdefault(branch, Place(path))
    for name in collections(array):
        places.setdefault(f"n{name}", Place((name,), counts=True))
    return places


def collections(array: ak.Array) -> list[str]:
    """The fields that hold a list of records for each event."""
    outer = [(path[0], form) for path, form in nodes(ak.to_layout(array).form) if len(path) == 1]
    lists = {name for name, form in outer if form.is_list}
    return [name for name, form in outer if form.is_record and name in lists]


def collection_of(places: Mapping[str, Place], per: str, among: list[str]) -> str | None:
    """The collection of NanoEvents that holds the objects called ``per``; None if none does.

    It is called so, maybe in the plural, or its branches are: ``AnalysisElectronsAuxDyn.pt`` makes
    ``Electrons`` that of ``AnalysisElectrons``.
    """
    for name in (per, f"{per}s"):
        if name in among:
            return name
    branch = re.compile(rf"{re.escape(per)}(_|(Aux(Dyn)?)?[.:])")
    named = {place.path[0] for name, place in places.items() if branch.match(name)}
    found = named.intersection(among)
    return found.pop() if len(found) == 1 else None


def _read_from(form: Mapping[str, Any]) -> dict[str, FieldPath]:
    """The field that holds each branch as it is, by the keys of coffea's forms.

    A key is a program: ``Electron_pt,!load,!content`` is the branch's content, and what has
    another step is computed. A list with such a key is what each object has of a branch of lists;
    that of the objects themselves is of no branch.
    """
    found: dict[str, FieldPath] = {}
    for path, node in nodes(ak.forms.from_dict(form)):
        branch, *steps = unquote(node.form_key or "").split(",")
        loaded = steps[:1] in (["!load"], ["!loadallowmissing"])
        whole = node.is_numpy or (node.is_list and "!content" in steps)
        if whole and loaded and set(steps[1:]) <= {"!content"}:
            found.setdefault(branch, path)
    return found


def _physlite_names(paths: set[FieldPath]) -> dict[str, FieldPath]:
    """The branches that coffea's PHYSLITESchema could have made these fields of."""
    pairs = [path for path in paths if len(path) == 2]
    ends = product(("Analysis", ""), ("AuxDyn", "Aux"))
    return {
        f"{head}{outer}{tail}.{inner}": (outer, inner)
        for head, tail in ends
        for outer, inner in pairs
    }
