"""Applying networks to events: lazily inside an analysis, or in batch to whole files."""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rootml.tagging.batch import tag_file
    from rootml.tagging.inline import annotate
    from rootml.tagging.plan import TagPlan, TagResult

_WHERE = {"TagPlan": "plan", "TagResult": "plan", "annotate": "inline", "tag_file": "batch"}

__all__ = ["TagPlan", "TagResult", "annotate", "tag_file"]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"rootml.tagging.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'rootml.tagging' has no attribute {name!r}")
