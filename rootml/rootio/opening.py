"""Opening ROOT files and finding trees in them, with errors that name what is wrong."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uproot

from rootml.errors import FileError, RootmlError, TreeError, nearest

TREE_CLASSES = frozenset({"TTree", "TNtuple", "TNtupleD"})


def is_remote(path: str | Path) -> bool:
    """Whether the path is a URL rather than a file of this machine."""
    return "://" in str(path)


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
    except (RootmlError, MemoryError):
        raise
    except Exception as error:  # uproot and the decompressors below it share no base class
        reason = str(error).strip().split("\n")[0] or type(error).__name__
        raise FileError(f"{what}: cannot be read: {reason}") from error


def open_file(path: str | Path, **options: Any) -> uproot.ReadOnlyDirectory:
    """Open a ROOT file for reading; refuse what is missing, not ROOT, or truncated."""
    check_file(path)
    with reading(str(path)):
        directory = uproot.open({str(path): None}, **options)
    if not is_remote(path):
        size, end = Path(path).stat().st_size, directory.file.fEND
        if end > size:
            directory.close()
            raise FileError(
                f"{path}: truncated: the file ends after {size} bytes, "
                f"its header says {end}; copy it again"
            )
    return directory


def check_file(file: str | Path) -> None:
    """Refuse a file of this machine that is missing, a folder, or does not begin as ROOT's."""
    if is_remote(file):
        return
    path = Path(file)
    if not path.exists():
        siblings = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise FileError(f"{path}: no such file{nearest(path.name, siblings)}")
    if path.is_dir():
        raise FileError(f"{path}: is a folder, expected a ROOT file")
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
    except OSError as error:
        raise FileError(f"{path}: cannot be read: {error.strerror}") from error
    if magic != b"root":
        found = f"it begins with {magic!r}" if magic else "it is empty"
        raise FileError(f"{path}: not a ROOT file: {found}")


def tree_names(directory: uproot.ReadOnlyDirectory) -> list[str]:
    """Paths of all trees in the file, without cycle, newest cycle only."""
    classes = directory.classnames(cycle=False)
    return [name for name, cls in classes.items() if cls in TREE_CLASSES]


def open_tree(directory: uproot.ReadOnlyDirectory, name: str) -> uproot.TTree:
    """The tree at path ``name``; the error for a wrong name lists the trees there are."""
    file = directory.file.file_path
    names = tree_names(directory)
    if name.split(";")[0] not in names:
        there = ", ".join(names) if names else "none"
        raise TreeError(f"{file}: no tree {name!r}{nearest(name, names)} (trees: {there})")
    with reading(f"{file}: tree {name!r}"):
        return directory[name]
