"""Fields that tell the number of objects already: new values per object must be as many."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rootml.errors import DataError
from rootml.rootio.columns import Counts
from rootml.rootio.opening import reading
from rootml.rootio.ttree.tracing import Reader
from rootml.spec import Column

_COUNT = re.compile(r"std::u?int\d+_t|ROOT::RNTupleCardinality<.*>")
_COLLECTION = 1  # structural role (spec: Field Description)


@dataclass(frozen=True)
class Counter:
    """A field with the number of objects of ``per``, or the collection ``per`` itself."""

    per: str
    field: Any

    def check(self, first: int, counts: Counts) -> None:
        """Compare with the stored counts from entry ``first`` on; DataError if they differ."""
        import awkward as ak

        with reading(f"field {self.field.path!r}"):
            stored = self.field.array(entry_start=first, entry_stop=first + len(counts))
            stored = np.asarray(stored if stored.ndim == 1 else ak.num(stored, axis=1))
        wrong = np.flatnonzero(stored != counts)
        if len(wrong):
            at = int(wrong[0])
            raise DataError(
                f"entry {first + at} has {stored[at]} {self.per}, the new columns {counts[at]}"
            )


def find_counters(
    reader: Reader, path: str, columns: Sequence[Column], replaced: Iterable[str]
) -> dict[str, Counter]:
    """Return what counts the objects of ``columns`` in the RNTuple, by ``Column.count_branch``.

    An integer field of that name, or the collection itself, if it stays. There need be none: a
    field of values per object knows how many they are.
    """
    pers = {c.count_branch: c.per for c in columns if c.count_branch and c.per}
    there = reader.open(path).fields if pers else ()
    fields = {field.name: field for field in there if field.name not in replaced}
    counters = {}
    for name, per in pers.items():
        if name in fields and _COUNT.fullmatch(fields[name].record.type_name):
            counters[name] = Counter(per, fields[name])
        elif per in fields and fields[per].record.struct_role == _COLLECTION:
            leaf = fields[per]
            while leaf.fields:
                leaf = leaf.fields[0]
            counters[name] = Counter(per, leaf)
    return counters
