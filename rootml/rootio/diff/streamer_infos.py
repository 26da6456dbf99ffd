"""Comparing what two files say about the classes in them."""

from __future__ import annotations

from typing import Any

from rootml.errors import FileError
from rootml.rootio.diff.differences import Entry
from rootml.rootio.diff.opened import Comparison, Opened
from rootml.rootio.diff.plain import said
from rootml.rootio.opening import reading

_KIND = "streamer info"


def compare_streamer_infos(both: Comparison) -> None:
    """Compare the lists of streamer infos; what was added is only noted."""
    found = both.found
    try:
        first = _infos(both.old)
        second = first if _record(both.old) == _record(both.new) else _infos(both.new)
    except FileError as error:
        found.judge("", _KIND, [("the file's streamer infos", f"cannot be compared: {error}")], "")
        return
    for (name, version), members in first.items():
        path = f"{name} version {version}"
        if (name, version) in second:
            changed = said("members", members, second[name, version])
            found.judge(path, _KIND, changed, "same members")
        else:
            found.lost.append(Entry(path, _KIND, was="no description of the class any more"))
    found.notes += [
        Entry(f"{name} version {version}", _KIND, now="added")
        for name, version in second.keys() - first.keys()
    ]


def _record(side: Opened) -> bytes:
    """Return the stored bytes of the list, without its key."""
    header = side.file.header
    with reading(f"{side.path}: streamer infos"):
        key = side.file.key_at(header.info_seek)
        if key.nbytes != header.info_nbytes or header.info_seek + key.nbytes > header.end:
            raise ValueError("they are not where the file's header says")
        return side.file.read(header.info_seek + key.keylen, key.stored)


def _infos(side: Opened) -> dict[tuple[str, int], list[dict[str, Any]]]:
    with reading(f"{side.path}: streamer infos"):
        return {
            (name, version): list(map(_member, info.elements))
            for name, versions in side.reader.infos().items()
            for version, info in versions.items()
        }


def _member(element: Any) -> dict[str, Any]:
    """Return what decides how a member is read: not the comment on it, but for ``[range]``."""
    names = ("fName", "fTypeName", "fType", "fArrayLength", "fArrayDim", "fCountName")
    comment = str(element.member("fTitle"))
    return {
        **{name: element.member(name, none_if_missing=True) for name in names},
        "range": comment.partition("]")[0] if comment.startswith("[") else "",
    }
