"""A folder that appears whole, or not at all."""

from __future__ import annotations

import contextlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from rootml.errors import OutputError
from rootml.rootio.container.transaction import SUFFIX, reporting
from rootml.validation.study import SCHEMA

WRITTEN = frozenset({".html", ".json", ".md", ".root", ".zip", ".png", ".pdf", ".svg"})
"""The kinds of files that a validation writes."""


def check_folder(folder: Path, *, overwrite: bool) -> None:
    """Refuse a folder that cannot be written, or holds what would be lost; raises OutputError.

    ``overwrite``: an earlier validation may be replaced, and nothing else.
    """
    if folder.exists() and not folder.is_dir():
        raise OutputError(f"{folder}: is a file, expected a folder")
    with reporting(folder):
        strange = _strange(folder) if folder.is_dir() and any(folder.iterdir()) else None
    if strange is None:
        return
    if strange:
        raise OutputError(
            f"{folder}: holds {strange}, which no validation wrote; give another folder (-o)"
        )
    if not overwrite:
        raise OutputError(f"{folder}: exists already; --overwrite replaces it")


def _strange(folder: Path) -> str:
    """What in a folder that is not empty is not of a validation; empty where all is."""
    try:
        report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return "no report.json"
    if not isinstance(report, dict) or report.get("schema") != SCHEMA:
        return "the report.json of something else"
    files = (path for path in folder.rglob("*") if not path.is_dir())
    return next((path.name for path in sorted(files) if path.suffix not in WRITTEN), "")


@contextlib.contextmanager
def whole_folder(folder: Path, *, overwrite: bool) -> Iterator[Path]:
    """Yield an empty folder that takes the place of ``folder`` if all goes well.

    Raises OutputError as :func:`check_folder` does, at once and again at the end.
    """
    check_folder(folder, overwrite=overwrite)
    with contextlib.ExitStack() as stack:
        with reporting(folder):
            temporary = _beside(folder, stack)
            new, old = temporary / "new", temporary / "old"
            new.mkdir()
        yield new
        check_folder(folder, overwrite=overwrite)
        with reporting(folder):
            if folder.exists():
                folder.replace(old)
            try:
                new.replace(folder)
            except BaseException:
                if old.exists():
                    old.replace(folder)
                raise


def _beside(folder: Path, stack: contextlib.ExitStack) -> Path:
    """A temporary folder beside ``folder``; the stack takes it away, and parents left empty."""
    made = [parent for parent in folder.parents if not parent.exists()]
    folder.parent.mkdir(parents=True, exist_ok=True)
    for parent in reversed(made):
        stack.callback(_remove_empty, parent)
    temporary = Path(tempfile.mkdtemp(SUFFIX, f".{folder.name}.", folder.parent))
    stack.callback(shutil.rmtree, temporary, ignore_errors=True)
    return temporary


def _remove_empty(folder: Path) -> None:
    with contextlib.suppress(OSError):
        folder.rmdir()
