"""Bytes of the objects rootml writes: TBranch 13, TBranchElement 10, TLeaf 2, TTree 20.

Layouts: the class streamers of ROOT (tree/tree: TTree, TBranch*, TLeaf*) and
TBufferFile::WriteObjectAny. ROOT reads these branches inside any TTree from version 5 on.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from math import prod

import numpy as np

from rootml.rootio.columns import Counts
from rootml.rootio.container.keys import pack_string
from rootml.spec import Array

MAP_OFFSET = 2
"""TBufferFile::kMapOffset: a reference is an object's position in the buffer plus this."""

BYTE_COUNT = 0x40000000
NEW_CLASS = 0xFFFFFFFF
_HEAP = 0x03000000  # TObject::kIsOnHeap | kNotDeleted
_BRANCH_BITS = _HEAP | 1 << 22  # TBranch::kDoNotUseBufferMap
_OFFSETS_LENGTH = 1000  # TBranch::fEntryOffsetLen of jagged branches, ROOT's default
BASKET_SIZE = 32000  # TTree::Branch's default fBasketSize
_STRING_CLASS = pack_string(b"string") + struct.pack(
    ">2sIh4i2I", b"", 1852773892, 2, -1, -1, -1, 0, 0, 0
)
"""The members of TBranchElement for an unsplit std::string: fParentName, fClonesName, fCheckSum,
fClassVersion, fID, fType, fStreamerType, fMaximum, fBranchCount, fBranchCount2 (ROOT 6.40)."""
_IO_FEATURES = b"@\x00\x00\x07\x00\x00\x1a\xa1/\x10\x00"  # ROOT::TIOFeatures, no features
_FILL_STYLE = b"@\x00\x00\x06\x00\x02\x00\x00\x03\xe9"  # TAttFill 2, defaults
_LINE_STYLE = b"@\x00\x00\x08\x00\x02\x02Z\x00\x01\x00\x01"  # TAttLine 2, defaults
_MARKER_STYLE = b"@\x00\x00\x0a\x00\x03\x00\x01\x00\x01?\x80\x00\x00"  # TAttMarker 3


@dataclass(frozen=True)
class LeafType:
    """How ROOT calls an element type: leaf class, type letter, and the type of its range."""

    class_name: str
    letter: str
    range_code: str


LEAF_TYPES = {
    "bool": LeafType("TLeafO", "O", "?"),
    "int8": LeafType("TLeafB", "B", "b"),
    "uint8": LeafType("TLeafB", "b", "b"),
    "int16": LeafType("TLeafS", "S", "h"),
    "uint16": LeafType("TLeafS", "s", "h"),
    "int32": LeafType("TLeafI", "I", "i"),
    "uint32": LeafType("TLeafI", "i", "i"),
    "int64": LeafType("TLeafL", "L", "q"),
    "uint64": LeafType("TLeafL", "l", "q"),
    "float32": LeafType("TLeafF", "F", "f"),
    "float64": LeafType("TLeafD", "D", "d"),
    "str": LeafType("TLeafElement", "", "i"),
}


@dataclass
class NewBranch:
    """A branch to be written: what it is, and which baskets it has so far.

    ``shape`` is that of one element, ``counter`` the name of the branch that counts elements
    per entry, ``count_leaf`` that of its leaf if it is another. ``doc`` is the branch's title if
    it has one of its own; ``maximum`` the largest count, of a branch that counts others.
    """

    name: str
    dtype: str
    shape: tuple[int, ...] = ()
    counter: str | None = None
    count_leaf: str = ""
    doc: str = ""
    is_counter: bool = False
    maximum: int = 0
    basket_nbytes: list[int] = field(default_factory=list)
    basket_seek: list[int] = field(default_factory=list)
    basket_entry: list[int] = field(default_factory=lambda: [0])
    total_bytes: int = 0
    stored_bytes: int = 0

    @property
    def leaf_type(self) -> LeafType:
        """The leaf class and letter of the element type."""
        return LEAF_TYPES[self.dtype]

    @property
    def item_size(self) -> int:
        """Bytes of one element; of a text, of a letter."""
        return 1 if self.is_text else np.dtype(self.dtype).itemsize * prod(self.shape)

    @property
    def is_text(self) -> bool:
        """Whether its entries are texts."""
        return self.dtype == "str"

    @property
    def has_offsets(self) -> bool:
        """Whether its entries differ in size, so that baskets say where each begins."""
        return self.is_text or self.counter is not None

    @property
    def entries(self) -> int:
        """Entries in the baskets written so far."""
        return self.basket_entry[-1]

    @property
    def title(self) -> str:
        """The leaf's title: the name and its dimensions."""
        sizes = filter(None, [self.count_leaf or self.counter, *map(str, self.shape)])
        return self.name + "".join(f"[{size}]" for size in sizes)


def byte_count(size: int) -> bytes:
    """Return the word that precedes ``size`` bytes of an object."""
    return struct.pack(">I", size | BYTE_COUNT)


def versioned(version: int, body: bytes) -> bytes:
    """Return an object's byte count, class version and members."""
    return byte_count(len(body) + 2) + struct.pack(">h", version) + body


def new_object(class_name: str, body: bytes) -> bytes:
    """Return an object as TBufferFile::WriteObjectAny does, its class named anew."""
    tagged = struct.pack(">I", NEW_CLASS) + class_name.encode() + b"\0" + body
    return byte_count(len(tagged)) + tagged


def tobject(bits: int) -> bytes:
    """Return a TObject, which has no byte count."""
    return struct.pack(">hII", 1, 0, bits)


def named(name: str, title: str, bits: int = _HEAP) -> bytes:
    """Return a TNamed."""
    strings = pack_string(name.encode()) + pack_string(title.encode())
    return versioned(1, tobject(bits) + strings)


def object_array(objects: bytes, count: int, bits: int = _HEAP) -> bytes:
    """Return a TObjArray without a name of ``count`` serialised ``objects``."""
    return versioned(3, tobject(bits) + b"\0" + struct.pack(">ii", count, 0) + objects)


def _leaf(branch: NewBranch, counter_reference: int) -> bytes:
    kind = branch.leaf_type
    size = np.dtype(branch.dtype).itemsize
    numbers = struct.pack(
        ">iii??I", prod(branch.shape), size, 0, branch.is_counter, kind.letter.islower(),
        counter_reference,
    )  # fmt: skip
    base = versioned(2, named(branch.name, branch.title) + numbers)
    last = (-1, -1) if branch.is_text else (0, branch.maximum)  # fID, fType; else the range
    return new_object(
        kind.class_name, versioned(1, base + struct.pack(f">2{kind.range_code}", *last))
    )


def _padded(values: list[int], dtype: str, size: int) -> bytes:
    out = np.zeros(size, dtype)
    out[: len(values)] = values
    return b"\x01" + out.tobytes()


def branch_bytes(
    branch: NewBranch, compression: int, counter_reference: int = 0
) -> tuple[bytes, int]:
    """Return a branch as an element of fBranches, and where in it its leaf starts.

    ``compression`` is ``fCompress``; ``counter_reference`` the reference word of the leaf
    that counts the elements, 0 for a branch without one.
    """
    baskets = len(branch.basket_seek)
    slots = max(10, baskets + 1)
    list_of_leaves = "/".join(filter(None, (branch.title, branch.leaf_type.letter)))
    head = named(branch.name, branch.doc or list_of_leaves, _BRANCH_BITS) + _FILL_STYLE
    offsets = _OFFSETS_LENGTH if branch.has_offsets else 0
    head += struct.pack(">iiiiq", compression, BASKET_SIZE, offsets, baskets, branch.entries)
    head += _IO_FEATURES
    head += struct.pack(
        ">iiiqqqq", 0, slots, 0, branch.entries, 0, branch.total_bytes, branch.stored_bytes
    )
    head += object_array(b"", 0)
    leaf = _leaf(branch, counter_reference)
    leaves = object_array(leaf, 1)
    tail = object_array(b"", 0)
    tail += _padded(branch.basket_nbytes, ">i4", slots)
    tail += _padded(branch.basket_entry, ">i8", slots)
    tail += _padded(branch.basket_seek, ">i8", slots) + b"\0"
    body = versioned(13, head + leaves + tail)
    if branch.is_text:
        out = new_object("TBranchElement", versioned(10, body + _STRING_CLASS))
        tail += _STRING_CLASS
    else:
        out = new_object("TBranch", body)
    return out, len(out) - len(tail) - len(leaf)


def text_entries(letters: Array, lengths: Counts) -> tuple[Array, Counts]:
    """Return the bytes of texts as TBufferFile::WriteStdString does, and how many each has.

    A text is its length, one byte or 255 and four, and its letters.
    """
    long = lengths >= 255
    heads = np.where(long, 5, 1)
    sizes = heads + lengths
    starts = np.cumsum(sizes) - sizes
    out = np.empty(int(sizes.sum()), np.uint8)
    is_letter = np.ones(len(out), np.bool_)
    is_letter[starts] = False
    out[starts] = np.minimum(lengths, 255)
    words = starts[long][:, None] + np.arange(1, 5)
    is_letter[words] = False
    out[words] = lengths[long].astype(">u4").view(np.uint8).reshape(-1, 4)
    out[is_letter] = letters
    return out, sizes


def tree_bytes(name: str, title: str, entries: int) -> bytes:
    """Return a TTree of ``entries`` entries and no branch."""
    body = named(name, title) + _LINE_STYLE + _FILL_STYLE + _MARKER_STYLE
    sizes = struct.pack(">5q", entries, 0, 0, 0, 0)  # total, stored, saved, flushed bytes
    sizes += struct.pack(">d5i", 1.0, 0, 25, 0, 1000, 0)  # weight ... number of cluster ranges
    limit = 1_000_000_000_000  # fMaxEntries, fMaxEntryLoop
    sizes += struct.pack(">6q", limit, limit, 0, -300_000_000, 0, 1_000_000)
    body += sizes + b"\0\0" + _IO_FEATURES  # no cluster ranges
    body += object_array(b"", 0) * 2  # fBranches, fLeaves
    body += struct.pack(">I", 0)  # fAliases
    body += struct.pack(">ii", 0, 0)  # fIndexValues, fIndex
    body += struct.pack(">4I", 0, 0, 0, 0)  # fTreeIndex, fFriends, fUserInfo, fBranchRef
    return versioned(20, body)


def string_bytes(text: str) -> bytes:
    """Return a TObjString."""
    return versioned(1, tobject(0) + pack_string(text.encode()))
