"""What a file says about where its columns came from: a text object beside the tree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from uproot import ReadOnlyDirectory

from rootml.errors import FileError
from rootml.rootio.container.directory import split_path
from rootml.rootio.opening import open_file, reading

PROVENANCE = "rootml_provenance"
"""Name of the TObjString, in the tree's folder; its newest cycle holds everything."""


def read_provenance(file: str | Path | ReadOnlyDirectory, tree: str) -> dict[str, Any] | None:
    """Return the provenance kept beside ``tree``, None where there is none.

    ``file``: a path, a URL, or the file as uproot has opened it. Raises FileError if the file
    cannot be read or the object is not a JSON record.
    """
    if isinstance(file, str | Path):
        with open_file(file) as directory:
            return read_provenance(directory, tree)
    path = file.file.file_path
    folder, _, _ = split_path(tree)
    where = f"{folder}/{PROVENANCE}".lstrip("/")
    with reading(f"{path}: object {where!r}"):
        text = str(file[where]) if where in file else None
    if text is None:
        return None
    try:
        record = json.loads(text)
    except json.JSONDecodeError:
        record = None
    if not isinstance(record, dict):
        raise FileError(f"{path}: the object {PROVENANCE!r} beside {tree!r} is not rootml's")
    return record
