"""RDataFrame (https://root.cern/doc/master/classROOT_1_1RDataFrame.html) with a network's columns.

Needs ROOT and its Python bindings.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import awkward as ak
import numpy as np

from rootml.errors import InputError, MissingExtra, nearest
from rootml.spec import Array
from rootml.tagging.inline import annotate as annotate_array

if TYPE_CHECKING:
    from rootml.runtime.model import Model

BATCH_ROWS = 100_000
"""Rows whose columns are in memory at once."""
ENTRY = "rdfentry_"
"""RDataFrame's number of an entry: the same in every loop, whatever is filtered, on one thread."""
ENTRY_TYPE = "ULong64_t"

_LIST = re.compile(r"(?:ROOT::VecOps::RVec|ROOT::RVec|(?:std::)?vector)<(.+?)\s*>")
_NUMBERS = {
    "bool": "bool",
    "signed char": "i1",
    "unsigned char": "u1",
    "short": "i2",
    "unsigned short": "u2",
    "int": "i4",
    "unsigned int": "u4",
    "long": "i8",
    "Long64_t": "i8",
    "unsigned long": "u8",
    "ULong64_t": "u8",
    "float": "f4",
    "Float16_t": "f4",
    "double": "f8",
    "Double32_t": "f8",
}
"""Types as ROOT resolves them, and NumPy's; ``char`` is text to Python."""
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
#include <array>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <ROOT/RDataFrame.hxx>
namespace rootml {
using Names = std::vector<std::string>;
template <typename T> std::shared_ptr<T[]> kept(std::uintptr_t address, std::size_t size) {
    std::shared_ptr<T[]> copy(new T[size]);
    std::copy_n(reinterpret_cast<const T *>(address), size, copy.get());
    return copy;
}
template <std::size_t N> struct Rows {
    using Key = std::array<ULong64_t, N>;
    std::shared_ptr<Key[]> keys;
    std::size_t size;
    std::size_t at(const Key &key) const {
        auto found = std::lower_bound(keys.get(), keys.get() + size, key);
        if (found == keys.get() + size || *found != key)
            throw std::runtime_error("rootml: an entry that was not there when the network ran: a "
                                     "filter or a key is not the same in each loop");
        return found - keys.get();
    }
};
template <typename... Parts>
ROOT::RDF::RNode between(ROOT::RDF::RNode df, const Names &columns, std::uintptr_t bounds) {
    using Key = std::array<ULong64_t, sizeof...(Parts)>;
    auto bound = kept<Key>(bounds, 2);
    auto inside = [bound](Parts... parts) {
        Key key{static_cast<ULong64_t>(parts)...};
        return bound[0] <= key && key <= bound[1];
    };
    return df.Filter(inside, columns);
}
template <typename T, typename... Parts>
ROOT::RDF::RNode define(ROOT::RDF::RNode df, const std::string &name, const Names &columns,
                        std::uintptr_t keys, std::size_t size, std::uintptr_t numbers) {
    constexpr auto N = sizeof...(Parts);
    Rows<N> rows{kept<std::array<ULong64_t, N>>(keys, size), size};
    auto values = kept<T>(numbers, size);
    auto value = [=](Parts... parts) {
        return values[rows.at({static_cast<ULong64_t>(parts)...})];
    };
    return df.Define(name, value, columns);
}
template <typename T, typename... Parts>
ROOT::RDF::RNode define_lists(ROOT::RDF::RNode df, const std::string &name, const Names &columns,
                              std::uintptr_t keys, std::size_t size, std::uintptr_t numbers,
                              std::uintptr_t starts) {
    constexpr auto N = sizeof...(Parts);
    Rows<N> rows{kept<std::array<ULong64_t, N>>(keys, size), size};
    auto from = kept<std::int64_t>(starts, size + 1);
    auto values = kept<T>(numbers, from[size]);
    auto list = [=](Parts... parts) {
        auto row = rows.at({static_cast<ULong64_t>(parts)...});
        return ROOT::RVec<T>(values.get() + from[row], values.get() + from[row + 1]);
    };
    return df.Define(name, list, columns);
}
}
"""


def annotate(
    df: Any,
    model: str | Path | Model | None = None,
    *,
    key: str | Sequence[str] = (),
    **options: Any,
) -> Any:
    """Return the dataframe with a network's outputs as further columns.

    ``df``: an RDataFrame, or what follows from one by ``Define``, ``Filter`` and so on. ``model``
    and ``options``: as of :func:`rootml.annotate`, whose columns these are. The columns that the
    network needs, numbers and lists of numbers, are read now, :data:`BATCH_ROWS` rows at a time,
    in a loop each; only rows that pass the filters so far are judged. What follows may filter,
    define and write as ever.

    ``key``: columns of integers that tell entries apart, as ``("run", "event")``, by which all
    later loops find an entry's values. Dataframes of several threads need one, as these number
    entries anew in each loop; else it is the number of the entry.

    Raises InputError where it is no dataframe, one of several threads without a key, or the key is
    none; MissingExtra where there is no ROOT; and what :func:`rootml.annotate` raises.
    """
    root = _root()
    try:
        node = root.RDF.AsRNode(df)
    except TypeError as error:
        raise InputError(f"annotate takes an RDataFrame, not {type(df)}") from error
    sources = _sources(root, node)
    rows = _Rows.of(node, _key(node, sources, [key] if isinstance(key, str) else key))
    needed, form = _needed(sources, model, options)
    _check_new(node, form)
    parts = [
        annotate_array(batch, model, **options)[form.fields]
        for batch in _batches(root, node, {field: sources[field] for field in needed}, rows)
    ]
    said = ak.concatenate([form.length_zero_array(), *parts])
    for name in form.fields:
        node = _define(root, node, name, said[name], rows)
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


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows that pass the filters, in the order of what tells them apart.

    ``kinds``: the types of the ``columns`` that do, in C++. ``keys``: their values (rows, columns),
    sorted, as ``std::array``s are.
    """

    columns: tuple[str, ...]
    kinds: tuple[str, ...]
    keys: Array

    @classmethod
    def of(cls, node: Any, key: Mapping[str, str]) -> _Rows:
        """Those of a dataframe; InputError where two have the same key."""
        keys = _keys(node.AsNumpy(list(key)), key)
        keys = np.ascontiguousarray(keys[_order(keys)])
        same = np.flatnonzero((keys[1:] == keys[:-1]).all(axis=1))
        if len(same):
            twice = ", ".join(f"{name} {n}" for name, n in zip(key, keys[same[0]], strict=True))
            raise InputError(f"the key does not tell entries apart: {twice} is there twice")
        return cls(tuple(key), tuple(key.values()), keys)


def _keys(columns: Mapping[str, Array], key: Iterable[str]) -> Array:
    return np.stack([np.asarray(columns[name]).astype(np.uint64) for name in key], axis=1)


def _order(keys: Array) -> Array:
    """The rows in rising order, the first column counting most."""
    order: Array = np.lexsort(keys.T[::-1])
    return order


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


def _key(node: Any, sources: Mapping[str, _Source], asked: Sequence[str]) -> dict[str, str]:
    """The columns that tell entries apart, and their types in C++."""
    if not asked and node.GetNSlots() > 1:
        raise InputError(
            "the dataframe was made for several threads, which number entries anew in each loop: "
            'say what tells them apart, key=("run", "event"), or make it before '
            "ROOT.EnableImplicitMT()"
        )
    for name in asked:
        if name not in sources:
            raise InputError(f"key: the dataframe has no column {name!r}{nearest(name, sources)}")
        if sources[name].lists or np.dtype(sources[name].dtype).kind not in "iu":
            kind = node.GetColumnType(sources[name].name)
            raise InputError(f"key: the column {name!r} is {kind}, expected integers")
    names = [sources[name].name for name in asked]
    return {name: str(node.GetColumnType(name)) for name in names} or {ENTRY: ENTRY_TYPE}


def _needed(
    sources: Mapping[str, _Source], model: str | Path | Model | None, options: dict[str, Any]
) -> tuple[list[str], ak.forms.Form]:
    """The fields that are read and the form of those that are added, told without any data."""
    forms = [source.form(field) for field, source in sources.items()]
    record = ak.forms.RecordForm(forms, list(sources), form_key="rows")
    traced, report = ak.typetracer.typetracer_with_report(record, highlevel=True)
    said = annotate_array(traced, model, **options)
    touched = set(report.data_touched)
    added = said[[field for field in said.fields if field not in sources]]
    return [field for field in sources if field in touched], ak.to_layout(added).form


def _check_new(node: Any, form: ak.forms.Form) -> None:
    """Refuse columns that the dataframe cannot have."""
    for name in form.fields:
        if not re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
            raise InputError(f"column {name!r}: a dataframe's are named as variables of C++")
        if node.HasColumn(name):
            raise InputError(f"the dataframe has a column {name!r}: prefix= names the new ones")
        if form.content(name).purelist_depth > 2:
            raise InputError(f"column {name!r}: a dataframe holds no lists of arrays of numbers")


def _batches(
    root: Any, node: Any, sources: Mapping[str, _Source], rows: _Rows
) -> Iterator[ak.Array]:
    """The fields of all rows, in their order."""
    names = list(dict.fromkeys([*rows.columns, *(source.name for source in sources.values())]))
    for start in range(0, len(rows.keys), BATCH_ROWS):
        bounds = np.ascontiguousarray(rows.keys[start : start + BATCH_ROWS][[0, -1]])
        part = root.rootml.between[rows.kinds](node, rows.columns, bounds.ctypes.data)
        columns = part.AsNumpy(names)
        order = _order(_keys(columns, rows.columns))
        yield ak.Array(
            {field: source.array(columns[source.name][order]) for field, source in sources.items()}
        )


def _define(root: Any, node: Any, name: str, said: ak.Array, rows: _Rows) -> Any:
    """Define a column whose values, copied here, are looked up by the key."""
    flat = np.ascontiguousarray(ak.to_numpy(ak.flatten(said, axis=None)))
    kinds = (_CPP[flat.dtype.name], *rows.kinds)
    numbers = [rows.keys.ctypes.data, len(rows.keys), flat.ctypes.data]
    define = root.rootml.define[kinds]
    if said.ndim == 2:
        starts = np.concatenate([[0], np.cumsum(ak.to_numpy(ak.num(said)), dtype=np.int64)])
        numbers.append(starts.ctypes.data)
        define = root.rootml.define_lists[kinds]
    return define(node, name, rows.columns, *numbers)
