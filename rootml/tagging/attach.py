"""Fields of events that are computed when they are first touched."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import awkward as ak
import numpy as np

from rootml.errors import DataError
from rootml.rootio.events.lazy import Once, deferred
from rootml.spec import Array, Column

Values = Callable[[], ak.Array]


def attach(events: ak.Array, column: Column, name: str, home: str | None, values: Values) -> Any:
    """The events with a field ``name``, that of the objects of the collection ``home`` if given.

    Where the events are lazy ``values()`` is called when the field is touched, else now; where they
    are types alone, never. DataError where a list is not as long as that of the objects.
    """
    target = events if home is None else events[home]
    if ak.backend(events) == "typetracer":
        field = ak.to_layout(_form(column).length_zero_array()).to_typetracer(forget_length=True)
        return _typed(events, ak.Array(field), name, home)
    if ak.to_layout(events).is_all_materialized:
        field = values() if home is None else _same_counts(values(), target, column)
    elif home is None:
        field = deferred(_form(column), len(events), values)
    else:
        field = _deferred_objects(column, target, values)
    if home is None:
        return _with_field(events, field, name)
    return _with_field(events, ak.with_field(target, field, name), home)


def _typed(events: ak.Array, field: ak.Array, name: str, home: str | None) -> ak.Array:
    """The same of types; of the objects nothing is touched but how many there are."""
    if home is None:
        return _with_field(events, field, name)
    target = events[home]
    ak.typetracer.touch_data(ak.num(target))
    layout = ak.to_layout(target)
    if not (layout.is_list and layout.content.is_record):
        return _with_field(events, ak.with_field(target, field, name), home)
    inner = _with_field(ak.Array(layout.content), ak.Array(ak.to_layout(field).content), name)
    objects = ak.Array(layout.copy(content=ak.to_layout(inner)), behavior=target.behavior)
    return _with_field(events, objects, home)


def _with_field(events: ak.Array, field: ak.Array, name: str) -> ak.Array:
    """As ``ak.with_field``, which looks at every list of the events in order to broadcast them."""
    layout = ak.to_layout(events)
    if not layout.is_record:
        return ak.with_field(events, field, name)
    contents = dict(zip(layout.fields, layout.contents, strict=True)) | {name: ak.to_layout(field)}
    layout = layout.copy(contents=list(contents.values()), fields=list(contents))
    return ak.Array(layout, behavior=events.behavior, attrs=events.attrs)


def _form(column: Column) -> ak.forms.Form:
    form = ak.forms.NumpyForm(column.dtype, inner_shape=column.shape)
    return form if column.per is None else ak.forms.ListOffsetForm("i64", form.to_RegularForm())


def _deferred_objects(column: Column, objects: ak.Array, values: Values) -> ak.Array:
    """Lists as long as those of ``objects``: how long they are is known before ``values()`` is."""
    form, _, buffers = ak.to_buffers(_form(column).length_zero_array())
    offsets, data = sorted(buffers, key=lambda key: not key.endswith("offsets"))
    lazy: dict[str, Callable[[], Any]] = {
        offsets: Once(partial(_offsets, objects)),
        data: Once(lambda: _flat(_same_counts(values(), objects, column))),
    }
    return ak.from_buffers(form, len(objects), lazy)


def _flat(lists: ak.Array) -> Array:
    return np.asarray(ak.to_numpy(ak.flatten(lists)))


def _offsets(objects: ak.Array) -> Array:
    counts = ak.to_numpy(ak.num(objects))
    return np.concatenate([[0], np.cumsum(counts)], dtype=np.int64)


def _same_counts(values: ak.Array, objects: ak.Array, column: Column) -> ak.Array:
    wrong = np.flatnonzero(ak.to_numpy(ak.num(values)) != ak.to_numpy(ak.num(objects)))
    if len(wrong):
        event = int(wrong[0])
        raise DataError(
            f"event {event}: column {column.name!r} has {len(values[event])} values for "
            f"{len(objects[event])} objects",
            event,
        )
    return values
