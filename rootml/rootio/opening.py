"""Opening ROOT files and finding trees in them, with errors that name what is wrong.

A tree is a TTree, an object of a class derived from it, or an RNTuple.
"""

from __future__ import annotations

import glob
import os
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import uproot

from rootml.errors import FileError, InputError, RootmlError, TreeError, nearest
from rootml.rootio.remote import explain, file_size, is_remote, list_files, read_start

TREE_CLASSES = frozenset({"TTree", "TNtuple", "TNtupleD", "THbookTree", "TTreeSQL"})
NTUPLE_CLASS = "ROOT::RNTuple"
HDF5_MAGIC = b"\x89HDF"


def inflate_fast() -> None:
    """Let uproot inflate ZLIB by ISA-L (github.com/intel/isa-l) in this process, if it is there.

    That takes two thirds of the time of zlib, of which reading mostly consists, and gives the
    same bytes: checksums are compared as by zlib.
    """
    if find_spec("isal") is not None:
        uproot.compression._decompress_ZLIB.library = "isal"


def split_path(path: str | os.PathLike[str]) -> tuple[str, str | None]:
    """Split ``"file.root:dir/tree"`` into file and tree; a plain path has no tree."""
    text = os.fspath(path)
    if not is_remote(text) and Path(text).exists():
        return text, None
    parts = re.fullmatch(r"(.+\.root):(.+)" if is_remote(text) else r"(.+):(.+)", text)
    return (parts[1], parts[2]) if parts else (text, None)


@contextmanager
def reading(what: str) -> Iterator[None]:
    """Turn whatever uproot raises on unreadable bytes into a :class:`FileError` on ``what``."""
    try:
        yield
    except RootmlError:
        raise
    except MemoryError as error:
        raise FileError(
            f"{what}: cannot be read: it claims to need more memory than is there"
        ) from error
    except Exception as error:  # uproot and the decompressors below it share no base class
        raise FileError(f"{what}: cannot be read: {explain(error)}") from error


def own_classes() -> dict[str, Any]:
    """uproot's classes for one file, so that what a damaged one says of them stays with it.

    (uproot keeps the versions of a class that it makes from a file for all files.)
    """
    dispatcher = uproot.model.DispatchByVersion
    return {
        name: type(kind.__name__, (kind,), {"known_versions": dict(kind.known_versions)})
        if issubclass(kind, dispatcher)
        else kind
        for name, kind in uproot.classes.items()
    }


class _File(uproot.reading.ReadOnlyFile):  # type: ignore[misc]
    """A file whose streamer infos are not asked for what describes themselves.

    Where a damaged list names an unknown class, uproot would read it again for that class, and
    again, for as long as Python's recursion limit allows.
    """

    def __init__(self, path: str, **options: Any) -> None:
        self._reading_streamers = threading.RLock()
        self._inside = False
        super().__init__(path, **options)

    @property
    def streamers(self) -> Any:
        """The streamer infos by class and version; ValueError where they refer to themselves."""
        with self._reading_streamers:
            if self._inside:
                raise ValueError("its streamer infos are of classes that are not known")
            self._inside = True
            try:
                return super().streamers
            finally:
                self._inside = False


class _LocalFile(uproot.source.file.FileResource):  # type: ignore[misc]
    """A file of this machine that several threads may read at once."""

    def get(self, start: int, stop: int) -> bytes:
        """The bytes from ``start`` to ``stop`` (exclusive)."""
        return os.pread(self.file.fileno(), stop - start, start)


class _LocalSource(uproot.MultithreadedFileSource):  # type: ignore[misc]
    """Bytes of a file of this machine, read by the thread that asks for them.

    (uproot's own passes each basket through a thread: who reads ahead anyway gains nothing of it,
    but waits for the interpreter at every change of threads.)
    """

    def _open(self) -> None:
        file = _LocalFile(self._file_path)
        self._executor = uproot.source.futures.ResourceTrivialExecutor(file)
        self._num_bytes = os.fstat(file.file.fileno()).st_size


class _RemoteSource(uproot.source.fsspec.FSSpecSource):  # type: ignore[misc]
    """Bytes of a server, at the positions that uproot asks for as NumPy's integers, too.

    (Which the XRootD client refuses.)
    """

    def chunk(self, start: int, stop: int) -> Any:
        """The bytes from ``start`` to ``stop`` (exclusive)."""
        return super().chunk(int(start), int(stop))

    def chunks(self, ranges: Sequence[tuple[int, int]], notifications: Any) -> Any:
        """The bytes of several such ranges, on their way."""
        return super().chunks([(int(start), int(stop)) for start, stop in ranges], notifications)


def open_file(path: str | Path, **options: Any) -> uproot.ReadOnlyDirectory:
    """Open a ROOT file for reading; refuse what is missing, not ROOT, or truncated."""
    check_file(path)
    options = {"object_cache": 100, "array_cache": "100 MB", **options}  # as uproot.open
    if is_remote(path):
        options = {"handler": _RemoteSource} | options
    else:  # uproot's default, fsspec, takes a quarter of the time of reading
        options = {"handler": _LocalSource} | options
    options.setdefault("custom_classes", own_classes())
    with reading(str(path)):
        directory = _File(str(path), **options).root_directory
    try:
        _check_size(path, directory.file.fEND)
    except BaseException:
        directory.close()
        raise
    return directory


def _check_size(path: str | Path, end: int) -> None:
    size = file_size(str(path)) if is_remote(path) else Path(path).stat().st_size
    if size is not None and end > size:
        raise FileError(
            f"{path}: truncated: the file ends after {size} bytes, "
            f"its header says {end}; copy it again"
        )


def check_file(file: str | Path) -> None:
    """Refuse a file that is missing, a folder, or does not begin as ROOT's."""
    magic = read_start(str(file), 4) if is_remote(file) else _read_start(Path(file), 4)
    if magic != b"root":
        found = f"it begins with {magic!r}" if magic else "it is empty"
        if magic == HDF5_MAGIC:
            found = (
                "it is HDF5, which rootml inspect, train, tensors and annotate read; nothing is "
                "added to it"
            )
        raise FileError(f"{file}: not a ROOT file: {found}")


def _read_start(path: Path, size: int) -> bytes:
    if not path.exists():
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise FileError(f"{path}: no such file{nearest(path.name, siblings)}")
    if path.is_dir():
        raise FileError(f"{path}: is a folder, expected a ROOT file")
    try:
        with path.open("rb") as stream:
            return stream.read(size)
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error


def tree_names(directory: uproot.ReadOnlyDirectory) -> list[str]:
    """Paths of all trees in the file, without cycle."""
    return [name for name, cls in _classes(directory).items() if _is_tree(directory.file, cls)]


def open_tree(directory: uproot.ReadOnlyDirectory, name: str) -> Any:
    """The tree at path ``name``, uproot's TTree or RNTuple; of the newest cycle unless given.

    The error for a wrong name lists the trees there are.
    """
    file = directory.file.file_path
    names, classes = tree_names(directory), _classes(directory)
    base = name.split(";")[0]
    if base not in names:
        there = f"(trees: {', '.join(names) if names else 'none'})"
        if base in classes:
            raise TreeError(f"{file}: {name!r} is a {classes[base]}, not a tree {there}")
        raise TreeError(f"{file}: no tree {name!r}{nearest(name, names)} {there}")
    if name != base and name not in directory.keys(cycle=True):
        raise TreeError(f"{file}: no such cycle of the tree: {name!r}")
    with reading(f"{file}: tree {name!r}"):
        return directory[name]


def _classes(directory: uproot.ReadOnlyDirectory) -> dict[str, str]:
    with reading(str(directory.file.file_path)):
        classes: dict[str, str] = directory.classnames(cycle=False)
    return classes


def _is_tree(file: uproot.ReadOnlyFile, class_name: str) -> bool:
    if class_name in TREE_CLASSES or class_name == NTUPLE_CLASS:
        return True
    if not _derives_from_tree(file, class_name):
        return False
    if class_name not in uproot.reading.must_be_attached:
        uproot.reading.must_be_attached.append(class_name)  # else its branches cannot be read
    return True


def _derives_from_tree(file: uproot.ReadOnlyFile, class_name: str) -> bool:
    """Whether the file's streamer infos say so; uproot reads classes one step from TTree."""
    try:
        return any(
            element.classname == "TStreamerBase" and element.name in TREE_CLASSES
            for info in file.streamers.get(class_name, {}).values()
            for element in info.elements
        )
    except Exception:  # damaged streamer infos: all other classes can be read without them
        return False


def find_files(text: str) -> list[str]:
    """The files that a glob matches, sorted; a plain path or URL as it is.

    On servers ``*`` alone is a glob, where they list files (``root://``). Raises InputError where
    nothing matches, FileError where a server does not list.
    """
    if is_remote(text):
        found = list_files(text) if "*" in text.partition("?")[0] else [text]
    elif not glob.has_magic(text) or Path(text).exists():
        return [text]
    else:
        found = sorted(glob.glob(text, recursive=True))  # noqa: PTH207 - absolute patterns too
    if not found:
        raise InputError(f"{text}: no file matches")
    return found
