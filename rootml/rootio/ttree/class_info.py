"""Streamer infos of TBranchElement 10 and TLeafElement 1, which uproot does not carry.

Members, comments and checksums are those of ROOT 6.40; the layouts are those of TStreamerInfo 9
and TStreamerElement 4 with its subclasses (core/meta: TStreamerElement.h, TStreamerInfo.h).
"""

from __future__ import annotations

import struct

from rootml.rootio.container.keys import pack_string
from rootml.rootio.ttree.serial import named, new_object, object_array, versioned


def _element(
    kind: str, version: int, name: str, comment: str, code: int, size: int, type_name: str,
    checksum: int = 0, more: bytes = b"",
) -> bytes:  # fmt: skip
    """Return a TStreamerElement; a base keeps its class's checksum in fMaxIndex[1]."""
    numbers = struct.pack(">2i2i5I", code, size, 0, 0, 0, checksum, 0, 0, 0)
    body = versioned(4, named(name, comment) + numbers + pack_string(type_name.encode()))
    return new_object(kind, versioned(version, body + more))


def _base(name: str, comment: str, checksum: int, version: int) -> bytes:
    more = struct.pack(">i", version)
    return _element("TStreamerBase", 3, name, comment, 0, 0, "BASE", checksum, more)


def _string(name: str, comment: str) -> bytes:
    return _element("TStreamerString", 2, name, comment, 65, 24, "TString")


def _number(name: str, comment: str, code: int = 3, size: int = 4, kind: str = "int") -> bytes:
    return _element("TStreamerBasicType", 2, name, comment, code, size, kind)


def _pointer(name: str, comment: str) -> bytes:
    return _element("TStreamerObjectPointer", 2, name, comment, 64, 8, "TBranchElement*")


def _info(name: str, checksum: int, version: int, elements: list[bytes]) -> bytes:
    """Return a TStreamerInfo as an element of a TList: with an option, an empty string."""
    array = object_array(b"".join(elements), len(elements))
    numbers = struct.pack(">Ii", checksum, version)
    body = named(name, "") + numbers + new_object("TObjArray", array)
    return new_object("TStreamerInfo", versioned(9, body)) + b"\0"


CLASS_INFOS = {
    ("TBranchElement", 10): _info("TBranchElement", 3880738403, 10, [
        _base("TBranch", "Branch descriptor", 278366892, 13),
        _string("fClassName", "Class name of referenced object"),
        _string("fParentName", "Name of parent class"),
        _string("fClonesName", "Name of class in TClonesArray or (STL) collection (if any)"),
        _number("fCheckSum", "CheckSum of class", 13, 4, "unsigned int"),
        _number("fClassVersion", "Version number of class", 2, 2, "short"),
        _number("fID", "element serial number in fInfo"),
        _number("fType", "Branch type"),
        _number("fStreamerType", "branch streamer type"),
        _number("fMaximum", "Maximum entries for a TClonesArray or variable array"),
        _pointer("fBranchCount", "pointer to primary branchcount branch"),
        _pointer("fBranchCount2", "pointer to secondary branchcount branch"),
    ]),
    ("TLeafElement", 1): _info("TLeafElement", 2689566867, 1, [
        _base("TLeaf", "Leaf: description of a Branch data type", 1830715730, 2),
        _number("fID", "element serial number in fInfo"),
        _number("fType", "leaf type"),
    ]),
}  # fmt: skip
"""By class and version, as elements of the TList of streamer infos."""
