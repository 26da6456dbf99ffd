"""RNTuples where TTrees are read: the same layouts, columns, scores and errors."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
import rootml_ams
from rootml.errors import FileError, TreeError
from rootml.rootio.events.kinds import open_events
from rootml.rootio.opening import open_file, open_tree, tree_names
from rootml.rootio.source import Source, open_source
from rootml.training.reading import load_dataset
from rootml.training.task import Classification

ENTRIES = 60
IMPORT = """
#include <ROOT/RNTupleImporter.hxx>
void make(const char *path) {
    auto importer = ROOT::Experimental::RNTupleImporter::Create("%s", "%s", path);
    importer->SetIsQuiet(true);
    importer->SetConvertDotsInBranchNames(true);
    importer->Import();
}"""
CLUSTERS = """
#include <ROOT/RNTupleModel.hxx>
#include <ROOT/RNTupleWriter.hxx>
#include <optional>
struct Track { float pt; std::vector<std::int16_t> hits; };
void make(const char *path) {
    auto model = ROOT::RNTupleModel::Create();
    auto x = model->MakeField<double>("x");
    auto maybe = model->MakeField<std::optional<float>>("maybe");
    auto lists = model->MakeField<std::vector<std::vector<float>>>("lists");
    auto text = model->MakeField<std::string>("text");
    auto file = std::unique_ptr<TFile>(TFile::Open(path, "RECREATE"));
    file->mkdir("deep");
    auto *folder = file->GetDirectory("deep");
    auto writer = ROOT::RNTupleWriter::Append(std::move(model), "events", *folder);
    for (int i = 0; i < 50; ++i) {
        if (i && i % 15 == 0) writer->CommitCluster();
        if (i == 30) {
            auto updater = writer->CreateModelUpdater();
            updater->BeginUpdate();
            updater->MakeField<std::int32_t>("late");
            updater->CommitUpdate();
        }
        *x = i;
        *maybe = i % 3 ? std::optional<float>(i) : std::nullopt;
        lists->assign(i % 4, std::vector<float>(i % 3, i));
        *text = std::to_string(i);
        if (i >= 30) *writer->GetModel().GetDefaultEntry().GetPtr<std::int32_t>("late") = i;
        writer->Fill();
    }
    writer.reset();
}"""


@pytest.fixture(scope="session")
def ams_files(
    tmp_path_factory: pytest.TempPathFactory,
) -> Callable[[str], tuple[Path, str]]:
    """``ams_files(layout)``: a simulated file as a TTree, and its tree's name."""
    folder = tmp_path_factory.mktemp("ams")

    def write(layout: str) -> tuple[Path, str]:
        path = folder / f"{layout}.root"
        if not path.exists():
            rng = np.random.default_rng(7)
            rootml_ams.ADAPTER.write(path, ENTRIES, rng, layout=layout)
        with uproot.open(path) as file:
            return path, file.keys(cycle=False)[0]

    return write


@pytest.fixture(params=["uproot", "ROOT"])
def rewritten(
    request: pytest.FixtureRequest, tmp_path: Path, ams_files: Callable[[str], tuple[Path, str]]
) -> Callable[[str], tuple[Path, Path]]:
    """``rewritten(layout)``: a file with a TTree, and one with the same as an RNTuple."""

    def write(layout: str) -> tuple[Path, Path]:
        path, name = ams_files(layout)
        target = tmp_path / "ntuple.root"
        if request.param == "uproot":
            convert(path, name, target)
        else:
            root = request.getfixturevalue("root")
            root.macro(code=IMPORT % (path, name), path=target)
        return path, target

    return write


def convert(path: Path, name: str, target: Path) -> None:
    """Members of lists, which the TTree has as ``fEcalHit.Plane``, become nested fields."""
    with uproot.open(path) as file:
        arrays = file[name].arrays()
    collections: dict[str, dict[str, ak.Array]] = {}
    fields: dict[str, ak.Array] = {}
    for key in arrays.fields:
        outer, _, inner = key.rpartition(".")
        if outer:
            collections.setdefault(outer, {})[inner] = arrays[key]
        else:
            fields[key] = arrays[key]
    fields |= {outer: ak.zip(members) for outer, members in collections.items()}
    with uproot.recreate(target) as file:
        file.mkrntuple(name, ak.zip(fields, depth_limit=1))


def all_columns(source: Source) -> list[str]:
    return [column for column in source.decoder.layout.columns if source.decoder.has(column)]


@pytest.mark.parametrize("layout", ["flat", "sparse", "gbatch"])
def test_the_same_layout_and_columns(
    layout: str, rewritten: Callable[[str], tuple[Path, Path]]
) -> None:
    old, new = rewritten(layout)
    adapters = [rootml_ams.ADAPTER]
    with open_source(old, adapters) as tree, open_source(new, adapters) as ntuple:
        assert ntuple.decoder.layout.name == layout
        assert ntuple.decoder.options == tree.decoder.options
        assert (ntuple.name, ntuple.num_entries) == (tree.name, ENTRIES)
        columns = all_columns(tree)
        assert all_columns(ntuple) == columns
        whole = ntuple.read(columns, 0, ENTRIES)
        assert ak.array_equal(tree.read(columns, 0, ENTRIES), whole, equal_nan=True)
        chunks = list(ntuple.chunks(columns, start=5, stop=50, chunk_bytes=40_000))
        assert len(chunks) > 3
        assert ak.array_equal(ak.concatenate([c for _, c in chunks]), whole[5:50], equal_nan=True)


def test_the_same_scores(ams_files: Callable[[str], tuple[Path, str]], tmp_path: Path) -> None:
    path, name = ams_files("gbatch")
    convert(path, name, tmp_path / "ntuple.root")
    wanted = rootml.annotate(path, "cnn_ams").cnn_ams_score
    with uproot.open(tmp_path / "ntuple.root") as file:
        for events in (tmp_path / "ntuple.root", file[name], file[name].arrays()):
            lazy = rootml.annotate(events, "cnn_ams")
            assert "fEcalHit" in lazy.fields
            np.testing.assert_array_equal(lazy.cnn_ams_score, wanted)


def test_the_same_training_data(
    ams_files: Callable[[str], tuple[Path, str]], tmp_path: Path
) -> None:
    path, name = ams_files("sparse")
    convert(path, name, tmp_path / "sparse.root")
    adapter = rootml_ams.ADAPTER
    view = next(iter(adapter.views.values()))
    sets = []
    for number, file in enumerate((path, tmp_path / "sparse.root")):
        folder = tmp_path / str(number)
        folder.mkdir()
        sets.append(load_dataset([file], adapter, view, Classification(), folder))
    assert len(sets[0]) > 0
    np.testing.assert_array_equal(sets[0].truth, sets[1].truth)
    for tensor, values in sets[0].tensors.items():
        np.testing.assert_array_equal(sets[1].tensors[tensor], values)


def test_only_the_pages_of_the_view_are_read(
    ams_files: Callable[[str], tuple[Path, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, name = ams_files("gbatch")
    convert(path, name, tmp_path / "ntuple.root")
    columns = []
    model = uproot.models.RNTuple.Model_ROOT_3a3a_RNTuple
    original = model.read_page

    def noted(self: Any, destination: Any, cluster: int, column: int, *others: Any) -> None:
        columns.append(self.field_records[self.column_records[column].field_id].field_name)
        original(self, destination, cluster, column, *others)

    monkeypatch.setattr(model, "read_page", noted)
    events = rootml.annotate(tmp_path / "ntuple.root", "cnn_ams")
    assert len(events) == ENTRIES
    assert columns == []
    assert np.isfinite(np.asarray(events.cnn_ams_score)).any()
    assert set(columns) == {"fEcalHit", "Plane", "Cell", "Edep", "fEcalShower", "EnergyE"}


def test_several_clusters_and_a_late_field(root: Any, tmp_path: Path) -> None:
    path = tmp_path / "clusters.root"
    root.macro(code=CLUSTERS, path=path)
    with open_file(path) as file:
        assert tree_names(file) == ["deep/events"]
        events = open_events(file, "deep/events")
        assert events.num_entries == 50
        for start, stop in ((0, 50), (14, 16), (15, 30), (29, 31), (44, 50), (7, 7), (50, 50)):
            found = events.read(["x", "maybe", "lists", "text", "late"], start, stop)
            entries = range(start, stop)
            assert found["x"].tolist() == [float(i) for i in entries]
            assert found["maybe"].tolist() == [float(i) if i % 3 else None for i in entries]
            assert found["lists"].tolist() == [[[float(i)] * (i % 3)] * (i % 4) for i in entries]
            assert found["text"].tolist() == [str(i) for i in entries]
            assert found["late"].tolist() == [i if i >= 30 else 0 for i in entries]
        assert events.nbytes("x") == 50 * 8
        assert events.nbytes("lists") == 50 * 8 + 8 * len(ak.flatten(all_lists())) + 4 * len(
            ak.flatten(all_lists(), axis=None)
        )


def all_lists() -> ak.Array:
    return ak.Array([[[i] * (i % 3)] * (i % 4) for i in range(50)])


def test_a_real_file(sample: Callable[[str], Path]) -> None:
    path = sample("atlas/uproot-physlite-rntuple_v1-0-0-0.root")
    with open_file(path) as file:
        assert [n for n in tree_names(file) if n.startswith("Event")] == ["EventData", "EventTag"]
        events = open_events(file, "EventData")
        assert len(events.names.paths) == 1077
        assert events.names.find("xTrigDecisionAux:/smk") == "xTrigDecisionAux:.smk"
        untouched = uproot.open({path: "EventData"})
        for name in ("AnalysisElectronsAuxDyn:pt", "xTrigDecisionAux:.smk"):
            found = events.read([name], 10, 90)[name]
            assert ak.array_equal(found, untouched[name].array()[10:90])


@pytest.mark.parametrize("name", ["DataHeader", "DataHeaderForm", "EventTag"])
def test_fields_are_those_that_uproot_finds(sample: Callable[[str], Path], name: str) -> None:
    path = sample("atlas/uproot-physlite-rntuple_v1-0-0-0.root")
    untouched = uproot.open({path: name})
    with open_file(path) as file:
        events = open_events(file, name)
        assert sorted(events.names.paths) == sorted(untouched.keys())
        for ours, theirs in zip(events.tree.all_fields, untouched.all_fields, strict=True):
            assert [f.field_id for f in ours.fields] == [f.field_id for f in theirs.fields]
        for key in events.names.paths:
            assert ak.array_equal(events.read([key], 0, 1)[key], untouched[key].array()[:1]), key


@pytest.fixture(params=[uproot.ZSTD(1), uproot.LZ4(1), uproot.LZMA(1)])
def pages(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    path = tmp_path / "hits.root"
    with uproot.recreate(path, compression=request.param) as file:
        cells = (np.arange(6000) // 50).astype("f4").reshape(1000, 6)
        file.mkrntuple("hits", ak.zip({"cell_e": ak.from_numpy(cells)}, depth_limit=1))
    return path


def first_page(path: Path, name: str, field: str) -> tuple[int, int]:
    """Where the first page of a field is: its first byte, and its size."""
    with uproot.open(path) as file:
        ntuple = file[name]
        column = next(c for c in ntuple.column_records if c.field_id >= ntuple[field].field_id)
        page = ntuple.page_link_list[0][column.idx].pages[0].locator
    return page.offset, page.num_bytes


def test_damaged_pages_are_an_error_of_the_file(pages: Path, toylab: Path) -> None:
    import toylab as package

    start, size = first_page(pages, "hits", "cell_e")
    data = bytearray(pages.read_bytes())
    data[start : start + size] = bytes(size)
    pages.write_bytes(data)
    said = r"hits\.root: tree 'hits', branch 'cell_e': cannot be read"
    with open_source(pages, [package.ADAPTER]) as source:
        with pytest.raises(FileError, match=said):
            list(source.chunks(["cells"]))
        with pytest.raises(FileError, match=said):
            ak.materialize(source.events.lazy()[0])


def test_a_wrong_bit_is_found_by_the_checksum(root: Any, tmp_path: Path) -> None:
    path = tmp_path / "bit.root"
    root.macro(code=CLUSTERS, path=path)
    start, size = first_page(path, "deep/events", "x")
    data = bytearray(path.read_bytes())
    data[start + size // 2] ^= 4
    path.write_bytes(data)
    with open_file(path) as file:
        events = open_events(file, "deep/events")
        assert events.read(["x"], 20, 30)["x"].tolist() == list(range(20, 30))
        with pytest.raises(FileError, match=r"branch 'x': cannot be read: page 0 of cluster 0 "):
            events.read(["x"], 10, 20)


@pytest.mark.parametrize("part", ["fSeekHeader", "fSeekFooter"])
def test_damaged_metadata_are_an_error_of_the_file(pages: Path, toylab: Path, part: str) -> None:
    import toylab as package

    with uproot.open(pages) as file:
        seek = file["hits"].member(part)
    data = bytearray(pages.read_bytes())
    data[seek + 20 : seek + 40] = bytes(20)
    pages.write_bytes(data)
    with pytest.raises(FileError, match=r"hits\.root: tree 'hits': cannot be read"):
        open_source(pages, [package.ADAPTER])


def test_no_entries(tmp_path: Path, toylab: Path) -> None:
    import toylab as package

    with uproot.recreate(tmp_path / "none.root") as file:
        file.mkrntuple("hits", {"cell_e": np.dtype(("f4", (6,)))})
    with open_source(tmp_path / "none.root", [package.ADAPTER]) as source:
        assert source.num_entries == 0
        assert list(source.chunks(["cells"])) == []
        assert len(source.read(["cells"], 0, 0)) == 0


def test_what_is_not_a_tree_is_said(pages: Path) -> None:
    with uproot.update(pages) as file:
        file["spectrum"] = np.histogram([1, 2], 2)
    with open_file(pages) as file:
        with pytest.raises(TreeError, match=r"'spectrum' is a TH1D, not a tree \(trees: hits\)"):
            open_tree(file, "spectrum")
        with pytest.raises(TreeError, match="no such cycle of the tree: 'hits;9'"):
            open_tree(file, "hits;9")
