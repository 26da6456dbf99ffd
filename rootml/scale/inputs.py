"""Which files a run is about, and where each of its outputs goes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from rootml.errors import FileError, InputError, OutputError
from rootml.rootio.opening import find_files
from rootml.rootio.remote import inside, is_remote, location, name_of


def find_inputs(texts: Iterable[str]) -> list[str]:
    """The files that are meant: paths and URLs, globs, folders, and ``@list.txt``.

    A folder stands for its ``*.root``, sorted, not for those of folders in it. A list names one
    of these a line; empty lines and those that begin with ``#`` are skipped. Raises InputError
    where nothing is found, FileError for a list that cannot be read.
    """
    return [path for text in texts for path in _named(text)]


def _named(text: str) -> list[str]:
    if is_remote(text):
        return find_files(text)
    if Path(text).is_dir():
        found = sorted(map(str, Path(text).glob("*.root")))
        if not found:
            raise InputError(f"{text}: no *.root in this folder")
        return found
    if text.startswith("@") and not Path(text).exists():
        return find_inputs(_lines(Path(text[1:])))
    return find_files(text)


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError(f"{path}: the list of files cannot be read: {error}") from error
    lines = [line.strip() for line in text.splitlines()]
    named = [line for line in lines if line and not line.startswith("#")]
    if not named:
        raise InputError(f"{path}: the list names no file")
    return named


def targets_in(folder: str, inputs: Sequence[str]) -> list[str]:
    """The output of each input: a file of its name in ``folder``, a path or URL.

    Raises OutputError where two inputs would become one output.
    """
    taken: dict[str, str] = {}
    for path in inputs:
        target = str(inside(location(folder), name_of(location(path))))
        if target in taken:
            raise OutputError(
                f"{taken[target]} and {path} would both become {target}: tag them into folders of "
                "their own"
            )
        taken[target] = path
    return list(taken)
