"""The whole proof: everything of a file is in what it is going to be."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

from rootml.errors import OutputError
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.diff.compare import compare_files
from rootml.rootio.diff.differences import Entry, FileDiff

_SHOWN = 3


def compare_kept(source: Path, file: RootFile, path: str, replaced: Collection[str]) -> FileDiff:
    """Compare ``source`` with ``file`` as it is planned, whose object ``path`` has new branches.

    Raises OutputError if anything was lost or changed but the branches ``replaced``.
    """
    found = compare_files(source, file.planned())
    meant = {f"{_without_cycle(path)}/{name}" for name in replaced}
    wrong = [e for e in (*found.lost, *found.changed) if _without_cycle(e.path) not in meant]
    if wrong:
        shown = "; ".join(map(_words, wrong[:_SHOWN]))
        raise OutputError(
            f"{source}: not written, the comparison finds {len(wrong)} losses or changes: {shown}"
        )
    return found


def _without_cycle(path: str) -> str:
    return re.sub(r";\d+", "", path)


def _words(entry: Entry) -> str:
    return f"{entry.kind} {entry.path!r} was {entry.was!r}, would be {entry.now or 'lost'!r}"
