"""Branches of pointers to objects (``vector<T*>``) as records of the numbers in the objects.

Awkward Array cannot hold what uproot makes of them, and it makes one Python object of each. Here
only the way from object to object is walked; their members are taken together. Format: ROOT's
``TBufferFile::WriteObjectAny`` (byte count, tag of the class, object) and ``TObject::Streamer``.
"""

from __future__ import annotations

import re
from itertools import pairwise, takewhile
from typing import Any

import awkward as ak
import numpy as np
import uproot

from rootml.errors import BranchError
from rootml.spec import Array

_BYTE_COUNT = 0x40000000
_NEW_CLASS = 0xFFFFFFFF
_REFERENCED = 1 << 4  # TObject::kIsReferenced: two more bytes follow
_VECTOR_HEAD, _OBJECT_HEAD, _TOBJECT = 10, 6, 10
_TYPES = {
    1: ">i1", 2: ">i2", 3: ">i4", 4: ">i8", 5: ">f4", 6: ">i4", 8: ">f8", 11: ">u1", 12: ">u2",
    13: ">u4", 14: ">u8", 16: ">i8", 17: ">u8", 18: "?",
}  # fmt: skip
"""``TVirtualStreamerInfo::EReadWrite``: the types that are stored as they are."""


def pointee(branch: Any) -> str | None:
    """The class of the objects that a branch of uproot's points to; None for other branches."""
    found = re.fullmatch(r"(?:std::)?vector<(\w+)\*>", branch.typename)
    return found[1] if found else None


def read_pointees(branch: Any, class_name: str, start: int, stop: int) -> ak.Array:
    """(entries, objects) records of the numbers, and arrays of numbers, in the objects.

    Members between the first and the last that is something else are left out. BranchError where
    the objects are not of that class alone, or it is stored in another way.
    """
    front, back = _members(branch, class_name)
    as_bytes = uproot.AsJagged(uproot.AsDtype("u1"))
    raw = branch.array(as_bytes, entry_start=start, entry_stop=stop, library="ak")
    content = ak.to_numpy(ak.flatten(raw))
    edges = np.concatenate([[0], np.cumsum(ak.to_numpy(ak.num(raw)))])
    places, ends, counts = _walk(content.tobytes(), edges.tolist(), class_name)
    bits = _gather(content, places + 6, np.dtype([("fBits", ">u4")]))["fBits"]
    places = places + _TOBJECT + 2 * ((bits & _REFERENCED) > 0)
    if np.any(places + front.itemsize + back.itemsize > ends):
        raise BranchError(f"objects of {class_name} are shorter than the file says of the class")
    where = ((places, front), (ends - back.itemsize, back))
    return _records([_gather(content, at, dtype) for at, dtype in where if dtype.names], counts)


def pointee_form(branch: Any, class_name: str) -> ak.forms.Form:
    """The form of what :func:`read_pointees` gives; nothing is read."""
    empty = [np.zeros(0, dtype) for dtype in _members(branch, class_name)]
    return ak.to_packed(_records(empty, np.zeros(0, np.int64))).layout.form


def _records(parts: list[Array], counts: Array) -> ak.Array:
    """Lists of records of the members that the ``parts`` of all objects hold."""
    members = {
        name: ak.from_numpy(
            part[name].astype(part[name].dtype.newbyteorder("=")), regulararray=True
        )
        for part in parts
        for name in part.dtype.names or ()
    }
    return ak.unflatten(ak.zip(members, depth_limit=1), counts)


def _members(branch: Any, class_name: str) -> tuple[np.dtype[Any], np.dtype[Any]]:
    """The numbers at the beginning of the objects, behind ``TObject``, and those at their end."""
    info = branch.file.streamer_named(class_name)
    base, *elements = [None] if info is None else info.elements or [None]
    if base is None or base.classname != "TStreamerBase" or base.name != "TObject":
        raise BranchError(f"{class_name} is not derived from TObject alone")
    front = list(takewhile(_is_number, elements))
    rest = elements[len(front) :]
    back = list(takewhile(_is_number, reversed(rest)))[::-1]
    if not front and not back:
        raise BranchError(f"{class_name} neither begins nor ends with a number")
    return _dtype(front), _dtype(back)


def _is_number(element: Any) -> bool:
    kind = element.classname == "TStreamerBasicType"
    return kind and element.member("fType") % 20 in _TYPES


def _dtype(elements: list[Any]) -> np.dtype[Any]:
    shapes = [(e.array_length,) if e.array_length else () for e in elements]
    kinds = [_TYPES[e.member("fType") % 20] for e in elements]
    names = [e.name for e in elements]
    return np.dtype(list(zip(names, kinds, shapes, strict=True)))


def _walk(content: bytes, edges: list[int], class_name: str) -> tuple[Array, Array, Array]:
    """Where each object begins (behind its version) and ends, and how many an entry has."""
    places, ends, counts = [], [], []
    for edge, stop in pairwise(edges):
        at = edge + _VECTOR_HEAD
        count = int.from_bytes(content[at - 4 : at], "big")
        counts.append(count)
        for _ in range(count):
            size = int.from_bytes(content[at : at + 4], "big")
            tag = int.from_bytes(content[at + 4 : at + 8], "big")
            end = at + 4 + (size & ~_BYTE_COUNT)
            name = class_name.encode() + b"\0" if tag == _NEW_CLASS else b""
            at += 8 + len(name)
            if not size & _BYTE_COUNT or end > stop or content[at - len(name) : at] != name:
                raise BranchError(f"expected objects of {class_name} and no null pointers")
            places.append(at + _OBJECT_HEAD)
            ends.append(end)
            at = end
        if at != stop:
            raise BranchError(f"{stop - at} bytes behind the last {class_name} of an entry")
    return np.array(places, np.int64), np.array(ends, np.int64), np.array(counts, np.int64)


def _gather(content: Array, places: Array, dtype: np.dtype[Any]) -> Array:
    """(objects,) records that begin at these places."""
    taken = content[places[:, None] + np.arange(dtype.itemsize)]
    records: Array = np.ascontiguousarray(taken).view(dtype).reshape(len(places))
    return records
