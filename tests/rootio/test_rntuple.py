"""Fields added to RNTuples that ROOT, uproot and others wrote: the old stay, ROOT reads all."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import DataError
from rootml.rootio import FriendSink, append_branches
from rootml.rootio.container.root_file import RootFile
from rootml.spec import Column

SIMPLE = """
void make(const char *path) {
    auto file = std::unique_ptr<TFile>(TFile::Open(path, "RECREATE"));
    %s
    auto model = ROOT::RNTupleModel::Create();
    auto x = model->MakeField<float>("x");
    auto v = model->MakeField<std::vector<std::vector<float>>>("v");
    auto s = model->MakeField<std::string>("s");
    ROOT::RNTupleWriteOptions options;
    options.SetCompression(%d);
    auto writer = ROOT::RNTupleWriter::Append(std::move(model), "events", *%s, options);
    for (int i = 0; i < %d; ++i) {
        *x = i;
        v->assign(i %% 3, std::vector<float>(i %% 2 + 1, i));
        *s = std::string(i, 'a');
        writer->Fill();
        if (i %% 4 == 3) writer->CommitCluster(i %% 8 == 7);
    }
}
"""
"""Clusters of four entries, every second of which ends a cluster group."""

RICH = """
void make(const char *path) {
    auto file = std::unique_ptr<TFile>(TFile::Open(path, "RECREATE"));
    auto model = ROOT::RNTupleModel::Create();
    auto x = model->MakeField<float>("x");
    auto v = model->MakeField<std::vector<float>>("v");
    auto choice = model->MakeField<std::variant<int, float>>("choice");
    auto maybe = model->MakeField<std::optional<float>>("maybe");
    auto both = std::make_unique<ROOT::RField<float>>("both");
    both->SetColumnRepresentatives(
        {{ROOT::ENTupleColumnType::kReal32}, {ROOT::ENTupleColumnType::kReal16}});
    model->AddField(std::move(both));
    model->AddProjectedField(
        std::make_unique<ROOT::RField<std::vector<float>>>("same"),
        [](const std::string &name) { return name == "same" ? "v" : "v._0"; });
    auto writer = ROOT::RNTupleWriter::Append(std::move(model), "events", *file);
    for (int i = 0; i < 10; ++i) {
        *x = i;
        v->assign(i % 3, i);
        if (i % 2) *choice = float(i); else *choice = i;
        if (i % 3) *maybe = i; else maybe->reset();
        if (i == 5) {
            auto updater = writer->CreateModelUpdater();
            updater->BeginUpdate();
            updater->AddField(ROOT::RFieldBase::Create("late", "double").Unwrap());
            updater->AddField(ROOT::RFieldBase::Create("later", "std::vector<int>").Unwrap());
            updater->AddProjectedField(
                std::make_unique<ROOT::RField<float>>("again"),
                [](const std::string &) { return "x"; });
            updater->CommitUpdate();
        }
        writer->Fill();
        if (i % 4 == 3) writer->CommitCluster(i == 7);
    }
}
"""
"""Two representations of a column, projected and deferred fields, a deferred projection."""


TYPES = """
struct Hit { float x = 1; int id = 2; std::vector<double> v; };
struct Base { int b = 3; };
struct Derived : Base { float d = 4; std::array<Hit, 2> hits; };
void make(const char *path) {
    using namespace ROOT;
    auto file = std::unique_ptr<TFile>(TFile::Open(path, "RECREATE"));
    auto model = RNTupleModel::Create();
    auto map = model->MakeField<std::map<std::string, int>>("map");
    auto bits = model->MakeField<std::bitset<17>>("bits");
    auto tuple = model->MakeField<std::tuple<int, float, std::string>>("tuple");
    auto pointer = model->MakeField<std::unique_ptr<float>>("pointer");
    auto derived = model->MakeField<Derived>("derived");
    auto hits = model->MakeField<std::vector<Hit>>("hits");
    auto flags = model->MakeField<RVec<RVec<bool>>>("flags");
    model->AddField(RFieldBase::Create("narrow", "Double32_t").Unwrap());
    auto quantized = std::make_unique<RField<float>>("quantized");
    quantized->SetQuantized(12, {-1, 20});
    model->AddField(std::move(quantized));
    auto truncated = std::make_unique<RField<float>>("truncated");
    truncated->SetTruncated(20);
    model->AddField(std::move(truncated));
    model->AddField(std::make_unique<RStreamerField>("whole", "TNamed"));
    auto writer = RNTupleWriter::Append(std::move(model), "events", *file);
    auto about = RNTupleModel::Create();
    about->MakeField<std::string>("note");
    auto notes = writer->CreateAttributeSet(std::move(about), "notes");
    auto range = notes->BeginRange();
    for (int i = 0; i < 10; ++i) {
        (*map)[std::to_string(i)] = i;
        (*bits)[i] = 1;
        if (i % 3) *pointer = std::make_unique<float>(i); else pointer->reset();
        hits->resize(i % 3);
        flags->assign(i % 3, RVec<bool>(2, true));
        writer->Fill();
        if (i % 4 == 3) writer->CommitCluster();
    }
    auto entry = notes->CreateEntry();
    *entry->GetPtr<std::string>("note") = "all of them";
    notes->CommitRange(std::move(range), *entry);
}
"""
"""What C++ can hold, and an attribute set, which the footer leads to."""


def new_values(entries: int, seed: int = 1) -> tuple[list[Column], dict[str, Any]]:
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, 4, entries)
    total = int(counts.sum())
    specs = [
        Column("flag", "bool"),
        Column("score", unit="GeV", doc="how sure"),
        Column("number", "int64"),
        Column("small", "uint16", (2,)),
        Column("matrix", "float64", (4, 4)),
        Column("Jet_x", per="Jet"),
        Column("Jet_id", "int32", (3,), per="Jet"),
        Column("Jet_good", "bool", per="Jet"),
        Column("text", "str"),
    ]
    values = {
        "flag": rng.integers(0, 2, entries).astype(bool),
        "score": rng.normal(size=entries).astype(np.float32),
        "number": rng.integers(-(2**50), 2**50, entries),
        "small": rng.integers(0, 2**16, (entries, 2)).astype(np.uint16),
        "matrix": rng.normal(size=(entries, 4, 4)),
        "Jet_x": ak.unflatten(rng.normal(size=total).astype(np.float32), counts),
        "Jet_id": ak.unflatten(rng.integers(-9, 9, (total, 3)).astype(np.int32), counts),
        "Jet_good": ak.unflatten(rng.integers(0, 2, total).astype(bool), counts),
        "text": ak.Array(["", "ä" * 300, "abc"] * entries)[:entries],
    }
    return specs, values


def append(source: Path, target: Path, step: int = 3, **options: Any) -> dict[str, Any]:
    """Add fields of every kind in chunks that do not end where clusters end."""
    with uproot.open(source) as file:
        entries = file["events"].num_entries
    specs, values = new_values(entries)
    chunks = (
        {name: some[first : first + step] for name, some in values.items()}
        for first in range(0, max(entries, 1), step)
    )
    append_branches(source, target, "events", chunks, specs, **options)
    return values


@pytest.fixture
def check(root: Any) -> Callable[..., dict[str, Any]]:
    """``check(source, target, values)``: uproot and ROOT read what was there and what is new."""

    def compare(
        source: Path, target: Path, values: dict[str, Any], name: str = "events", real: bool = False
    ) -> dict[str, Any]:
        with uproot.open(source) as old, uproot.open(target) as new:
            for field in old[name].keys(recursive=False)[:: 40 if real else 1]:
                assert ak.array_equal(old[name][field].array(), new[name][field].array()), field
            for field, expected in values.items():
                assert new[name][field].array().tolist() == ak.Array(expected).tolist(), field
        numbers = [n for n, some in values.items() if n != "text" and ak.Array(some).ndim < 3]
        before = root.ntuple(path=source, name=name, show=not real, quiet=real)
        after = root.ntuple(path=target, name=name, columns=numbers, show=not real, quiet=real)
        count = len(before["fields"])
        assert after["fields"][:count] == before["fields"]
        assert [line.split()[0] for line in after["fields"][count:]] == list(values)
        assert not after["recovered"]
        assert after["entries"] == before["entries"]
        for old_entry, new_entry in zip(before["shown"], after["shown"], strict=True):
            assert old_entry.items() <= new_entry.items()
        for column, found in after["sums"].items():
            assert found == pytest.approx(float(ak.sum(values[column])), rel=1e-6), column
        return dict(after)

    return compare


@pytest.mark.parametrize("compression", [0, 101, 207, 404, 505])
def test_clusters_and_groups(
    compression: int, tmp_path: Path, root: Any, check: Callable[..., dict[str, Any]]
) -> None:
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    root.macro(code=SIMPLE % ("", compression, "file", 22), path=source)
    values = append(source, target)
    found = check(source, target, values)
    assert "score float how sure [GeV]" in found["fields"]
    shown = [entry["text"] for entry in found["shown"]]
    assert shown == values["text"].tolist()
    assert [entry["small"] for entry in found["shown"]] == values["small"].tolist()
    with uproot.open(source) as file:
        expected = file["events"].page_link_list[0][0].compression_settings
    with uproot.open(target) as file:
        settings = {c.compression_settings for c in file["events"].page_link_list[0]}
    assert settings == {expected}


def test_types_of_every_kind_and_attributes(tmp_path: Path, root: Any) -> None:
    source, first, second = (tmp_path / f"{name}.root" for name in ("source", "first", "second"))
    root.macro(code=TYPES, path=source, quiet=True)  # attributes are experimental
    append(source, first)
    append_branches(first, second, "events", {"more": np.arange(10.0)})
    before = root.ntuple(path=source, name="events", quiet=True)
    after = root.ntuple(path=second, name="events", quiet=True)
    for old_entry, new_entry in zip(before["shown"], after["shown"], strict=True):
        assert old_entry.items() <= new_entry.items()
    assert before["attributes"] == "notes 0-10 all of them"
    assert after["attributes"] == before["attributes"]


@pytest.mark.parametrize("entries", [0, 8])
def test_no_entries_and_full_clusters(
    entries: int, tmp_path: Path, root: Any, check: Callable[..., dict[str, Any]]
) -> None:
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    root.macro(code=SIMPLE % ("", 505, "file", entries), path=source)
    check(source, target, append(source, target))


def test_everything_an_rntuple_can_be(
    tmp_path: Path, root: Any, check: Callable[..., dict[str, Any]]
) -> None:
    source, first, second = (tmp_path / f"{name}.root" for name in ("source", "first", "second"))
    root.macro(code=RICH, path=source)
    values = append(source, first)
    check(source, first, values)
    more = {"more": np.arange(10.0), "Tau_x": ak.Array([[1.0], [2.0, 3.0]] * 5)}
    append_branches(first, second, "events", more)
    check(first, second, more)
    check(source, second, {**values, **more})


COUNTED = """
void make(const char *path) {
    auto file = std::unique_ptr<TFile>(TFile::Open(path, "RECREATE"));
    auto model = ROOT::RNTupleModel::Create();
    auto count = model->MakeField<std::uint8_t>("nMu");
    auto x = model->MakeField<std::vector<float>>("Tau");
    auto v = model->MakeField<std::vector<float>>("El_x");
    model->AddProjectedField(
        std::make_unique<ROOT::RField<ROOT::RNTupleCardinality<std::uint32_t>>>("nEl"),
        [](const std::string &) { return "El_x"; });
    auto writer = ROOT::RNTupleWriter::Append(std::move(model), "events", *file);
    for (int i = 0; i < 10; ++i) {
        *count = i % 3;
        x->assign(i % 3, i);
        v->assign(i % 3, i);
        writer->Fill();
        if (i == 3) writer->CommitCluster();
    }
}
"""


@pytest.mark.parametrize("per", ["Mu", "Tau", "El", "Other"])
def test_counts_that_are_there(per: str, tmp_path: Path, root: Any) -> None:
    """By an integer, by the collection itself, by a projected cardinality; others are free."""
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    root.macro(code=COUNTED, path=source)
    values = ak.Array([[float(i)] * (i % 3) for i in range(10)])
    chunks = [{f"{per}_y": values[:5]}, {f"{per}_y": values[5:]}]
    append_branches(source, target, "events", chunks)
    with uproot.open(target) as file:
        assert file["events"][f"{per}_y"].array().tolist() == values.tolist()
    wrong = ak.Array([*values[:7].tolist(), [1.0] * 5, *values[8:].tolist()])
    chunks = [{f"{per}_y": wrong[:5]}, {f"{per}_y": wrong[5:]}]
    if per == "Other":
        append_branches(source, target, "events", chunks, overwrite=True)
        return
    with pytest.raises(DataError, match=f"entry 7 has 1 {per}, the new columns 5"):
        append_branches(source, tmp_path / "none.root", "events", chunks)
    assert not (tmp_path / "none.root").exists()


BESIDE_A_TREE = """
void make(const char *path) {
    auto file = std::unique_ptr<TFile>(TFile::Open(path, "UPDATE"));
    file->cd();
    TTree tree("tree", "a tree");
    int value;
    tree.Branch("value", &value);
    for (value = 0; value < 10; ++value) tree.Fill();
    tree.Write();
    TNamed("note", "written by ROOT").Write();
}
"""


def test_in_a_folder_beside_a_tree(
    tmp_path: Path, root: Any, check: Callable[..., dict[str, Any]]
) -> None:
    source, first, second, third = (tmp_path / f"{n}.root" for n in "abcd")
    root.macro(code=SIMPLE % ('auto folder = file->mkdir("some");', 505, "folder", 10), path=source)
    root.macro(code=BESIDE_A_TREE, path=source)
    values = {"y": np.arange(10.0), "Jet_x": ak.Array([[1.0], []] * 5)}
    append_branches(source, first, "some/events", values)
    check(source, first, values, "some/events")
    append_branches(first, second, "tree", {"z": np.arange(10.0)})
    append_branches(second, third, "some/events", {"w": np.arange(10.0)})
    check(source, third, values | {"w": np.arange(10.0)}, "some/events")
    assert root.read(path=third, tree="tree", columns=["value", "z"])["draw"] == {
        "value": 45.0,
        "z": 45.0,
    }


def test_root_goes_on(tmp_path: Path, root: Any, check: Callable[..., dict[str, Any]]) -> None:
    """ROOT writes to the output in UPDATE mode, and merges two outputs."""
    source, one, two = (tmp_path / f"{name}.root" for name in ("source", "one", "two"))
    root.macro(code=SIMPLE % ("", 505, "file", 10), path=source)
    values = append(source, one)
    append(source, two)
    root.macro(code=BESIDE_A_TREE, path=one)
    check(source, one, values)
    merged = tmp_path / "merged.root"
    assert root.merge(paths=[str(one), str(two)], target=merged, quiet=True)["ok"]
    found = root.ntuple(path=merged, name="events", columns=["score", "Jet_x", "x"])
    assert found["entries"] == 20
    for name in ("score", "Jet_x"):
        assert found["sums"][name] == pytest.approx(2 * float(ak.sum(values[name])), rel=1e-6)
    assert found["sums"]["x"] == 90
    more = {"more": np.arange(20.0)}
    append_branches(merged, tmp_path / "more.root", "events", more)
    check(merged, tmp_path / "more.root", more)


@pytest.mark.parametrize("entries", [0, 1, 5])
def test_written_by_uproot(
    entries: int, tmp_path: Path, check: Callable[..., dict[str, Any]]
) -> None:
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    with uproot.recreate(source) as file:
        made = file.mkrntuple("events", {"x": "f4", "hits": "var * int32"})
        for _ in range(2 if entries else 0):
            hits = ak.unflatten(np.arange(2 * entries, dtype=np.int32), [2] * entries)
            made.extend(ak.zip({"x": np.ones(entries, np.float32), "hits": hits}, depth_limit=1))
    values = append(source, target)
    check(source, target, values)


@pytest.mark.parametrize("name", ["EventData", "EventTag", "DataHeader", "DataHeaderForm"])
def test_a_real_file(
    name: str,
    sample: Callable[[str], Path],
    tmp_path: Path,
    check: Callable[..., dict[str, Any]],
) -> None:
    source = sample("atlas/uproot-physlite-rntuple_v1-0-0-0.root")
    with uproot.open(source) as file:
        entries = file[name].num_entries
    values = {
        "AnalysisElectronsAuxDyn:score": ak.Array([[0.5, 1.5], []] * entries)[:entries],
        "weight": np.arange(entries, dtype=np.float32),
        "bins": np.arange(3 * entries, dtype=np.int32).reshape(-1, 3),
    }
    target = tmp_path / "target.root"
    append_branches(source, target, name, values)
    check(source, target, values, name, real=True)


def test_in_place(tmp_path: Path, root: Any, check: Callable[..., dict[str, Any]]) -> None:
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    root.macro(code=SIMPLE % ("", 505, "file", 10), path=source)
    target.write_bytes(source.read_bytes())
    values = {"y": np.arange(10.0)}
    append_branches(target, None, "events", values, in_place=True)
    check(source, target, values)


def test_beyond_two_gigabytes(tmp_path: Path, root: Any) -> None:
    """Behind a gap of 3 GB that takes no room on the disk."""
    path, values = tmp_path / "big.root", {"y": np.arange(10.0), "Jet_x": ak.Array([[1.0], []] * 5)}
    root.macro(code=SIMPLE % ("", 505, "file", 10), path=path)
    with RootFile(path) as file:
        for _ in range(2):
            gap = 1_500_000_000
            file.header.end = file.append(struct.pack(">i", -gap)) + gap
        file.finish()
    append_branches(path, None, "events", values, in_place=True)
    assert path.stat().st_size > 3_000_000_000 > 1000 * path.stat().st_blocks * 512
    found = root.ntuple(path=path, name="events", columns=["x", "y", "Jet_x"])
    assert (found["sums"], found["recovered"]) == ({"x": 45, "y": 45, "Jet_x": 5}, False)


@pytest.mark.parametrize("entries", [0, 10])
def test_a_friend(entries: int, tmp_path: Path, root: Any) -> None:
    """An RNTuple of the same name and clusters in a file of its own, joined by ROOT."""
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    root.macro(
        code=SIMPLE % ('auto folder = file->mkdir("some");', 505, "folder", entries), path=source
    )
    specs, values = new_values(entries)
    with FriendSink(source, target, "some/events", specs) as sink:
        sink.write(values)
        sink.commit()
    with uproot.open(source) as old, uproot.open(target) as new:
        assert new["some/events"].keys(recursive=False) == list(values)
        for name, expected in values.items():
            assert new["some/events"][name].array().tolist() == ak.Array(expected).tolist()
        clusters = [
            [(c.num_first_entry, c.num_entries) for c in file["some/events"].cluster_summaries]
            for file in (old, new)
        ]
        assert clusters[0] == clusters[1]
    found = root.ntuple(path=target, name="some/events", columns=["score", "Jet_x"])
    assert found["entries"] == entries
    assert [line.split()[0] for line in found["fields"]] == list(values)
    if entries:
        total = pytest.approx(float(values["score"].sum()), rel=1e-6)
        assert found["sums"]["score"] == total
        joined = root.join(path=source, name="some/events", other=target, field="score")
        assert joined["sum"] == total
    more = {"more": np.arange(entries)}
    append_branches(target, tmp_path / "more.root", "some/events", more)
