"""Opening files and reading logical columns in chunks."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import BranchError, FileError, LayoutError, TreeError
from rootml.rootio.events.kinds import open_events
from rootml.rootio.opening import (
    inflate_fast,
    open_file,
    open_tree,
    reading,
    split_path,
    tree_names,
)
from rootml.rootio.source import open_source


@pytest.fixture
def hits(tmp_path: Path) -> Path:
    path = tmp_path / "hits.root"
    cells = np.arange(6000, dtype="f4").reshape(1000, 6)
    with uproot.recreate(path) as file:
        tree = file.mktree("hits", {"cell_e": ("f4", (6,))})
        for start in range(0, 1000, 300):
            tree.extend({"cell_e": cells[start : start + 300]})
    return path


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.root", ("a.root", None)),
        ("a.root:t", ("a.root", "t")),
        ("dir/a.root:d/t;2", ("dir/a.root", "d/t;2")),
        ("root://host:1094//a.root", ("root://host:1094//a.root", None)),
        ("root://host:1094//a.root:d/t", ("root://host:1094//a.root", "d/t")),
    ],
)
def test_a_tree_may_follow_the_path(text: str, expected: tuple[str, str | None]) -> None:
    assert split_path(text) == expected


def test_a_file_whose_name_has_a_colon(tmp_path: Path) -> None:
    path = tmp_path / "run:7.root"
    path.touch()
    assert split_path(path) == (str(path), None)


@pytest.mark.parametrize("chunk_bytes", [1, 24, 1000, 7200, 1 << 20])
@pytest.mark.parametrize(("start", "stop"), [(0, None), (17, 921), (400, 400)])
def test_chunks_cover_the_range_once(
    hits: Path, toylab: Path, chunk_bytes: int, start: int, stop: int | None
) -> None:
    import toylab as package

    with open_source(hits, [package.ADAPTER]) as source:
        chunks = list(source.chunks(["cells"], start=start, stop=stop, chunk_bytes=chunk_bytes))
    cells = np.concatenate([np.empty((0, 6)), *(chunk["cells"].to_numpy() for _, chunk in chunks)])
    wanted = np.arange(6000, dtype="f4").reshape(1000, 6)[start:stop]
    np.testing.assert_array_equal(cells, wanted)
    assert [first for first, _ in chunks] == sorted({first for first, _ in chunks})


def test_chunks_end_with_baskets(hits: Path, toylab: Path) -> None:
    """Of 300 entries each, read in chunks of up to 400: no basket is read twice."""
    import toylab as package

    with open_source(hits, [package.ADAPTER]) as source:
        chunks = list(source.chunks(["cells"], chunk_bytes=25 * 400))
        assert [first for first, _ in chunks] == [0, 300, 600, 900]
        far = list(source.chunks(["cells"], start=250, chunk_bytes=25 * 400))
        assert [first for first, _ in far] == [250, 600, 900]
        small = list(source.chunks(["cells"], chunk_bytes=25 * 200))
        assert 180 < max(len(chunk) for _, chunk in small) <= 200


def test_the_first_chunk_is_short(hits: Path, toylab: Path) -> None:
    """The network begins when a quarter of a chunk is read, or a basket that ends later."""
    import toylab as package

    with open_source(hits, [package.ADAPTER]) as source:
        for room, second in ((800, 300), (81, 20), (4000, None)):
            chunks = source.chunks(["cells"], chunk_bytes=25 * room)
            assert [first for first, _ in chunks][1:2] == ([] if second is None else [second])


def test_a_basket_is_inflated_once_for_all_chunks_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rng = tmp_path / "long.root", np.random.default_rng(3)
    columns = {
        "flat": rng.integers(0, 9, 1000).astype("f4"),
        "image": rng.integers(0, 9, (1000, 2, 3)).astype("f4"),
        "list": ak.unflatten(rng.integers(0, 9, 3000), np.full(1000, 3)),
        "text": np.array(["ab" * (i % 5) for i in range(1000)]),
    }
    types = {"flat": "f4", "image": ("f4", (2, 3)), "list": "var * int64", "text": "string"}
    with uproot.recreate(path, compression=uproot.ZLIB(1)) as file:
        file.mktree("t", types).extend(columns)
    inflated = []
    zlib = uproot.compression._decompress_ZLIB
    inflate = zlib.decompress
    with open_file(path) as file:
        events = open_events(file, "t")
        whole = events.read(list(columns), 0, 1000)
        monkeypatch.setattr(
            zlib, "decompress", lambda *given: inflated.append(given) or inflate(*given)
        )
        for start in range(0, 1000, 130):
            stop = min(start + 130, 1000)
            for name, values in events.read(list(columns), start, stop).items():
                expected = whole[name][start:stop]
                assert values.type == expected.type
                assert ak.all(values == expected, axis=None)
                assert ak.to_layout(values).is_numpy or ak.to_layout(values).offsets[0] == 0
    assert len(inflated) == len(columns)


def test_threads_read_one_file_at_once(tmp_path: Path) -> None:
    path = tmp_path / "many.root"
    columns = {f"x{i}": np.full(20_000, i, "i4") + np.arange(20_000) for i in range(20)}
    with uproot.recreate(path, compression=None) as file:
        tree = file.mktree("t", dict.fromkeys(columns, "i4"))
        for start in range(0, 20_000, 500):
            tree.extend({name: x[start : start + 500] for name, x in columns.items()})
    with open_file(path) as file, ThreadPoolExecutor(8) as pool:
        tree = file["t"]
        found = pool.map(lambda name: tree[name].array(library="np"), columns)
        for name, values in zip(columns, found, strict=True):
            np.testing.assert_array_equal(values, columns[name])


def test_a_column_that_is_not_there(hits: Path, toylab: Path) -> None:
    import toylab as package

    with (
        open_source(hits, [package.ADAPTER]) as source,
        pytest.raises(BranchError, match=r"hits.root.*'label'.*needs branch 'truth_label'"),
    ):
        source.read(["cells", "label"], 0, 10)


def test_a_wrong_tree_gets_the_near_ones(hits: Path) -> None:
    with open_file(hits) as directory, pytest.raises(TreeError, match="did you mean 'hits'"):
        open_tree(directory, "hit")


@pytest.mark.parametrize("kept", [0, 3, 50, 200, 3000])
def test_a_truncated_file(hits: Path, tmp_path: Path, kept: int) -> None:
    short = tmp_path / "short.root"
    short.write_bytes(hits.read_bytes()[:kept])
    with pytest.raises(FileError, match=r"short\.root"):
        open_file(short)


def test_damaged_baskets_are_an_error_of_the_file(hits: Path, toylab: Path) -> None:
    import toylab as package

    with uproot.open(hits)["hits"] as tree:
        seek = int(tree["cell_e"].member("fBasketSeek")[1])
    data = bytearray(hits.read_bytes())
    data[seek + 80 : seek + 400] = bytes(320)
    hits.write_bytes(data)
    with (
        open_source(hits, [package.ADAPTER]) as source,
        pytest.raises(FileError, match=r"hits\.root: tree 'hits', branch 'cell_e': cannot be read"),
    ):
        list(source.chunks(["cells"]))


def test_classes_derived_from_ttree_are_trees() -> None:
    """``derived.root``: Mine derives from TTree, with a member of its own, Further from Mine.

    Made with a compiled dictionary, which ROOT needs to write such classes. uproot does not
    read what is two steps away.
    """
    with open_file(Path(__file__).with_name("derived.root")) as directory:
        assert tree_names(directory) == ["mine", "simple"]
        assert open_events(directory, "mine").read(["x"], 1, 4)["x"].tolist() == [1, 2, 3]
        with pytest.raises(TreeError, match=r"'further' is a Further, not a tree"):
            open_tree(directory, "further")


def test_trees_that_no_layout_names_are_not_opened(
    hits: Path, toylab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import toylab as package

    with uproot.update(hits) as file:
        file.mktree("other", {"cell_f": ("f4", (6,))}).extend({"cell_f": np.ones((3, 6))})
    names = []
    monkeypatch.setattr(
        "rootml.rootio.survey.open_events",
        lambda directory, name: names.append(name) or open_events(directory, name),
    )
    open_source(hits, [package.ADAPTER]).close()
    assert names == ["hits"]
    with uproot.recreate(hits) as file:
        file.mktree("other", {"cell_f": ("f4", (6,))}).extend({"cell_f": np.ones((3, 6))})
    said = r"should be named hits; no branch 'cell_e'; did you mean 'cell_f'"
    with pytest.raises(LayoutError, match=said):
        open_source(hits, [package.ADAPTER])


@pytest.fixture
def inflating(monkeypatch: pytest.MonkeyPatch) -> None:
    """ISA-L for one test: the setting is the process's."""
    pytest.importorskip("isal")
    zlib = uproot.compression._decompress_ZLIB
    monkeypatch.setattr(zlib, "library", zlib.library)
    inflate_fast()
    assert zlib.library == "isal"


def test_zlib_is_inflated_to_the_same_values_and_damage_is_noticed(
    inflating: None, tmp_path: Path
) -> None:
    path = tmp_path / "z.root"
    values = np.random.default_rng(1).integers(0, 9, 50_000).astype("f4")
    with uproot.recreate(path, compression=uproot.ZLIB(1)) as file:
        file.mktree("t", {"x": "f4"}).extend({"x": values})
    with uproot.open(path) as file:
        branch = file["t/x"]
        assert branch.compressed_bytes < branch.uncompressed_bytes / 2
        np.testing.assert_array_equal(branch.array(library="np"), values)
        middle = branch.member("fBasketSeek")[0] + branch.compressed_bytes // 2
    data = bytearray(path.read_bytes())
    data[middle] ^= 1
    path.write_bytes(data)
    with (
        open_file(path) as file,
        pytest.raises(FileError, match="cannot be read"),
        reading("branch x"),
    ):
        file["t/x"].array()
