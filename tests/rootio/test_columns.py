"""Columns of every kind: what users hand over, and the branches it becomes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import AppendRefused, DataError
from rootml.rootio import AppendSink, append_branches
from rootml.rootio.columns import infer_column
from rootml.spec import Column

TEXTS = ["", "a", "é日本", "x" * 254, "y" * 255, "z" * 70_000, "", "a\0b", "[1]", ""]
TEN = np.arange(10.0)


@pytest.mark.parametrize(
    ("values", "dtype", "shape", "per"),
    [
        ([1, 2], "int64", (), None),
        ((1.0, 2.5), "float64", (), None),
        ([True, False], "bool", (), None),
        (["a", "é"], "str", (), None),
        (np.array(["a", "bc"]), "str", (), None),
        (np.array(["a", "bc"], object), "str", (), None),
        (ak.Array(["a", "b"]), "str", (), None),
        (np.zeros(2, ">i2"), "int16", (), None),
        (np.zeros((2, 4, 4), np.float32), "float32", (4, 4), None),
        (ak.Array([1, None])[:1], "int64", (), None),
        (np.ma.array([1, 2], mask=[False, False]), "int64", (), None),
        ([[1], []], "int64", (), "Jet"),
        (ak.values_astype(ak.Array([[], [1]]), "uint8")[:1], "uint8", (), "Jet"),
        (ak.to_regular(ak.Array([[[1.0, 2.0]]]), axis=2), "float64", (2,), "Jet"),
        ([np.zeros(2, np.float32), np.zeros(0, np.float32)], "float32", (), "Jet"),
        (np.array([np.zeros(2, ">f4"), np.zeros(0, ">f4")], object), "float32", (), "Jet"),
    ],
)
def test_columns_are_inferred(
    values: Any, dtype: str, shape: tuple[int, ...], per: str | None
) -> None:
    assert infer_column("Jet_x", values) == Column("Jet_x", dtype, shape, per)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ([[[1.0]], []], "lists within lists"),
        (np.zeros(2, np.float16), "no branch can hold float16; the types are bool, int8, uint8"),
        (np.zeros(2, "M8[s]"), "no branch can hold datetime64"),
        (np.zeros((2, 0)), r"no branch can hold float64\[0\]"),
        ([b"a"], "no branch can hold bytes"),
        ([["a"], ["b"]], "a text is one per event"),
        ([{"a": 1}], "one for each part"),
        ([1, "a"], "no branch can hold union"),
        ([[], []], "declare the column"),
        ([None, None], "declare the column"),
        ("text", "a str, expected an array"),
        (3.0, "a float, expected an array"),
        ([2**70], "of no type"),
    ],
)
def test_values_of_no_column(values: Any, words: str) -> None:
    with pytest.raises(DataError, match=f"column 'Jet_x': .*{words}"):
        infer_column("Jet_x", values)


@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        (Column("y"), [1.0] * 7 + [None] + [1.0] * 2, "without missing values, but entry 7 has"),
        (Column("A_y", per="A"), [[1.0]] * 4 + [[None]] + [[]] * 5, "but entry 4 has"),
        (Column("A_y", per="A"), [[1.0]] * 9 + [None], "but entry 9 has"),
        (Column("y", "str"), ["a"] * 3 + [None] * 7, "but entry 3 has"),
        (Column("y", "str"), [1] * 10, "one text per event, not int64"),
        (Column("y"), ["a"] * 10, "column 'y'"),
        (Column("y"), [[1.0], []] * 5, "needs one number per event, not var"),
        (Column("A_y", per="A"), [[[1.0], []]] * 10, "one number per A, not var"),
        (Column("y"), [1e300] * 10, "outside the range of float32"),
        (Column("y", "uint8"), [-1] * 10, "outside the range of uint8"),
        (Column("y", "bool"), [1] * 10, "cannot store int64 as bool"),
        (Column("y", counter="nA"), [1.0] * 10, "a counter without a collection"),
        (Column("y", "complex"), [1.0] * 10, "no branch can hold complex"),
        (Column("y", "text"), [1.0] * 10, "no branch can hold text"),
    ],
)
def test_values_that_do_not_fit(column: Column, values: Any, words: str, source: Path) -> None:
    with pytest.raises(DataError, match=words):
        append_branches(
            source, source.with_name("t.root"), "events", {column.name: values}, [column]
        )
    assert list(source.parent.iterdir()) == [source]


def test_entries_are_counted_over_all_chunks(source: Path, tmp_path: Path) -> None:
    with AppendSink(source, tmp_path / "t.root", "events", [Column("y")]) as sink:
        sink.write({"y": [0.0] * 6})
        with pytest.raises(DataError, match="entry 8 has"):
            sink.write({"y": [0.0, 0.0, None]})


def test_integers_and_empty_chunks(source: Path, tmp_path: Path, same_values: Any) -> None:
    """Any integers within the range are stored as any other; a chunk may have no events."""
    target = tmp_path / "t.root"
    specs = [Column("y", "uint16"), Column("A_v", "float32", (2,), per="A"), Column("s", "str")]
    chunk = {"y": [1, 2, 3, 4, 5], "A_v": [[[1, 2]], [], [], [], []], "s": list("abcde")}
    with AppendSink(source, target, "events", specs) as sink:
        for some in (chunk, {"y": [], "A_v": [], "s": []}, chunk):
            sink.write(some)
        sink.commit()
    same_values(target, "events", {"s": list("abcde") * 2})
    with uproot.open(target) as file:
        assert file["events/y"].array().tolist() == [1, 2, 3, 4, 5] * 2
        assert file["events/A_v"].array().tolist() == [[[1, 2]], [], [], [], []] * 2


def test_titles_say_unit_and_documentation(source: Path, tmp_path: Path, root: Any) -> None:
    """The leaf keeps name and dimensions, which ROOT computes with; also of odd titles."""
    target = tmp_path / "target.root"
    specs = [
        Column("a", doc="energy", unit="GeV"),
        Column("b", "int32", (2, 2), doc="m[nX][9]/F:what"),
        Column("c", unit="cm"),
        Column("d"),
        Column("Hit_f", per="Hit", doc="[y[3]]"),
        Column("Tau_g", per="Tau"),
    ]
    counts = np.arange(10) % 4
    jagged = ak.unflatten(np.ones(counts.sum(), np.float32), counts)
    flat = {"a": TEN, "b": np.ones((10, 2, 2), np.int32), "c": TEN, "d": TEN}
    append_branches(source, target, "events", {**flat, "Hit_f": jagged, "Tau_g": jagged}, specs)
    with uproot.open(target) as file:
        titles = {branch.name: branch.title for branch in file["events"].branches}
        assert file["events/b"].array().tolist() == flat["b"].tolist()
    assert {name: titles[name] for name in ("a", "b", "c", "d", "Hit_f", "nTau")} == {
        "a": "energy [GeV]",
        "b": "m[nX][9]/F:what",
        "c": "[cm]",
        "d": "d/F",
        "Hit_f": "[y[3]]",
        "nTau": "number of Tau",
    }
    lines = root.describe(path=target, tree="events")["branches"]
    assert any("TLeafI:b[2][2]" in line for line in lines)
    assert any("TLeafF:Hit_f[nHit]#nHit" in line for line in lines)
    sums = {"a": 45.0, "b": 40.0, "c": 45.0, "Hit_f": float(counts.sum())}
    found = root.read(path=target, tree="events", columns=list(sums))
    assert found["draw"] == found["frame"] == sums
    assert root.scan(path=target, tree="events", columns=["b[1][0]", "Hit_f"])["rows"] == 16
    root.update(path=target, tree="events", column="mine")
    with uproot.open(target) as file:
        assert file["events/a"].title == "energy [GeV]"


@pytest.mark.parametrize("compression", [None, "none", "LZ4-1"])
def test_texts(
    compression: str | None, source: Path, tmp_path: Path, root: Any, check_append: Any
) -> None:
    target = tmp_path / "target.root"
    column = Column("s", "str", doc="what it is")
    append_branches(source, target, "events", {"s": TEXTS}, [column], compression=compression)
    new = check_append(source, target, "events", {"s": TEXTS})
    assert new["branches"][-1].startswith("TBranchElement s what it is 10 TLeafElement:s ")
    assert {"TBranchElement", "TLeafElement"} <= set(new["streamers"])
    assert root.texts(path=target, tree="events", column="s")["texts"] == TEXTS
    assert root.scan(path=target, tree="events", columns=["s", "x"])["rows"] == 10
    root.update(path=target, tree="events", column="mine")
    assert root.texts(path=target, tree="events", column="s")["texts"] == TEXTS


def test_texts_of_many_baskets_merge(tmp_path: Path, make_source: Any, root: Any) -> None:
    """Also where the first file's longest text is shorter than the second's."""
    source = make_source(tmp_path / "source.root", 3000)
    texts = [[f"{i}" * (i % length) for i in range(3000)] for length in (3, 1200)]
    targets = [tmp_path / "short.root", tmp_path / "long.root"]
    for target, some in zip(targets, texts, strict=True):
        append_branches(source, target, "events", {"s": some})
    with uproot.open(targets[1]) as file:
        assert file["events/s"].num_baskets > 3
    merged = tmp_path / "merged.root"
    assert root.merge(paths=list(map(str, targets)), target=merged)["ok"]
    assert root.texts(path=merged, tree="events", column="s")["texts"] == texts[0] + texts[1]


def test_texts_are_replaced(source: Path, tmp_path: Path, check_append: Any) -> None:
    first, second = tmp_path / "first.root", tmp_path / "second.root"
    append_branches(source, first, "events", {"s": TEXTS, "y": TEN})
    append_branches(first, second, "events", {"s": TEXTS[::-1]}, replace=["s"])
    check_append(source, second, "events", {"s": TEXTS[::-1], "y": TEN})


def test_the_classes_of_texts_are_described_as_root_does(tmp_path: Path, root: Any) -> None:
    """uproot's empty file knows neither TBranchElement nor TLeafElement."""
    ours, theirs = tmp_path / "ours.root", tmp_path / "theirs.root"
    with uproot.recreate(tmp_path / "source.root") as file:
        file.mktree("T", {"x": "f8"}).extend({"x": TEN})
    append_branches(tmp_path / "source.root", ours, "T", {"s": TEXTS})
    code = """void make(const char *path) { TFile file(path, "RECREATE"); TTree tree("T", "");
        std::string s; tree.Branch("s", &s); tree.Fill(); tree.Write(); }"""
    root.macro(code=code, path=theirs)
    for name, version in (("TBranchElement", 10), ("TLeafElement", 1)):
        infos = []
        for path in (ours, theirs):
            with uproot.open(path) as file:
                info = file.file.streamers[name][version]
                elements = [
                    (e.classname, [(k, str(v)) for k, v in e.all_members.items() if k[0] != "@"])
                    for e in info.elements
                ]
                infos.append((info.member("fCheckSum"), elements))
        assert infos[0] == infos[1]


COUNTERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


@pytest.mark.parametrize("dtype", COUNTERS)
def test_counters_of_every_type(
    dtype: str, tmp_path: Path, root: Any, check_append: Any, same_values: Any
) -> None:
    """A counter named by hand; ROOT reads as many objects as its maximum allows.

    RDataFrame, by ROOT 6.40, reads no lists that are counted by single bytes.
    """
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    counts = np.array([3, 0, 127], dtype)
    with uproot.recreate(source) as file:
        file.mktree("T", {"Muon_size": dtype}).extend({"Muon_size": counts})
    values = {"Muon_v": ak.unflatten(np.arange(130.0), counts.astype(np.int64))}
    column = Column("Muon_v", "float64", per="Muon", counter="Muon_size")
    append_branches(source, target, "T", values, [column])
    same_values(target, "T", values)
    assert root.describe(path=target, tree="T")["counters"] == {"Muon_size": [True, 127]}
    drawn = root.draw(path=target, tree="T", columns=["Muon_v"])["values"]
    assert drawn == {"Muon_v": list(range(130))}
    if "int8" not in dtype:
        found = root.read(path=target, tree="T", columns=["Muon_v"])
        assert found["draw"] == found["frame"] == {"Muon_v": sum(range(130))}


def test_counters_that_would_overflow_for_root(tmp_path: Path) -> None:
    source = tmp_path / "source.root"
    with uproot.recreate(source) as file:
        file.mktree("T", {"nA": "uint8"}).extend({"nA": np.array([200], np.uint8)})
    with pytest.raises(DataError, match="200 A in one entry are more than 'nA', a TLeafB, can"):
        append_branches(source, tmp_path / "t.root", "T", {"A_x": [[1.0] * 200]})
    assert list(tmp_path.iterdir()) == [source]


def test_counter_whose_leaf_has_another_name(tmp_path: Path, root: Any, check_append: Any) -> None:
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    code = """void make(const char *path) { TFile file(path, "RECREATE"); TTree tree("T", "");
        int n; tree.Branch("nA", &n, "size/I"); for (n = 0; n < 5; ++n) tree.Fill();
        tree.Write(); }"""
    root.macro(code=code, path=source)
    values = {"A_x": ak.unflatten(np.arange(10.0), np.arange(5))}
    append_branches(source, target, "T", values)
    new = check_append(source, target, "T", values)
    assert "TLeafD:A_x[size]#size" in new["branches"][-1]
    assert root.draw(path=target, tree="T", columns=["A_x"])["values"] == {"A_x": list(range(10))}


def test_two_collections_with_counters_of_their_own_names(
    source: Path, tmp_path: Path, check_append: Any
) -> None:
    """A counter that is not there is made under the name that was asked for."""
    target = tmp_path / "target.root"
    counts = np.arange(10) % 4
    specs = [
        Column("Hit_a", "float64", per="Hit"),
        Column("Mu_b", "float64", per="Mu", counter="Mu_size"),
        Column("Mu_c", "int8", per="Mu", counter="Mu_size"),
    ]
    jagged = ak.unflatten(np.arange(counts.sum()), counts)
    values = {
        "Hit_a": ak.values_astype(jagged, "float64"),
        "Mu_b": ak.values_astype(jagged[::-1], "float64"),
        "Mu_c": ak.values_astype(jagged[::-1], "int8"),
    }
    append_branches(source, target, "events", values, specs)
    new = check_append(source, target, "events", values)
    assert new["leaves"][-4:] == ["Mu_size", "Hit_a", "Mu_b", "Mu_c"]
    assert set(new["counters"]) == {"nHit", "Mu_size"}


def test_counter_of_a_real_file(sample: Any, tmp_path: Path, root: Any, check_append: Any) -> None:
    source, target = sample("generic/uproot-HZZ.root"), tmp_path / "target.root"
    with uproot.open(source) as file:
        pt = abs(file["events/Muon_Px"].array())
    values = {"Muon_score": pt}
    column = Column("Muon_score", per="Muon", counter="NMuon", unit="GeV")
    append_branches(source, target, "events", values, [column])
    new = check_append(source, target, "events", values)
    assert "nMuon" not in new["leaves"]
    found = root.read(path=target, tree="events", columns=["Muon_score"])["frame"]
    assert found["Muon_score"] == pytest.approx(float(ak.sum(pt)))


def test_a_number_that_cannot_count_names_the_way_out(tmp_path: Path, root: Any) -> None:
    source = tmp_path / "source.root"
    code = """void make(const char *path) { TFile file(path, "RECREATE"); TTree tree("T", "");
        std::vector<int> n; tree.Branch("nA", &n); tree.Fill(); tree.Write(); }"""
    root.macro(code=code, path=source)
    with pytest.raises(AppendRefused, match=r"'nA' is not a plain integer.*can be another branch"):
        append_branches(source, tmp_path / "t.root", "T", {"A_x": [[1.0]]})
