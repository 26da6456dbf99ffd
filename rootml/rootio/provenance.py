"""What a file says about where its columns came from: a text object beside the tree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from rootml.errors import FileError
from rootml.rootio.ttree.append import split_path

PROVENANCE = "rootml_provenance"
"""Name of the TObjString, in the tree's folder; its newest cycle holds everything."""


def read_provenance(path: str | Path, tree: str) -> dict[str, Any] | None:
    """Return the provenance kept beside ``tree``, None where there is none.

    Raises FileError if the file cannot be read or the object is not a JSON record.
    """
    import uproot

    folder, _, _ = split_path(tree)
    try:
        with uproot.open(Path(path)) as file:
            where = f"{folder}/{PROVENANCE}".lstrip("/")
            text = str(file[where]) if where in file else None
    except (OSError, ValueError) as error:
        raise FileError(f"cannot read {path}: {error}") from error
    if text is None:
        return None
    try:
        record = json.loads(text)
    except json.JSONDecodeError:
        record = None
    if not isinstance(record, dict):
        raise FileError(f"{path}: the object {PROVENANCE!r} beside {tree!r} is not rootml's")
    return record
