"""uproot's models as plain values, so that two objects can be compared part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import uproot
from uproot.behaviors.TBranch import HasBranches

from rootml.errors import FileError
from rootml.rootio.diff.differences import Change
from rootml.rootio.ttree.parts import span

_WIDTH, _BEFORE = 60, 20
"""Letters of a text that are shown, and those before the first that differs."""
_UNKNOWN = (uproot.model.UnknownClass, uproot.model.UnknownClassVersion)
_IN_MEMORY = {"@fUniqueID", "@fBits", "@pidf"}
"""Parts of every TObject that say how it was handled, not what it is."""


def plain(thing: Any, raw: bytes = b"", above: tuple[int, ...] = ()) -> Any:
    """Return numbers, strings, arrays, lists and mappings.

    An object of an unknown class is its bytes within ``raw``, from which it was read; FileError
    without. A tree, a branch, or one of the objects ``above`` it is its class and name.
    """
    if isinstance(thing, _UNKNOWN):
        return {"class": thing.classname, "bytes": _bytes(thing, raw)}
    if isinstance(thing, str):
        return str(thing)
    if isinstance(thing, np.ndarray):
        return np.asarray(thing)
    if isinstance(thing, uproot.model.Model):
        if isinstance(thing, HasBranches) or id(thing) in above:
            return {"class": thing.classname, "fName": thing.member("fName", none_if_missing=True)}
        above = (*above, id(thing))
        parts = {name: plain(value, raw, above) for name, value in facts(thing).items()}
        return {"class": thing.classname, **_content(thing, raw, above), **parts}
    if isinstance(thing, Mapping):
        return [plain(pair, raw, above) for pair in thing.items()]
    if isinstance(thing, uproot.containers.Container | list | tuple):
        return [plain(item, raw, above) for item in thing]
    return thing


def facts(model: Any) -> dict[str, Any]:
    """Return the members of an object and its bases, but for what only matters in memory."""
    return {name: value for name, value in model.all_members.items() if name not in _IN_MEMORY}


def _bytes(unknown: Any, raw: bytes) -> bytes:
    start, stop = span(unknown)
    if not raw or stop > len(raw):
        raise FileError(f"objects of class {unknown.classname} cannot be read")
    return raw[start:stop]


def _content(model: Any, raw: bytes, above: tuple[int, ...]) -> dict[str, Any]:
    """Return what a collection, or an object that is derived from one, holds."""
    if isinstance(model, uproot.models.TArray.Model_TArray):
        return {"content": np.asarray(model)}
    if isinstance(model, Sequence):
        return {"content": [plain(item, raw, above) for item in model]}
    return {name: part for base in model.bases for name, part in _content(base, raw, above).items()}


def changes(old: Any, new: Any, where: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield where two plain values differ: a path such as ``fXaxis.fNbins``, and both values."""
    if isinstance(old, dict) and isinstance(new, dict) and old.get("class") == new.get("class"):
        for name in dict.fromkeys([*old, *new]):
            inner = f"{where}.{name}" if where else name
            yield from changes(old.get(name), new.get(name), inner)
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for index, pair in enumerate(zip(old, new, strict=True)):
            yield from changes(*pair, f"{where}[{index}]")
    elif isinstance(old, np.ndarray) and isinstance(new, np.ndarray) and old.shape == new.shape:
        for index in np.argwhere(~equal_items(old, new))[:1]:
            place = tuple(index)
            yield f"{where}[{', '.join(map(str, place))}]", old[place], new[place]
    elif any(
        isinstance(value, dict | list | np.ndarray) for value in (old, new)
    ) or not equal_items(old, new):
        yield where, old, new


def said(name: str, old: Any, new: Any) -> list[Change]:
    """Return in words where two plain values called ``name`` differ."""
    out = []
    for where, was, now in changes(old, new, name):
        first, second = in_words(was, now)
        out.append((f"{where}: {first}", f"{where}: {second}") if where else (first, second))
    return out


def equal_items(old: Any, new: Any) -> Any:
    """Return whether (or where) numbers, texts or arrays are equal; NaN is equal to NaN."""
    return (old == new) | ((old != old) & (new != new))


def in_words(old: Any, new: Any) -> Change:
    """Return two values as short texts, long ones from shortly before they part."""
    texts = _text(old), _text(new)
    pairs = enumerate(zip(*texts, strict=False))
    common = next((at for at, (a, b) in pairs if a != b), 0)
    start = max(0, common - _BEFORE) if min(map(len, texts)) > _WIDTH else 0
    return _short(texts[0], start), _short(texts[1], start)


def _text(value: Any) -> str:
    if isinstance(value, dict):
        return f"a {value.get('class', 'record')}"
    if isinstance(value, np.ndarray | list):
        return f"{len(value):,} values"
    return repr(value.item() if isinstance(value, np.generic) else value)


def _short(text: str, start: int) -> str:
    if not start and len(text) <= _WIDTH:
        return text
    part = text[start : start + _WIDTH - 1]
    return "…" * (start > 0) + part + "…" * (start + len(part) < len(text))
