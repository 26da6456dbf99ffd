"""rootml: trained networks meet ROOT files."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rootml.registry import list_adapters, list_models, load
    from rootml.scale import tag_files
    from rootml.tagged import validate_files
    from rootml.tagging import annotate, tag_file

_WHERE = {
    "annotate": "rootml.tagging",
    "list_adapters": "rootml.registry",
    "list_models": "rootml.registry",
    "load": "rootml.registry",
    "tag_file": "rootml.tagging",
    "tag_files": "rootml.scale",
    "validate_files": "rootml.tagged",
}

__all__ = [
    "annotate",
    "list_adapters",
    "list_models",
    "load",
    "tag_file",
    "tag_files",
    "validate_files",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(_WHERE[name]), name)
    if name == "__version__":
        from importlib.metadata import version

        return version("rootml")
    raise AttributeError(f"module 'rootml' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
