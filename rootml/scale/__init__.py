"""Tagging many files: on one core, on all of a machine, on a cluster."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rootml.scale.files import tag_files
    from rootml.scale.outcome import FileOutcome, FilesResult
    from rootml.scale.tally import Progress

_WHERE = {
    "FileOutcome": "outcome",
    "FilesResult": "outcome",
    "Progress": "tally",
    "tag_files": "files",
}

__all__ = ["FileOutcome", "FilesResult", "Progress", "tag_files"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"rootml.scale.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'rootml.scale' has no attribute {name!r}")
