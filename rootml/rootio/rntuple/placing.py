"""Where new columns go in the schema: behind all others, or in the place of a field like them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from rootml.errors import AppendRefused, nearest
from rootml.rootio.rntuple.schema import Field, NewField, Schema, new_field
from rootml.rootio.rntuple.view import NTupleView
from rootml.spec import Column


@dataclass(frozen=True)
class Place:
    """A field to be written, and the number of its first column in the schema."""

    field: NewField
    first: int
    is_new: bool

    @property
    def columns(self) -> slice:
        """Where its columns are among all columns."""
        return slice(self.first, self.first + len(self.field.columns))


def place_fields(
    view: NTupleView, columns: Sequence[Column], replaced: frozenset[str], *, split: bool
) -> list[Place]:
    """Return a place for each column; those in ``replaced`` get that of the field of their name.

    ``split``: the encoding of new fields. Raises AppendRefused for names that are taken or that
    no field can have, and for a field that differs in type from what is to replace it.
    """
    for name in sorted(replaced - {column.name for column in columns}):
        raise AppendRefused(f"its field {name!r} cannot be taken out, only replaced by another")
    _check_names(set(view.names) - replaced, [column.name for column in columns])
    number, first, places = len(view.fields), len(view.columns), []
    for column in columns:
        if column.name in replaced:
            places.append(_replaced(view, column))
            continue
        field = new_field(column, number, split=split)
        places.append(Place(field, first, is_new=True))
        number, first = number + len(field.fields), first + len(field.columns)
    return places


def extended(schema: Schema, places: Sequence[Place]) -> Schema:
    """Return the schema with the new ones among the fields at its end."""
    new = [place.field for place in places if place.is_new]
    fields = [frame for field in new for frame in field.fields]
    return schema.plus(fields, [frame for field in new for frame in field.columns])


def _replaced(view: NTupleView, column: Column) -> Place:
    """Return the place of the field of that name, which has to be stored as ``column`` would be."""
    name = column.name
    if name not in view.names:
        raise AppendRefused(f"there is no field {name!r} to replace{nearest(name, view.names)}")
    number = view.number_of(name)
    for split in (True, False):
        field = new_field(column, number, split=split)
        stop = number + len(field.fields)
        owned = [i for i, c in enumerate(view.columns) if number <= c.field < stop]
        place = Place(field, owned[0] if owned else 0, is_new=False)
        same_fields = view.fields[number:stop] == [Field.parse(f) for f in field.fields]
        if same_fields and view.column_frames[place.columns] == [*field.columns]:
            break
    else:
        raise AppendRefused(
            f"its field {name!r} can only be replaced by values of its type, "
            f"{view.fields[number].cpp}, and stored in the usual way"
        )
    if len(owned) != len(field.columns):
        raise AppendRefused(f"its field {name!r} cannot be replaced: it is stored in several ways")
    if view.aliased.intersection(owned):
        raise AppendRefused(f"its field {name!r} cannot be replaced: others are projections of it")
    return place


def _check_names(taken: set[str], names: Sequence[str]) -> None:
    """Refuse what cannot be a field's name (spec: Naming specification)."""
    for name in names:
        if not name or any(c in " ./\\" or unicodedata.category(c) == "Cc" for c in name):
            raise AppendRefused(
                f"{name!r} cannot be the name of a field: "
                "no dots, slashes, blanks or control characters in an RNTuple"
            )
        if name in taken:
            raise AppendRefused(f"it has a field {name!r} already")
        taken.add(name)
