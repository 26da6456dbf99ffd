"""Awkward Arrays whose buffers are read when they are first touched."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any, Generic, TypeVar

import awkward as ak
import numpy as np

from rootml.errors import DataError
from rootml.rootio.opening import reading

T = TypeVar("T")
FieldPath = tuple[str, ...]


class Once(Generic[T]):
    """A function without arguments that runs once, also when several threads call it."""

    def __init__(self, function: Callable[[], T]):
        self._function = function
        self._lock = threading.Lock()
        self._results: list[T] = []

    def __call__(self) -> T:
        """The result; the function runs again only if it raised."""
        with self._lock:
            if not self._results:
                self._results.append(self._function())
            return self._results[0]


def guarded(array: ak.Array, where: str) -> ak.Array:
    """The same array; a buffer that cannot be read is a FileError that names its branch."""
    form, length, buffers = ak.to_buffers(array)
    names = {form.form_key: ".".join(path) for path, form in nodes(form)}
    safe = {
        key: partial(_materialized, buffer, f"{where}, branch {names[key.rpartition('-')[0]]!r}")
        for key, buffer in buffers.items()
    }
    return ak.from_buffers(form, length, safe, behavior=array.behavior)


def _materialized(buffer: Any, what: str) -> Any:
    with reading(what):
        return buffer.materialize() if hasattr(buffer, "materialize") else buffer


def deferred(form: ak.forms.Form, length: int, compute: Callable[[], ak.Array]) -> ak.Array:
    """An array of ``length`` and of packed ``form`` that ``compute()`` gives when touched."""
    expected, _, empty = ak.to_buffers(ak.to_packed(form.length_zero_array()))

    def buffers() -> Mapping[str, Any]:
        found, count, values = ak.to_buffers(ak.to_packed(compute()))
        if (found, count) != (expected, length):
            raise DataError(
                f"{count} values of type {found.type}, expected {length} of {form.type}"
            )
        return dict(values)

    once = Once(buffers)
    return ak.from_buffers(expected, length, {key: partial(_get, once, key) for key in empty})


def _get(buffers: Once[Mapping[str, Any]], key: str) -> Any:
    return buffers()[key]


def taken(array: ak.Array, length: int, rows: Callable[[], Any]) -> ak.Array:
    """``array[rows()]``, field by field; nothing is read, nor ``rows`` called, until touched."""
    parts = {}
    for name in array.fields:
        part = array[name]
        form = ak.to_packed(
            ak.to_layout(part).form.length_zero_array()[np.zeros(0, np.int64)]
        ).layout.form
        parts[name] = deferred(form, length, partial(_take, part, rows))
    return assembled(parts, length)


def _take(array: ak.Array, rows: Callable[[], Any]) -> ak.Array:
    return array[rows()]


def assembled(parts: Mapping[str, ak.Array], length: int) -> ak.Array:
    """A record array of these fields; nothing is read."""
    contents = [ak.to_layout(part) for part in parts.values()]
    return ak.Array(ak.contents.RecordArray(contents, list(parts), length=length))


def field_paths(array: ak.Array) -> dict[str, FieldPath]:
    """Where each field is, by name; fields of nested records are named ``outer.inner``."""
    paths = [path for path, _ in nodes(ak.to_layout(array).form) if path]
    found: dict[str, FieldPath] = {}
    for path in sorted(paths, key=len):
        found.setdefault(".".join(path), path)
    return found


def nodes(form: ak.forms.Form, path: FieldPath = ()) -> Iterator[tuple[FieldPath, ak.forms.Form]]:
    """All parts of a form, each with the fields that lead to it."""
    yield path, form
    if form.is_record:
        for name, content in zip(form.fields, form.contents, strict=True):
            yield from nodes(content, (*path, name))
    elif form.is_union:
        for content in form.contents:
            yield from nodes(content, path)
    elif not (form.is_numpy or form.is_unknown):
        yield from nodes(form.content, path)
