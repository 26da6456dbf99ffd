"""Files that networks have tagged: what they said, read from the branches and validated."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rootml.tagged.samples import SampleFiles
    from rootml.tagged.validate import validate_files

_WHERE = {"SampleFiles": "samples", "validate_files": "validate"}

__all__ = ["SampleFiles", "validate_files"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"rootml.tagged.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'rootml.tagged' has no attribute {name!r}")
