"""Arrays whose buffers are read when they are touched."""

from __future__ import annotations

import threading
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import DataError, FileError
from rootml.rootio.events.index import TreeIndex
from rootml.rootio.events.kinds import open_events
from rootml.rootio.events.lazy import Once, assembled, deferred, field_paths, taken
from rootml.rootio.opening import open_file

ARRAYS = {
    "flat": ak.Array(np.arange(5, dtype="f4")),
    "shaped": ak.from_numpy(np.arange(30).reshape(5, 3, 2), regulararray=True),
    "inner": ak.Array(np.arange(30).reshape(5, 3, 2)),
    "jagged": ak.Array([[1.5], [], [2.5, 3.5], [4.5], []]),
    "nested": ak.Array([[[1], []], [], [[2, 3]], [[]], [[4]]]),
    "texts": ak.Array(["a", "", "bcd", "ä", "e"]),
    "records": ak.Array([[{"x": 1, "y": [2.0]}], [], [], [], []]),
    "options": ak.Array([1, None, 3, None, 5]),
}


@pytest.mark.parametrize("array", ARRAYS.values(), ids=ARRAYS)
def test_a_deferred_array_is_what_is_computed(array: ak.Array) -> None:
    calls = []
    lazy = deferred(ak.to_packed(array).layout.form, 5, lambda: calls.append(1) or array)
    assert (len(lazy), str(lazy.type), calls) == (5, str(array.type), [])
    assert lazy[1:4].tolist() == array[1:4].tolist()
    assert lazy.tolist() == array.tolist()
    assert calls == [1]


def test_something_else_than_was_said(tmp_path: Path) -> None:
    form = ak.forms.NumpyForm("float32")
    for wrong in (np.arange(4, dtype="f4"), np.arange(5)):
        with pytest.raises(DataError, match="expected 5 of float32"):
            ak.materialize(deferred(form, 5, lambda wrong=wrong: ak.Array(wrong)))


def test_rows_are_taken_when_they_are_touched() -> None:
    array = assembled(ARRAYS, 5)
    calls = []
    rows = np.array([4, 0, 2, 2, 0, 1, 3])
    lazy = taken(array, 7, lambda: calls.append(1) or rows)
    assert len(lazy) == 7
    assert calls == []
    for name in ARRAYS:
        assert lazy[name].tolist() == array[name][rows].tolist(), name


def test_once_means_once_for_all_threads() -> None:
    calls = []
    start = threading.Barrier(4)
    once = Once(lambda: calls.append(1) or len(calls))
    results = []

    def ask() -> None:
        start.wait()
        results.append(once())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (results, calls) == ([1] * 4, [1])


def test_where_fields_are() -> None:
    array = ak.Array([{"a": [{"b": 1, "c": {"d": 2}}], "a.b": 3, "e": None}])
    paths = field_paths(array)
    assert paths == {
        "a": ("a",),
        "a.b": ("a.b",),
        "e": ("e",),
        "a.c": ("a", "c"),
        "a.c.d": ("a", "c", "d"),
    }


def test_a_damaged_basket_is_named_when_it_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "damaged.root"
    with uproot.recreate(path) as file:
        tree = file.mktree("d/t", {"x": "f8", "y": "f8"})
        tree.extend({"x": np.zeros(1000), "y": np.zeros(1000)})
    with uproot.open(path)["d/t"] as tree:
        seek = int(tree["x"].member("fBasketSeek")[0])
    data = bytearray(path.read_bytes())
    data[seek + 70 : seek + 100] = bytes(30)
    path.write_bytes(data)
    with open_file(path) as file:
        array, _ = open_events(file, "d/t").lazy()
        assert array["y"].tolist() == [0.0] * 1000
        with pytest.raises(FileError, match=r"damaged.root: tree 'd/t', branch 'x': cannot be"):
            _ = array["x"] + 1


def test_pairs_of_an_index() -> None:
    rng = np.random.default_rng(3)
    pairs = rng.permutation([(m, n) for m in range(-2, 9, 2) for n in range(0, 50, 3)])
    order = np.lexsort(pairs.T[::-1])
    index = TreeIndex("run", "event", *pairs[order].T.astype(">i8"), order)
    assert index.find(*pairs.T).tolist() == list(range(len(pairs)))
    absent = np.array([(1, 3), (0, 1), (-3, 0), (99, 0), (0, 99), (8, 51)])
    assert index.find(*absent.T).tolist() == [-1] * 6
    assert index.find(np.array([0.9, 2.0]), np.array([3, 6])).tolist() == [
        pairs.tolist().index([0, 3]),
        pairs.tolist().index([2, 6]),
    ]
    empty = TreeIndex("run", "0", *[np.zeros(0, np.int64)] * 3)
    assert empty.find(np.arange(3), np.zeros(3)).tolist() == [-1] * 3
