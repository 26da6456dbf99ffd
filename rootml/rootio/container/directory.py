"""A directory's key list: finding objects, and writing them anew beside the old ones."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import Self

from rootml.errors import AppendRefused, FileError, TreeError, nearest
from rootml.rootio.container.keys import Directory, Key
from rootml.rootio.container.root_file import RootFile

DIRECTORY_CLASSES = (b"TDirectory", b"TDirectoryFile")


class KeyList:
    """The keys of one directory, in file order (of one name, the newest cycle first)."""

    def __init__(self, file: RootFile, directory: Directory) -> None:
        self._file, self._directory = file, directory
        record = file.read(directory.keys_seek, directory.keys_nbytes)
        self._record, self._key = record, Key.parse(record)
        (count,) = struct.unpack_from(">i", record, self._key.keylen)
        at = self._key.keylen + 4
        self.keys: list[Key] = []
        self._packed: list[bytes] = []
        for _ in range(count):
            key = Key.parse(record, at)
            size = key.packed_size
            self.keys.append(key)
            self._packed.append(record[at : at + size])
            at += size
        # (ROOT 5 counted a TDirectoryFile's name as "TDirectory" in fKeylen: TKey::Sizeof)
        if any(key.extra not in (0, -4) for key in (self._key, *self.keys)):
            raise FileError(f"the list of keys at byte {directory.keys_seek} is damaged")

    @classmethod
    def of_path(cls, file: RootFile, path: str) -> Self:
        """Open the directory ``path`` ("" is the file's own)."""
        keys = cls(file, file.root)
        for part in filter(None, path.split("/")):
            key = keys.newest(part)
            if key.class_name not in DIRECTORY_CLASSES:
                raise TreeError(f"{part!r} is not a directory")
            position = key.seek + key.keylen
            keys = cls(file, Directory.parse(file.read(position, 60), position))
        return keys

    @property
    def seek(self) -> int:
        """The position that keys of this directory name as their parent."""
        return self._directory.seek

    def newest(self, name: str, cycle: int | None = None) -> Key:
        """Return the key of ``name`` with the highest cycle, or with the given one."""
        wanted = name.encode()
        found = [k for k in self.keys if k.name == wanted and cycle in (None, k.cycle)]
        if not found:
            names = {k.name.decode(errors="replace") for k in self.keys}
            raise TreeError(f"no {name!r} in the file{nearest(name, names)}")
        return max(found, key=lambda key: key.cycle)

    def replace(self, old: Key, new: Key) -> None:
        """Let ``new`` stand in the place of ``old``."""
        place = self.keys.index(old)
        self.keys[place], self._packed[place] = new, new.pack()

    def add(self, class_name: bytes, name: str, title: bytes, payload: bytes) -> None:
        """Append an object as a new cycle of ``name`` (TDirectoryFile::AppendKey)."""
        wanted = name.encode()
        place = next((i for i, k in enumerate(self.keys) if k.name == wanted), len(self.keys))
        cycle = 1 + max((k.cycle for k in self.keys if k.name == wanted), default=0)
        key = Key(class_name, wanted, title, cycle, 0, self.seek)
        key = self._file.append_object(key, payload, len(payload))
        self.keys.insert(place, key)
        self._packed.insert(place, key.pack())

    def write(self) -> None:
        """Append the list as a new record and let its directory lead there."""
        body = struct.pack(">i", len(self.keys)) + b"".join(self._packed)
        file, directory = self._file, self._directory
        file.expect(directory.keys_seek, self._record)
        file.expect(directory.position, directory.pack())
        file.release(directory.keys_seek, directory.keys_nbytes)
        key = file.append_object(self._key, body, len(body))
        directory.keys_seek, directory.keys_nbytes = key.seek, key.nbytes
        packed = directory.pack()
        record = file.key_at(directory.seek)
        if directory.position + len(packed) > directory.seek + record.nbytes:
            raise AppendRefused("its directory has no room for positions above 2 GB")
        file.overwrite(directory.position, packed)


@dataclass(frozen=True)
class Found:
    """An object of a file: the keys of its directory, its own, and its path with the cycle."""

    keys: KeyList
    key: Key
    path: str


def find_object(file: RootFile, path: str) -> Found:
    """Return the newest object at ``"folder/name"``, or that of a given ``;cycle``; TreeError."""
    folder, name, cycle = split_path(path)
    keys = KeyList.of_path(file, folder)
    key = keys.newest(name, cycle)
    return Found(keys, key, f"{folder}/{name};{key.cycle}".lstrip("/"))


def split_path(path: str) -> tuple[str, str, int | None]:
    """Return folder, name and cycle of ``"folder/name;cycle"``."""
    match = re.fullmatch(r"(?:(.*)/)?([^/]+?)(?:;(\d+))?", path.strip("/"))
    if match is None:
        raise TreeError(f"{path!r} is not the name of a tree")
    return match[1] or "", match[2], int(match[3]) if match[3] else None
