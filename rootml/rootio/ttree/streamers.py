"""The list of streamer infos: what a file says about the classes in it."""

from __future__ import annotations

import struct

import uproot

from rootml.errors import AppendRefused
from rootml.rootio.container.compression import compressor
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.ttree.class_info import CLASS_INFOS
from rootml.rootio.ttree.splicing import Edit, Splice
from rootml.rootio.ttree.tracing import Reader
from rootml.rootio.ttree.view import ArrayPlace

ClassVersion = tuple[str, int]


def known_streamers() -> dict[ClassVersion, bytes]:
    """Return the streamer infos of what may be written, as elements of a TList.

    (Each is followed by the option it was added with, an empty string.)
    """
    models = uproot.models
    modules = (models.TTree, models.TBranch, models.TLeaf, models.TObjString)
    things = [thing for module in modules for thing in vars(module).values()]
    return CLASS_INFOS | {
        (name, version): raw
        for thing in things
        for _, raw, name, version in getattr(thing, "class_rawstreamers", None) or ()
    }


def add_streamers(file: RootFile, reader: Reader, needed: set[ClassVersion]) -> None:
    """Write the list anew with the infos of ``needed`` that are missing."""
    have = reader.streamers()
    missing = sorted(c for c in needed if c[1] not in have.get(c[0], ()))
    if not missing:
        return
    header = file.header
    if not header.info_seek:
        raise AppendRefused("the file has no list of streamer infos")
    known = known_streamers()
    infos = b"".join(known[info] for info in missing)
    traced = reader.trace_streamers(header.info_seek, header.info_nbytes)
    key = file.key_at(header.info_seek)
    place = ArrayPlace.of(traced, traced.model)
    keylen = key.moved(header.end).keylen
    splice = Splice(traced, [Edit(place.stop, place.stop, infos)], keylen)
    splice.relocate()
    splice.grow_byte_count(place.start, place.stop)
    struct.pack_into(">i", splice.bytes, place.count_position, place.count + len(missing))
    content = bytes(splice.bytes)
    new = file.append_object(key, compressor(header.compression)(content), len(content))
    file.release(header.info_seek, header.info_nbytes)
    header.info_seek, header.info_nbytes = new.seek, new.nbytes
