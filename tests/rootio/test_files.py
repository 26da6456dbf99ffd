"""Files as ROOT and experiments write them: everything in them survives an append."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import AppendRefused
from rootml.rootio import AppendSink, append_branches
from rootml.rootio.container.directory import KeyList
from rootml.rootio.container.root_file import RootFile
from rootml.spec import Column

MACROS = {
    "many baskets, unequal": """
        TTree tree("T", "title"); double x; float v[3]; int n; short w[9];
        tree.Branch("x", &x, "x/D", 1000); tree.Branch("v", v, "v[3]/F", 600);
        tree.Branch("n", &n); tree.Branch("w", w, "w[n]/S", 400);
        for (int i = 0; i < 2000; ++i) { x = i; n = i % 9; tree.Fill(); }
        tree.Write();""",
    "everything a tree can carry": """
        TTree tree("T", "title"); int run = 1, event; tree.Branch("run", &run);
        tree.Branch("event", &event); std::vector<float> v{1, 2}; tree.Branch("v", &v);
        for (event = 0; event < 50; ++event) tree.Fill();
        tree.BuildIndex("run", "event"); tree.SetAlias("double_event", "2 * event");
        tree.GetUserInfo()->Add(new TNamed("note", "text"));
        tree.GetUserInfo()->Add(new TParameter<double>("lumi", 1.5));
        tree.GetUserInfo()->Add(new TH1F("counts", "", 3, 0, 3));
        auto elsewhere = std::string(path) + ".friend"; TFile other(elsewhere.c_str(), "RECREATE");
        TTree friendly("U", ""); friendly.Branch("event", &event);
        for (event = 0; event < 50; ++event) friendly.Fill();
        friendly.Write(); tree.AddFriend("U", elsewhere.c_str()); file.cd(); tree.Write();""",
    "autosaved cycles": """
        TTree tree("T", "title"); int i; tree.Branch("i", &i);
        for (i = 0; i < 300; ++i) { tree.Fill(); if (i % 100 == 50) tree.Write(); }
        tree.Write();""",
    "no entries": 'TTree tree("T", ""); int i; tree.Branch("i", &i); tree.Write();',
    "clusters of three sizes": """
        TTree tree("T", ""); int i; tree.Branch("i", &i); tree.SetAutoFlush(10);
        for (i = 0; i < 100; ++i) { tree.Fill(); if (i == 29) tree.SetAutoFlush(25); }
        tree.Write();""",
    "baskets inside the tree": """
        TTree tree("T", ""); int i; std::string s = "text"; tree.Branch("i", &i);
        tree.Branch("s", &s); for (i = 0; i < 20; ++i) tree.Fill();
        tree.Write("", 0); file.Close();""",
    "an ntuple": """
        TNtuple tree("T", "", "x:y:z"); for (int i = 0; i < 30; ++i) tree.Fill(i, 2 * i, 3 * i);
        tree.Write();""",
    "long names": """
        std::string name(300, 'n'); TTree tree("T", std::string(400, 't').c_str()); int i;
        tree.Branch(name.c_str(), &i, "leaf_of_it/I"); for (i = 0; i < 9; ++i) tree.Fill();
        tree.Write();""",
    "references": """
        TTree tree("T", ""); TObjArray *list = new TObjArray; TRef *ref = new TRef;
        tree.Branch("list", &list, 32000, 0); tree.Branch("ref", &ref, 32000, 0);
        tree.BranchRef(); TNamed named("a", "b"); list->Add(&named);
        for (int i = 0; i < 12; ++i) { *ref = &named; tree.Fill(); } tree.Write();""",
    "objects, split and in lists": """
        TTree tree("T", ""); TLorentzVector p; auto *at = &p; tree.Branch("p.", &at, 32000, 99);
        std::vector<std::vector<float>> v; tree.Branch("v", &v); TClonesArray a("TLorentzVector");
        auto *list = &a; tree.Branch("a", &list, 32000, 99); TClonesArray b("TVector3");
        auto *whole = &b; tree.Branch("b", &whole, 32000, 0); std::map<int, double> m;
        tree.Branch("m", &m);
        for (int i = 0; i < 40; ++i) { p.SetPxPyPzE(i, 1, 2, 3); v.assign(i % 3, {1, 2}); m[i] = i;
            a.Clear(); b.Clear(); for (int k = 0; k < i % 4; ++k) { new (a[k]) TLorentzVector(p);
                new (b[k]) TVector3(1, 2, k); } tree.Fill(); }
        tree.Write();""",
    "packed numbers": """
        TTree tree("T", ""); struct { bool o; Double32_t d; Float16_t f; char c[5]; } x;
        bool flags[3] = {true, false, true}; tree.Branch("flags", flags, "flags[3]/O");
        tree.Branch("o", &x.o, "o/O"); tree.Branch("d", &x.d, "d/d[0,100,12]");
        tree.Branch("f", &x.f, "f/f[0,100,9]"); tree.Branch("c", x.c, "c/C"); int two[2] = {4, 5};
        tree.Branch("two", two, "first/I:second"); strcpy(x.c, "text");
        for (int i = 0; i < 30; ++i) { x.o = i % 2; x.d = i; x.f = i; x.c[i % 4] = 0; tree.Fill(); }
        tree.Write();""",
    "a thousand branches": """
        TTree tree("T", ""); std::vector<double> x(1000);
        for (int i = 0; i < 1000; ++i) tree.Branch(Form("b%d", i), &x[i], Form("b%d/D", i));
        for (int i = 0; i < 3; ++i) tree.Fill(); tree.Write();""",
    "old code of compression": """
        file.SetCompressionSettings(1); TTree tree("T", ""); int i; tree.Branch("i", &i);
        for (i = 0; i < 999; ++i) tree.Fill(); tree.Write();""",
    "zlib": """
        file.SetCompressionSettings(101); TTree tree("T", ""); int i; tree.Branch("i", &i);
        for (i = 0; i < 999; ++i) tree.Fill(); tree.Write();""",
    "lzma": """
        file.SetCompressionSettings(207); TTree tree("T", ""); int i; tree.Branch("i", &i);
        for (i = 0; i < 999; ++i) tree.Fill(); tree.Write();""",
    "lz4": """
        file.SetCompressionSettings(404); TTree tree("T", ""); int i; tree.Branch("i", &i);
        for (i = 0; i < 999; ++i) tree.Fill(); tree.Write();""",
}


@pytest.mark.parametrize("kind", MACROS)
@pytest.mark.parametrize("compression", [0, 505])
def test_trees_that_root_writes(
    kind: str, compression: int, tmp_path: Path, root: Any, make_columns: Any, check_append: Any
) -> None:
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    body = f'TFile file(path, "RECREATE", "", {compression}); {MACROS[kind]}'
    root.macro(code=f"void make(const char *path) {{ {body} }}", path=source, quiet=True)
    old = root.describe(path=source, tree="T")
    if kind == "an ntuple":
        values = {"w": np.arange(30, dtype=np.float32)}
        append_branches(source, target, "T", values)
    else:
        specs, values = make_columns(old["entries"], np.random.default_rng(1))
        append_branches(source, target, "T", values, specs)
    check_append(source, target, "T", values)
    with RootFile(target) as file:
        records = [key for _, key in file.records(file.header.begin) if key]
        keys = KeyList(file, file.root).keys
        assert [k.name for k in records].count(b"StreamerInfo") == 1
        assert {k.seek for k in records if k.class_name == b"TTree"} == {
            k.seek for k in keys if k.class_name == b"TTree"
        }
    column, numbers = next((n, v) for n, v in values.items() if np.ndim(v) == 1)
    found = root.read(path=target, tree="T", columns=[column])
    if old["entries"]:
        assert found["frame"][column] == pytest.approx(float(np.sum(numbers)))


def test_merging_files_with_references(tmp_path: Path, root: Any) -> None:
    """TFileMerger promotes basket keys of such files to eight-byte positions in place."""
    source, target, copy, merged = (tmp_path / f"{name}.root" for name in "abcd")
    body = f'TFile file(path, "RECREATE"); {MACROS["references"]}'
    root.macro(code=f"void make(const char *path) {{ {body} }}", path=source, quiet=True)
    append_branches(source, target, "T", {"y": np.arange(1.0, 13.0)}, compression="none")
    shutil.copy(target, copy)
    assert root.merge(paths=[str(target), str(copy), str(target)], target=merged, quiet=True)["ok"]
    assert root.read(path=merged, tree="T", columns=["y"])["draw"]["y"] == 3 * sum(range(13))
    with uproot.open(merged) as file:
        assert file["T/y"].array().tolist() == [*range(1, 13)] * 3


def test_several_trees_and_folders(tmp_path: Path, root: Any, check_append: Any) -> None:
    source, first, second = (tmp_path / f"{name}.root" for name in ("a", "b", "c"))
    code = """void make(const char *path) { TFile file(path, "RECREATE"); int i;
        for (auto name : {"one", "two"}) { TTree tree(name, ""); tree.Branch("i", &i);
            for (i = 0; i < 9; ++i) tree.Fill(); tree.Write(); }
        file.mkdir("deep/deeper"); file.cd("deep/deeper"); TTree tree("one", "");
        tree.Branch("i", &i); for (i = 0; i < 5; ++i) tree.Fill(); tree.Write();
        TH1F("h", "", 3, 0, 3).Write(); }"""
    root.macro(code=code, path=source)
    deep, flat = {"y": np.arange(5.0)}, {"y": np.arange(9.0)}
    append_branches(source, first, "deep/deeper/one", deep, objects={"note": "deep"})
    append_branches(first, second, "two", flat)
    check_append(source, second, "deep/deeper/one", deep)
    check_append(source, second, "two", flat)
    check_append(source, second, "one", {})
    assert root.text(path=second, name="deep/deeper/note") == {"text": "deep"}


def test_newest_cycle_is_taken(tmp_path: Path, root: Any, same_values: Any) -> None:
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    body = f'TFile file(path, "RECREATE"); {MACROS["autosaved cycles"]}'
    root.macro(code=f"void make(const char *path) {{ {body} }}", path=source)
    append_branches(source, target, "T", {"y": np.arange(300.0)})
    with uproot.open(source) as old, uproot.open(target) as new:
        cycles = sorted(old.keys(filter_classname="TTree"))
        assert len(cycles) > 1
        assert sorted(new.keys(filter_classname="TTree")) == cycles
        assert [len(new[c].keys()) - len(old[c].keys()) for c in cycles] == [0] * (
            len(cycles) - 1
        ) + [1]


@pytest.mark.parametrize("name", ["a b", "T-1.2", "ünï", "##Params", "x:y", "T*", "it's"])
def test_trees_with_odd_names(name: str, tmp_path: Path, root: Any, check_append: Any) -> None:
    source, target = tmp_path / "source.root", tmp_path / "target.root"
    code = f"""void make(const char *path) {{ TFile file(path, "RECREATE"); int i;
        TTree tree("{name}", ""); tree.Branch("i", &i); for (i = 0; i < 5; ++i) tree.Fill();
        tree.Write(); }}"""
    root.macro(code=code, path=source)
    append_branches(source, target, name, {"y": np.arange(5.0)})
    check_append(source, target, name, {"y": np.arange(5.0)})
    assert root.draw(path=target, tree=name, columns=["y"])["values"] == {"y": [0, 1, 2, 3, 4]}


def test_counter_of_nanoaod(tmp_path: Path, root: Any, sample: Any, check_append: Any) -> None:
    source, target = sample("generic/nano_dy.root"), tmp_path / "target.root"
    with uproot.open(source) as file:
        counts = file["Events/nElectron"].array(library="np")
    scores = ak.unflatten(np.arange(counts.sum(), dtype=np.float32), counts)
    append_branches(source, target, "Events", {"Electron_score": scores})
    new = check_append(source, target, "Events", {"Electron_score": scores})
    assert new["leaves"].count("nElectron") == 1
    found = root.read(path=target, tree="Events", columns=["Electron_score", "Electron_pt"])
    assert found["draw"]["Electron_score"] == pytest.approx(float(ak.sum(scores)))


@pytest.mark.parametrize("values", [{"A_x": [[1.0], [], [2.0, 3.0], []]}, {"s": list("abcd")}])
def test_offset_map_feature_is_warned_of(values: Any, tmp_path: Path, root: Any) -> None:
    source = tmp_path / "source.root"
    code = """void make(const char *path) { TFile file(path, "RECREATE"); TTree tree("T", "");
        ROOT::TIOFeatures features; features.Set("kGenerateOffsetMap");
        tree.SetIOFeatures(features); int i; tree.Branch("i", &i);
        for (i = 0; i < 4; ++i) tree.Fill(); tree.Write(); }"""
    root.macro(code=code, path=source)
    with pytest.warns(RuntimeWarning, match="kGenerateOffsetMap"):
        append_branches(source, tmp_path / "target.root", "T", values)


BEYOND = """void make(const char *path) {{ TFile file(path, "RECREATE"); TTree other("U", "");
    int i; other.Branch("i", &i); for (i = 0; i < 9; ++i) other.Fill(); other.Write();
    long long hole = file.GetEND(), end = {end}; file.SetEND(end);
    static_cast<TFree *>(file.GetListOfFree()->Last())->SetFirst(end);
    TTree tree("T", ""); tree.Branch("i", &i); tree.Branch("list", &i, "list/I");
    for (i = 0; i < 2000; ++i) tree.Fill(); tree.Write(); file.MakeFree(hole, end - 1); }}"""


@pytest.mark.parametrize("end", [1_999_990_000, 2_000_000_100, 5_000_000_000])
@pytest.mark.parametrize("tree", ["T", "U"])
def test_files_of_gigabytes(end: int, tree: str, tmp_path: Path, root: Any) -> None:
    """A hole in the file makes positions of eight bytes, or the append itself crosses 2 GB."""
    path = tmp_path / "big.root"
    root.macro(code=BEYOND.format(end=end), path=path)
    assert path.stat().st_blocks * 512 < 1_000_000
    old = root.describe(path=path, tree=tree)
    values = np.arange(old["entries"], dtype=np.float64)
    jagged = ak.unflatten(np.ones(len(values)), np.ones(len(values), np.int64))
    append_branches(path, None, tree, {"y": values, "A_z": jagged}, in_place=True)
    new = root.describe(path=path, tree=tree)
    assert path.stat().st_size > 2_000_000_000 or end < 2_000_000_000
    assert new["branches"][: len(old["branches"])] == old["branches"]
    assert not new["recovered"]
    found = root.read(path=path, tree=tree, columns=["i", "y", "A_z"])
    assert found["draw"] == found["frame"]
    assert found["draw"] == {"i": values.sum(), "y": values.sum(), "A_z": len(values)}
    root.update(path=path, tree=tree, column="mine")
    append_branches(path, None, tree, {"more": values}, in_place=True)
    assert root.read(path=path, tree=tree, columns=["more"])["frame"]["more"] == values.sum()


@pytest.mark.parametrize("cause", ["jagged", "replace"])
def test_ntuples_keep_their_form(cause: str, tmp_path: Path, root: Any) -> None:
    source = tmp_path / "source.root"
    body = f'TFile file(path, "RECREATE"); {MACROS["an ntuple"]}'
    root.macro(code=f"void make(const char *path) {{ {body} }}", path=source)
    columns, replace = {
        "jagged": ({"A_x": ak.Array([[1.0]] * 30)}, []),
        "replace": ({"x": np.zeros(30, np.float32)}, ["x"]),
    }[cause]
    with pytest.raises(AppendRefused, match="TNtuple"):
        append_branches(source, tmp_path / "t.root", "T", columns, replace=replace)


def test_positions_above_two_gigabytes(
    source: Path, tmp_path: Path, root: Any, make_columns: Any, monkeypatch: Any, check_append: Any
) -> None:
    """With the limit at 3 kB all that is promoted to eight bytes above 2 GB is, here."""
    monkeypatch.setattr("rootml.rootio.container.keys.START_BIG_FILE", 3000)
    target, again = tmp_path / "target.root", tmp_path / "again.root"
    specs, values = make_columns(10, np.random.default_rng(6))
    append_branches(source, target, "events", values, specs, objects={"note": "big"})
    with RootFile(target) as file:
        assert file.header.version > 1_000_000
        assert KeyList(file, file.root).newest("events").version > 1000
    check_append(source, target, "events", values)
    assert root.text(path=target, name="note") == {"text": "big"}
    root.read(path=target, tree="events", columns=["new_score"])
    monkeypatch.undo()
    append_branches(target, again, "events", {"z": np.arange(10.0)})
    check_append(target, again, "events", {"z": np.arange(10.0)})
    root.update(path=again, tree="events", column="mine")


def test_a_sink_without_commit_leaves_nothing(source: Path, tmp_path: Path) -> None:
    with AppendSink(source, tmp_path / "t.root", "events", [Column("y")]) as sink:
        sink.write({"y": np.zeros(3, np.float32)})
    assert list(tmp_path.iterdir()) == [source]
