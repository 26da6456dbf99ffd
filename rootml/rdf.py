"""RDataFrame (https://root.cern/doc/master/classROOT_1_1RDataFrame.html) with a network's columns.

Needs ROOT and its Python bindings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np

from rootml.errors import InputError, MissingExtra
from rootml.spec import Array
from rootml.tagging.inline import annotate as annotate_array

if TYPE_CHECKING:
    from rootml.runtime.model import Model

BATCH_ROWS = 100_000
"""Rows whose columns are in memory at once."""
ENTRY = "rdfentry_"
"""RDataFrame's number of an entry: the same in every loop, whatever is filtered, on one thread."""

_LIST = re.compile(r"(?:ROOT::VecOps::RVec|ROOT::RVec|(?:std::)?vector)<(.+?)\s*>")
_NUMBERS = {
    "bool": "bool",
    "char": "i1",
    "signed char": "i1",
    "unsigned char": "u1",
    "short": "i2",
    "unsigned short": "u2",
    "int": "i4",
    "unsigned int": "u4",
    "long": "i8",
    "long long": "i8",
    "unsigned long": "u8",
    "unsigned long long": "u8",
    "float": "f4",
    "double": "f8",
}
_CPP = {
    "bool": "bool",
    "int8": "std::int8_t",
    "int16": "short",
    "int32": "int",
    "int64": "std::int64_t",
    "float32": "float",
    "float64": "double",
}
_DEFINE = """
#include <algorithm>
#include <cstdint>
#include <memory>
#include <ROOT/RDataFrame.hxx>
namespace rootml {
ROOT::RDF::RNode between(ROOT::RDF::RNode df, ULong64_t first, ULong64_t last) {
    auto inside = [=](ULong64_t entry) { return first <= entry && entry <= last; };
    return df.Filter(inside, {"rdfentry_"});
}
template <typename T> std::shared_ptr<T[]> kept(std::uintptr_t address, std::size_t size) {
    std::shared_ptr<T[]> copy(new T[size]);
    std::copy_n(reinterpret_cast<const T *>(address), size, copy.get());
    return copy;
}
template <typename T>
ROOT::RDF::RNode define(ROOT::RDF::RNode df, const std::string &name, std::uintptr_t numbers,
                        std::size_t entries) {
    auto values = kept<T>(numbers, entries);
    return df.Define(name, [values](ULong64_t entry) { return values[entry]; }, {"rdfentry_"});
}
template <typename T>
ROOT::RDF::RNode define_lists(ROOT::RDF::RNode df, const std::string &name, std::uintptr_t numbers,
                              std::size_t size, std::uintptr_t starts, std::size_t entries) {
    auto values = kept<T>(numbers, size);
    auto from = kept<std::int64_t>(starts, entries + 1);
    auto list = [values, from](ULong64_t entry) {
        return ROOT::RVec<T>(values.get() + from[entry], values.get() + from[entry + 1]);
    };
    return df.Define(name, list, {"rdfentry_"});
}
}
"""


def annotate(df: Any, model: str | Path | Model | None = None, **options: Any) -> Any:
    """Return the dataframe with a network's outputs as further columns.

    ``df``: an RDataFrame, or what follows from one by ``Define``, ``Filter`` and so on. ``model``
    and ``options``: as of :func:`rootml.annotate`, whose columns these are. The columns that the
    network needs, numbers and lists of numbers, are read now, :data:`BATCH_ROWS` rows at a time,
    in a loop each; only rows that pass the filters so far are judged. What follows may filter,
    define and write as ever.

    Raises InputError where it is no dataframe, one of several threads, or has no rows,
    MissingExtra where there is no ROOT, and what :func:`rootml.annotate` raises.
    """
    root = _root()
    try:
        node = root.RDF.AsRNode(df)
    except TypeError as error:
        raise InputError(f"annotate takes an RDataFrame, not {type(df)}") from error
    if node.GetNSlots() > 1:
        raise InputError(
            "the dataframe was made for several threads, which number the entries of several files "
            "anew in each loop: make it before ROOT.EnableImplicitMT()"
        )
    sources = _sources(root, node)
    needed, added = _needed(sources, model, options)
    entries = np.sort(node.AsNumpy([ENTRY])[ENTRY])
    if not len(entries):
        raise InputError("the dataframe has no rows: there is nothing to judge")
    parts = [
        annotate_array(batch, model, **options)[added]
        for batch in _batches(root, node, {field: sources[field] for field in needed}, entries)
    ]
    said = ak.concatenate(parts)
    for name in added:
        node = _define(root, node, name, said[name], entries)
    return node


@cache
def _root() -> Any:
    try:
        import ROOT
    except ImportError as error:
        raise MissingExtra(
            f"a dataframe needs ROOT and its Python bindings: {error}\n"
            "  https://root.cern/install, or pip install root"
        ) from error
    ROOT.gInterpreter.Declare(_DEFINE)
    return ROOT


@dataclass(frozen=True)
class _Source:
    """A column of the dataframe: its name there, the type of its numbers, whether of lists."""

    name: str
    dtype: str
    lists: bool

    def form(self, field: str) -> ak.forms.Form:
        """How the field looks, its buffers named after it."""
        numbers = ak.forms.NumpyForm(np.dtype(self.dtype).name, form_key=field)
        return ak.forms.ListOffsetForm("i64", numbers, form_key=field) if self.lists else numbers

    def array(self, values: Array) -> ak.Array:
        """The rows as ``AsNumpy`` gives them, lists as arrays in an array."""
        if not self.lists:
            return ak.Array(np.asarray(values, self.dtype))
        flat = np.concatenate([np.asarray(row, self.dtype) for row in values])
        return ak.unflatten(flat, [len(row) for row in values])


def _sources(root: Any, node: Any) -> dict[str, _Source]:
    """The columns that hold numbers or lists of them, by the names of branches.

    ``friend.branch`` is also ``branch``, unless that is another's name.
    """
    sources = {}
    for name in map(str, node.GetColumnNames()):
        kind = str(node.GetColumnType(name))
        items = _LIST.fullmatch(kind)
        dtype = _NUMBERS.get(str(root.TClassEdit.ResolveTypedef(items[1] if items else kind)))
        if dtype:
            sources[name] = _Source(name, dtype, items is not None)
    short = Counter(name.rpartition(".")[2] for name in sources)
    alone = {
        name.rpartition(".")[2]: source
        for name, source in sources.items()
        if short[name.rpartition(".")[2]] == 1
    }
    return alone | sources


def _needed(
    sources: Mapping[str, _Source], model: str | Path | Model | None, options: dict[str, Any]
) -> tuple[list[str], list[str]]:
    """The fields that are read and those that are added, told without any data."""
    forms = [source.form(field) for field, source in sources.items()]
    record = ak.forms.RecordForm(forms, list(sources), form_key="rows")
    traced, report = ak.typetracer.typetracer_with_report(record, highlevel=True)
    said = annotate_array(traced, model, **options)
    touched = set(report.data_touched)
    return [f for f in sources if f in touched], [f for f in said.fields if f not in sources]


def _batches(
    root: Any, node: Any, sources: Mapping[str, _Source], entries: Array
) -> Iterator[ak.Array]:
    """The fields of all rows, in the order of ``entries``."""
    names = [ENTRY, *dict.fromkeys(source.name for source in sources.values())]
    for start in range(0, len(entries), BATCH_ROWS):
        part = entries[start : start + BATCH_ROWS]
        columns = root.rootml.between(node, int(part[0]), int(part[-1])).AsNumpy(names)
        order = np.argsort(columns[ENTRY])
        yield ak.Array(
            {field: source.array(columns[source.name][order]) for field, source in sources.items()}
        )


def _define(root: Any, node: Any, name: str, said: ak.Array, entries: Array) -> Any:
    """Define a column whose value, copied here, is looked up by the number of the entry."""
    size = int(entries[-1]) + 1
    flat = np.ascontiguousarray(ak.to_numpy(ak.flatten(said, axis=None)))
    kind = _CPP[flat.dtype.name]
    if said.ndim > 2:
        raise InputError(f"column {name!r}: a dataframe holds no lists of arrays of numbers")
    if said.ndim == 1:
        dense = np.zeros(size, flat.dtype)
        dense[entries] = flat
        return root.rootml.define[kind](node, name, dense.ctypes.data, size)
    counts = np.zeros(size, "i8")
    counts[entries] = ak.to_numpy(ak.num(said))
    starts = np.concatenate([[0], np.cumsum(counts)])
    numbers, begin = flat.ctypes.data, starts.ctypes.data
    return root.rootml.define_lists[kind](node, name, numbers, flat.size, begin, size)
