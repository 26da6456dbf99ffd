"""The parts that append is made of, where a test of the whole would say too little."""

from __future__ import annotations

import datetime
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st

from rootml.rootio.container.compression import compressor, decompress, parse_compression
from rootml.rootio.container.keys import Key, pack_string, packed_time, read_string
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.ttree.clusters import BASKET_BYTES, basket_stop, cluster_edges
from rootml.rootio.ttree.streamers import known_streamers
from rootml.rootio.ttree.tracing import Reader
from rootml.rootio.ttree.view import TreeView


@given(st.binary(max_size=600), st.integers(0, 3))
def test_strings_survive(text: bytes, shift: int) -> None:
    packed = pack_string(text)
    assert read_string(b"?" * shift + packed, shift) == (text, shift + len(packed))


@given(st.integers(0, 4_000_000_000), st.binary(max_size=300), st.integers(0, 50))
def test_keys_survive(seek: int, name: bytes, extra: int) -> None:
    key = Key(b"TTree", name, b"title", 3, 0, 100, extra=extra).moved(seek, length=9, stored=7)
    assert Key.parse(b"??" + key.pack(), 2) == key
    assert (key.version > 1000) == (seek > 2_000_000_000)


def test_time_is_packed_as_root_does() -> None:
    moment = datetime.datetime(2012, 9, 20, 15, 15, 54)
    assert packed_time(moment) == (17 << 26 | 9 << 22 | 20 << 17 | 15 << 12 | 15 << 6 | 54)


def test_clusters_are_those_of_root(tmp_path: Path, root: Any) -> None:
    path = tmp_path / "clusters.root"
    code = """void make(const char *path) { TFile file(path, "RECREATE"); TTree tree("T", "");
        int i; tree.Branch("i", &i); tree.SetAutoFlush(10); tree.SetAutoSave(0);
        for (i = 0; i < 100; ++i) { tree.Fill(); if (i == 29) tree.SetAutoFlush(25); }
        tree.Write(); }"""
    root.macro(code=code, path=path)
    expected = root.clusters(path=path, tree="T")["edges"]
    assert len(expected) > 5
    with RootFile(path) as file, Reader(path) as reader, uproot.open(path) as opened:
        view = TreeView(reader.trace("T;1", opened.key("T").fSeekKey), reader)
        assert view.edges.tolist() == expected
        assert file.header.end == path.stat().st_size


@given(
    st.lists(st.integers(1, 400_000), min_size=1, max_size=60),
    st.integers(0, 20),
    st.integers(0, 1000),
)
def test_baskets_cover_all_entries(sizes: list[int], auto_flush: int, first: int) -> None:
    """A basket is not empty, fits unless one entry does not, and ends with a cluster if it can."""
    edges = cluster_edges(first + len(sizes), auto_flush=auto_flush)
    ends = np.cumsum(sizes)
    fitting = int(np.searchsorted(ends, BASKET_BYTES, side="right"))
    stop = basket_stop(edges, first, fitting) - first
    assert 1 <= stop <= len(sizes)
    assert stop == 1 or ends[stop - 1] <= BASKET_BYTES
    if first + stop not in edges:
        assert not any(first < edge <= first + stop for edge in edges)


@pytest.mark.parametrize(
    ("text", "magic"),
    [("ZLIB-9", b"ZL"), ("LZMA-2", b"XZ"), ("LZ4-12", b"L4"), ("zstd-5", b"ZS"), ("none", b"da")],
)
def test_compression(text: str, magic: bytes) -> None:
    assert compressor(parse_compression(text))(b"data" * 5000)[:2] == magic


@pytest.mark.parametrize("size", [250_000, 5_000_000])
def test_quick_compression_is_as_small_as_zlib_and_inflated_by_it(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second takes two blocks: one holds less than 16 MB."""
    monkeypatch.setattr(uproot.compression._decompress_ZLIB, "library", "zlib")
    data = np.random.default_rng(5).normal(size=size).astype(">f4").tobytes()
    quick = compressor(parse_compression("ZLIB-1"))(data)
    assert len(quick) <= len(zlib.compress(data, 1))
    assert decompress(quick, len(data)) == data


def test_old_compression_codes_mean_zlib() -> None:
    assert compressor(1)(b"data" * 500)[:2] == compressor(301)(b"data" * 500)[:2] == b"ZL"


def test_streamers_of_all_that_is_written() -> None:
    """Each ends with the empty option that a TList keeps with its elements."""
    known = known_streamers()
    leaves = {(f"TLeaf{letter}", 1) for letter in "OBSILFD"}
    classes = {("TTree", 20), ("TBranch", 13), ("TLeaf", 2), ("TObjString", 1)}
    assert leaves | classes | {("ROOT::TIOFeatures", 1)} <= known.keys()
    assert all(raw.endswith(b"\0") for raw in known.values())


def test_what_tracing_needs_of_uproot(source: Path) -> None:
    """Reference words, byte counts and positions, as private parts of uproot give them."""
    with uproot.open(source) as file:
        seek = file.key("events").fSeekKey
    with Reader(source) as reader:
        traced = reader.trace("events;1", seek)
    branches = traced.model.branches
    assert [traced.raw[traced.starts[id(b)] + 4 :][:4] for b in branches[:1]] == [b"\xff" * 4]
    labels = [reference.label for reference in traced.references if not reference.is_class]
    assert [name for _, name in labels[-len(branches) :]] == [b.name for b in branches]
    assert {name for _, name in traced.definitions} >= {"TBranch", "TLeafD", "TLeafI"}
    covered = sum(stop - start for start, stop in traced.opaque)
    assert covered < 0.2 * len(traced.raw)
