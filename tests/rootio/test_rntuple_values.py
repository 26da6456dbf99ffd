"""Values of every kind through pages and back: any clusters, any chunks, any encoding."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rootml.rootio import AppendSink, append_branches
from rootml.rootio.rntuple.pages import PAGE_BYTES
from rootml.spec import Column

DTYPES = ["bool", "float32", "float64", *(f"{u}int{b}" for u in ("", "u") for b in (8, 16, 32, 64))]
COMPRESSIONS = [None, "none", "ZLIB-6", "LZ4-1", "ZSTD-5", "LZMA-1"]


def write_source(path: Path, clusters: list[int]) -> Path:
    with uproot.recreate(path) as file:
        made = file.mkrntuple("events", {"x": "f4"})
        for entries in clusters:
            made.extend({"x": np.arange(entries, dtype=np.float32)})
    return path


def random_values(column: Column, counts: Any, rng: np.random.Generator) -> Any:
    entries = len(counts)
    if column.dtype == "str":
        return ak.Array(["".join(rng.choice(list("aä€🙂"), n)) for n in counts] or [""])[:entries]
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
    some = [Column(f"c{i}", dtype, shape, per) for i, (dtype, shape, per) in enumerate(kinds)]
    return [*some, Column("text", "str")] if draw(st.booleans()) else some


@settings(
    max_examples=40,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    specs=columns(),
    clusters=st.lists(st.integers(1, 9), max_size=5),
    step=st.integers(1, 20),
    compression=st.sampled_from(COMPRESSIONS),
    seed=st.integers(0, 2**32 - 1),
)
def test_what_was_given_is_read(
    specs: list[Column],
    clusters: list[int],
    step: int,
    compression: str | None,
    seed: int,
    tmp_path: Path,
) -> None:
    source, target = write_source(tmp_path / "source.root", clusters), tmp_path / "target.root"
    entries, rng = sum(clusters), np.random.default_rng(seed)
    counts = {per: rng.integers(0, 4, entries) for per in (None, "Mu", "Tau")}
    values = {c.name: random_values(c, counts[c.per], rng) for c in specs}
    with AppendSink(
        source, target, "events", specs, compression=compression, overwrite=True
    ) as sink:
        for first in range(0, entries, step):
            sink.write({name: some[first : first + step] for name, some in values.items()})
        sink.commit()
    with uproot.open(source) as old, uproot.open(target) as new:
        assert old["events"]["x"].array().tolist() == new["events"]["x"].array().tolist()
        for name, expected in values.items():
            found = new["events"][name].array()
            assert found.tolist() == ak.Array(expected).tolist(), name
        for first in range(0, entries, 7):
            part = new["events"].arrays(entry_start=first, entry_stop=first + 7)
            for name, expected in values.items():
                assert part[name].tolist() == ak.Array(expected)[first : first + 7].tolist()


@pytest.mark.parametrize("dtype", ["bool", "int64", "float32"])
def test_long_columns_are_cut_into_pages(dtype: str, tmp_path: Path) -> None:
    per_page = PAGE_BYTES * 8 // (1 if dtype == "bool" else 8 * np.dtype(dtype).itemsize)
    entries = 2 * per_page + 5
    source, target = write_source(tmp_path / "source.root", [entries, 3]), tmp_path / "target.root"
    values = (np.random.default_rng(3).normal(size=entries + 3) * 1000).astype(dtype)
    append_branches(source, target, "events", ({"y": part} for part in np.array_split(values, 7)))
    with uproot.open(target) as file:
        ntuple = file["events"]
        assert np.array_equal(ntuple["y"].array(), values)
        sizes = [[page.num_elements for page in some[-1].pages] for some in ntuple.page_link_list]
    assert sizes == [[per_page, per_page, 5], [3]]


def test_memory_stays_flat(tmp_path: Path) -> None:
    """In the number of events, and in that of the clusters but for a few bytes for each."""
    peaks = []
    for clusters in (10, 80):
        source = write_source(tmp_path / "source.root", [20_000] * clusters)
        tracemalloc.start()
        specs = [Column("y", "float64", (4,)), Column("Hit_e", per="Hit")]
        with AppendSink(source, tmp_path / "target.root", "events", specs, overwrite=True) as sink:
            for _ in range(clusters * 4):
                hits = ak.unflatten(np.zeros(10_000, np.float32), np.full(5_000, 2))
                sink.write({"y": np.zeros((5_000, 4)), "Hit_e": hits})
            sink.commit()
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.3 * peaks[0]
