"""Appending to trees of any number of baskets: nothing old changes, the new can be read."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rootml.rootio import AppendSink, append_branches
from rootml.spec import Column

DTYPES = ["bool", "float32", "float64", *(f"{u}int{b}" for u in ("", "u") for b in (8, 16, 32, 64))]
Y = Column("y", "float64")
COMPRESSIONS = [None, "none", "ZLIB-6", "LZ4-1", "ZSTD-5", "LZMA-1"]


def random_values(column: Column, entries: int, counts: Any, rng: np.random.Generator) -> Any:
    dtype = np.dtype(column.dtype)
    total = entries if column.per is None else int(counts.sum())
    raw = rng.integers(0, 256, (total, *column.shape, dtype.itemsize), dtype=np.uint8)
    items = raw.view(dtype)[..., 0] if dtype.kind in "iu" else rng.normal(size=raw.shape[:-1])
    items = (items > 0) if dtype.kind == "b" else items.astype(dtype)
    return items if column.per is None else ak.unflatten(items, counts)


@st.composite
def columns(draw: st.DrawFn) -> list[Column]:
    shapes = st.sampled_from([(), (3,), (2, 2)])
    pers = st.sampled_from([None, None, "Mu", "Tau"])
    kinds = draw(st.lists(st.tuples(st.sampled_from(DTYPES), shapes, pers), min_size=1, max_size=4))
    return [Column(f"c{i}", dtype, shape, per) for i, (dtype, shape, per) in enumerate(kinds)]


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    specs=columns(),
    entries=st.sampled_from([0, 1, 7, 100]),
    baskets=st.integers(1, 3),
    chunk=st.sampled_from([1000, 40, 3]),
    compression=st.sampled_from(COMPRESSIONS),
    seed=st.integers(0, 99),
)
def test_any_columns(
    specs: list[Column], entries: int, baskets: int, chunk: int, compression: str | None,
    seed: int, tmp_path: Path, root: Any, make_source: Any, check_append: Any,
) -> None:  # fmt: skip
    source = make_source(tmp_path / "source.root", entries, baskets)
    target = tmp_path / "target.root"
    rng = np.random.default_rng(seed)
    counts = {per: rng.integers(0, 4, entries) for per in ("Mu", "Tau")}
    values = {c.name: random_values(c, entries, counts.get(c.per or ""), rng) for c in specs}
    with AppendSink(
        source, target, "events", specs, compression=compression, overwrite=True
    ) as sink:
        for first in range(0, entries, chunk):
            sink.write({name: v[first : first + chunk] for name, v in values.items()})
        sink.commit()
    check_append(source, target, "events", values)
    text = {"int8", "uint64"}  # ROOT draws lists of int8 as text; uint64 exceeds its doubles
    scalars = [c.name for c in specs if not c.shape and c.dtype not in text and entries]
    flat = {n: ak.to_numpy(ak.flatten(values[n], axis=None)).astype(float) for n in scalars}
    filled = [n for n in scalars if len(flat[n])]
    for way, sums in root.read(path=target, tree="events", columns=filled).items():
        if way != "bytes":
            assert sums == pytest.approx({n: flat[n].sum() for n in filled}, rel=1e-6, abs=1e-3)


def test_baskets_end_with_clusters_and_hold_a_quarter_megabyte(tmp_path: Path, root: Any) -> None:
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    code = """void make(const char *path) {
        TFile file(path, "RECREATE"); TTree tree("T", ""); tree.SetAutoFlush(9000); int i;
        tree.Branch("i", &i); for (i = 0; i < 400000; ++i) tree.Fill(); tree.Write(); }"""
    root.macro(code=code, path=source)
    values = np.arange(400000, dtype=np.float64)
    append_branches(source, target, "T", {"v": values}, compression="none")
    with uproot.open(target) as file:
        edges = file["T/v"].entry_offsets
        sizes = [file["T/v"].basket(i).num_entries * 8 for i in range(file["T/v"].num_baskets)]
    assert all(edge % 9000 == 0 for edge in edges[:-1])
    assert all(200_000 < size < 270_000 for size in sizes[:-1])
    assert root.read(path=target, tree="T", columns=["v"])["frame"]["v"] == values.sum()


def test_second_append_and_root_on_top(
    source: Path, tmp_path: Path, root: Any, make_columns: Any, check_append: Any
) -> None:
    rng = np.random.default_rng(2)
    first, second = tmp_path / "first.root", tmp_path / "second.root"
    for name, before, after in (("one", source, first), ("two", first, second)):
        specs, values = make_columns(10, rng, name)
        append_branches(before, after, "events", values, specs, objects={"note": name})
        check_append(before, after, "events", values)
    assert root.text(path=second, name="note") == {"text": "two"}
    before = root.describe(path=second, tree="events")["branches"]
    root.update(path=second, tree="events", column="mine")
    after = root.describe(path=second, tree="events")["branches"]
    assert after[: len(before)] == before
    append_branches(second, tmp_path / "third.root", "events", {"three": np.arange(10.0)})
    check_append(second, tmp_path / "third.root", "events", {"three": np.arange(10.0)})


def test_merging(source: Path, tmp_path: Path, root: Any, make_columns: Any) -> None:
    target, merged = tmp_path / "target.root", tmp_path / "merged.root"
    specs, values = make_columns(10, np.random.default_rng(3))
    append_branches(source, target, "events", values, specs)
    assert root.merge(paths=[str(target), str(target)], target=merged)["ok"]
    names = ["x", "Hit_e", "new_score", "New_p"]
    once = root.read(path=target, tree="events", columns=names)["draw"]
    twice = root.read(path=merged, tree="events", columns=names)["frame"]
    assert twice == pytest.approx({name: 2 * once[name] for name in names})


def test_existing_counter_is_reused(
    source: Path, tmp_path: Path, root: Any, check_append: Any
) -> None:
    counts = np.arange(10) % 4
    hits = ak.unflatten(np.arange(counts.sum(), dtype=np.float64), counts)
    target = tmp_path / "target.root"
    append_branches(source, target, "events", {"Hit_score": hits})
    new = check_append(source, target, "events", {"Hit_score": hits})
    assert [leaf for leaf in new["leaves"] if leaf == "nHit"] == ["nHit"]
    assert "#nHit" in new["branches"][-1]


def test_plain_integer_becomes_a_counter(tmp_path: Path, root: Any, same_values: Any) -> None:
    """ROOT reads no more objects than the counter's maximum, also of merged files."""
    targets = []
    for counts in (np.array([1, 2, 0], np.int16), np.array([2, 0, 300], np.int16)):
        source, target = (tmp_path / f"{name}{len(targets)}.root" for name in ("in", "out"))
        with uproot.recreate(source) as file:
            file.mktree("T", {"nA": "i2"}).extend({"nA": counts})
        values = {"A_v": ak.unflatten(np.arange(1.0 * counts.sum()), counts)}
        append_branches(source, target, "T", values)
        same_values(target, "T", values)
        assert root.describe(path=target, tree="T")["counters"] == {"nA": [True, max(counts)]}
        total = root.read(path=target, tree="T", columns=["A_v"])["draw"]["A_v"]
        assert total == ak.sum(values["A_v"])
        targets.append(str(target))
    assert root.merge(paths=targets, target=tmp_path / "merged.root")["ok"]
    found = root.read(path=tmp_path / "merged.root", tree="T", columns=["A_v"])
    assert found["draw"]["A_v"] == found["frame"]["A_v"] == sum(range(3)) + sum(range(302))


def test_memory_stays_flat(tmp_path: Path, make_source: Callable[..., Path]) -> None:
    peaks = []
    for entries in (1_000_000, 3_000_000):
        source = make_source(tmp_path / f"{entries}.root", entries)
        tracemalloc.start()
        with AppendSink(source, tmp_path / "out.root", "events", [Y], overwrite=True) as sink:
            for _ in range(entries // 50_000):
                sink.write({"y": np.zeros(50_000)})
            sink.commit()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]


def test_replaced_branches_give_way(
    source: Path, tmp_path: Path, root: Any, make_columns: Any, check_append: Any
) -> None:
    first, second = tmp_path / "first.root", tmp_path / "second.root"
    specs, values = make_columns(10, np.random.default_rng(4))
    append_branches(source, first, "events", values, specs)
    values["new_score"] = -values["new_score"]
    values["New_p"] = values["New_p"] * 2
    append_branches(first, second, "events", values, specs, replace=list(values))
    new = check_append(source, second, "events", values)
    assert sorted(new["leaves"]) == sorted(root.describe(path=first, tree="events")["leaves"])
    assert root.read(path=second, tree="events", columns=["new_score"])["draw"] == pytest.approx(
        {"new_score": float(values["new_score"].sum())}
    )


def test_replacing_after_root_rewrote_the_tree(
    source: Path, tmp_path: Path, root: Any, check_append: Any
) -> None:
    """ROOT lets later branches refer to classes that the first of them introduced."""
    first, second = tmp_path / "first.root", tmp_path / "second.root"
    old = {"a": np.zeros(10, np.float32), "b": np.ones(10, np.float32)}
    append_branches(source, first, "events", old)
    root.update(path=first, tree="events", column="mine")
    append_branches(first, second, "events", {"a": old["b"], "b": old["a"]}, replace=["a", "b"])
    check_append(source, second, "events", {"a": old["b"], "b": old["a"]})
    assert root.read(path=second, tree="events", columns=["mine", "a"])["draw"] == {
        "mine": 45.0,
        "a": 10.0,
    }


def test_a_tree_without_entries_needs_no_chunk(tmp_path: Path, root: Any, make_source: Any) -> None:
    source, target = make_source(tmp_path / "source.root", 0), tmp_path / "target.root"
    append_branches(source, target, "events", iter([]), [Column("y")])
    assert root.describe(path=target, tree="events")["leaves"][-1] == "y"
