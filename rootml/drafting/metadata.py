"""Names of columns that training tools write into the metadata of ONNX files.

There is no one way. ATLAS's salt keeps JSON under ``gnn_config``, with ``inputs`` and
``input_sequences`` of ``{"name": ..., "variables": [{"name": ...}, ...]}`` (salt/onnx/to_onnx.py
of https://gitlab.cern.ch/atlas-flavor-tagging-tools/algorithms/salt); others write a list, in
JSON or separated by commas, under a key of their own. All have a list of as many names as the
input has columns.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Names = tuple[str, ...]
_OF_OUTPUTS = re.compile(r"(?i)output|class|label|target")


def stored_columns(metadata: Mapping[str, str], width: int | None) -> Names:
    """The one list of ``width`` names in the metadata that is not of outputs; else empty."""
    found = {
        names
        for key, text in metadata.items()
        for names in _lists(_parsed(text), key)
        if len(names) == width
    }
    return found.pop() if len(found) == 1 else ()


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return [part.strip() for part in text.split(",")]


def _lists(value: Any, key: str) -> Iterator[Names]:
    if _OF_OUTPUTS.search(key):
        return
    if isinstance(value, Mapping):
        for inner, content in value.items():
            yield from _lists(content, str(inner))
    elif isinstance(value, Sequence) and not isinstance(value, str):
        names = [part.get("name") if isinstance(part, Mapping) else part for part in value]
        texts = tuple(name for name in names if isinstance(name, str) and name)
        if len(texts) == len(names):
            yield texts
        for part in value:
            if isinstance(part, Mapping):
                yield from _lists(part, key)
