"""The anchor, the header and the footer of an RNTuple, to be read and written anew.

Spec: Anchor schema, Header Envelope, Footer Envelope. What a newer format has put behind the
parts known here is kept as it is.
"""

from __future__ import annotations

import struct
from dataclasses import astuple, dataclass
from typing import Self

from rootml.errors import AppendRefused
from rootml.rootio.rntuple.frames import (
    CHECKSUM_BYTES,
    Damaged,
    FrameList,
    Scan,
    checksum,
    record,
    record_payload,
    string,
)
from rootml.rootio.rntuple.schema import Schema

_ANCHOR = struct.Struct(">IH4H7Q")  # byte count, class version, format version, links, key size
_ANCHOR_HEAD = 6
_BYTE_COUNT = 0x40000000
_FEATURES = struct.pack("<Q", 0)
_GROUP = struct.Struct("<QQIQiQ")  # first entry, entries, clusters, page list: length, size, seek


@dataclass(frozen=True)
class Link:
    """Where an envelope is: position, stored bytes, uncompressed bytes."""

    seek: int
    nbytes: int
    length: int


@dataclass(frozen=True)
class Anchor:
    """The object of class ROOT::RNTuple that the directory lists (big-endian)."""

    class_version: int
    version: tuple[int, ...]
    header: Link
    footer: Link
    max_key_size: int
    tail: bytes = b""

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the content of the anchor's record; Damaged if its checksum is wrong."""
        body, end = payload[_ANCHOR_HEAD:-CHECKSUM_BYTES], payload[-CHECKSUM_BYTES:]
        if len(payload) < _ANCHOR.size + CHECKSUM_BYTES or checksum(body)[::-1] != end:
            raise Damaged("its anchor is damaged (wrong checksum)")
        _, class_version, *numbers = _ANCHOR.unpack_from(payload)
        version, header, footer = numbers[:4], Link(*numbers[4:7]), Link(*numbers[7:10])
        tail = payload[_ANCHOR.size : -CHECKSUM_BYTES]
        return cls(class_version, tuple(version), header, footer, numbers[10], tail)

    def pack(self) -> bytes:
        """Return the content of the anchor's record (ROOT::RNTuple::Streamer)."""
        count = _BYTE_COUNT | _ANCHOR.size - 4 + len(self.tail)
        links = [n for link in (self.header, self.footer) for n in astuple(link)]
        numbers = (*self.version, *links, self.max_key_size)
        data = _ANCHOR.pack(count, self.class_version, *numbers) + self.tail
        return data + checksum(data[_ANCHOR_HEAD:])[::-1]


@dataclass(frozen=True)
class Header:
    """The header: what an RNTuple is called, and the schema that it was begun with."""

    name: str
    description: str
    writer: str
    schema: Schema

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the payload of a header."""
        scan = Scan(payload)
        scan.refuse_features()
        name, description, writer = scan.string(), scan.string(), scan.string()
        return cls(name, description, writer, Schema.parse(scan))

    def pack(self) -> bytes:
        """Return the payload."""
        texts = (self.name, self.description, self.writer)
        return _FEATURES + b"".join(map(string, texts)) + self.schema.pack()


@dataclass(frozen=True)
class ClusterGroup:
    """Some clusters whose pages one page list tells."""

    first: int
    entries: int
    clusters: int
    link: Link
    tail: bytes = b""

    @classmethod
    def parse(cls, frame: bytes) -> Self:
        """Read a cluster group record frame."""
        scan = record_payload(frame)
        first, entries, clusters, length, nbytes, seek = scan.numbers(_GROUP)
        if nbytes < 0:
            raise AppendRefused("a page list of it has a locator of an unknown kind")
        return cls(first, entries, clusters, Link(seek, nbytes, length), scan.rest())

    def pack(self) -> bytes:
        """Return the record frame."""
        link = self.link
        head = (self.first, self.entries, self.clusters, link.length, link.nbytes, link.seek)
        return record(_GROUP.pack(*head) + self.tail)


@dataclass(frozen=True)
class Footer:
    """The footer: the schema's extension and the cluster groups."""

    header_checksum: bytes
    extension: Schema
    groups: tuple[ClusterGroup, ...]
    groups_tail: bytes = b""
    tail: bytes = b""

    @classmethod
    def parse(cls, payload: bytes) -> Self:
        """Read the payload of a footer."""
        scan = Scan(payload)
        scan.refuse_features()
        header_checksum = scan.take(CHECKSUM_BYTES)
        extension = Schema.parse(record_payload(scan.frame()))
        groups = FrameList.parse(scan.frame())
        parsed = tuple(map(ClusterGroup.parse, groups.items))
        return cls(header_checksum, extension, parsed, groups.tail, scan.rest())

    def pack(self) -> bytes:
        """Return the payload."""
        groups = FrameList(tuple(group.pack() for group in self.groups), self.groups_tail)
        extension = record(self.extension.pack())
        return _FEATURES + self.header_checksum + extension + groups.pack() + self.tail
