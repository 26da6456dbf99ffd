"""Comparing files: what is the same, what differs, and that the difference is named."""

from __future__ import annotations

import json
import shutil
import struct
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
from click.testing import CliRunner

from rootml.cli import USER_ERROR, rootml, run
from rootml.errors import FileError, TreeError
from rootml.rootio import FileDiff, append_branches, compare_files
from rootml.rootio.container.directory import KeyList
from rootml.rootio.container.keys import BIG_VERSION
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.ttree.splicing import Splice
from rootml.rootio.ttree.tracing import Reader

HITS = ak.Array([[1.0, 2.0], [], [3.0], [4.0, 5.0, 6.0], [7.0]] * 20)
VALUES = {"x": np.arange(100.0), "Hit_e": ak.values_astype(HITS, np.float32)}


def write(path: Path, values: dict[str, Any], baskets: int = 1, **options: Any) -> Path:
    """One tree ``events`` in a folder, of flat and jagged branches, and a histogram."""
    with uproot.recreate(path, compression=options.get("compression", uproot.ZLIB(1))) as file:
        types = {name: ak.type(ak.Array(v)).content for name, v in values.items()}
        tree = file.mktree("sub/events", types, title=options.get("title", "the events"))
        for part in np.array_split(np.arange(len(values["x"])), baskets):
            tree.extend({name: v[part[0] : part[-1] + 1] for name, v in values.items()})
        file["h"] = np.histogram([1.0, 2.0, 2.0], bins=3, range=(0, 3))
    return path


@pytest.fixture
def old(tmp_path: Path) -> Path:
    return write(tmp_path / "old.root", VALUES)


def paths(entries: Any) -> list[str]:
    return [entry.path for entry in entries]


def only(entries: Any) -> str:
    """The words of a list with one entry."""
    (entry,) = entries
    return f"{entry.path}: {entry.was} -> {entry.now}"


def how(found: FileDiff, path: str) -> str:
    return next(entry.now for entry in found.identical if entry.path == path)


def flip(path: Path, position: int) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        byte = file.read(1)[0]
        file.seek(position)
        file.write(bytes([byte ^ 0x10]))


def test_a_copy_is_the_same(old: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(old, tmp_path / "copy.root"))
    before = old.read_bytes(), old.stat().st_mtime_ns
    found = compare_files(old, copy)
    assert found.same
    assert found.keeps_all
    assert not found.notes
    assert {"sub", "sub/events", "sub/events/x", "sub/events/Hit_e", "h"} <= set(
        paths(found.identical)
    )
    assert how(found, "sub/events/Hit_e") == how(found, "h") == "same bytes"
    assert (old.read_bytes(), old.stat().st_mtime_ns) == before


def test_appended_branches_are_all_that_is_added(old: Path, tmp_path: Path) -> None:
    target = tmp_path / "new.root"
    columns = {"score": np.zeros(100, np.float32), "Hit_id": ak.values_astype(HITS, np.int32)}
    append_branches(old, target, "sub/events", columns)
    found = compare_files(old, target)
    assert found.keeps_all
    assert not found.same
    assert sorted(paths(found.added))[:1] == ["sub/events/Hit_id"]
    assert "float, 100 entries" in next(e.now for e in found.added if e.path.endswith("score"))
    back = compare_files(target, old)
    assert sorted(paths(back.lost)) == sorted(paths(found.added))
    assert not back.added


@pytest.mark.parametrize("chunk", [64, 1 << 20])
def test_a_changed_value_is_named(
    old: Path, tmp_path: Path, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rootml.rootio.diff.values.CHUNK_BYTES", chunk)
    lists = HITS.to_list()
    lists[63][1] = 5.5
    other = {**VALUES, "Hit_e": ak.values_astype(ak.Array(lists), np.float32)}
    found = compare_files(old, write(tmp_path / "new.root", other, baskets=3))
    assert only(found.changed) == "sub/events/Hit_e: entry 63[1]: 5.0 -> entry 63[1]: 5.5"
    assert "values" in how(found, "sub/events/x") or "content" in how(found, "sub/events/x")


def test_a_list_of_other_length_is_named(old: Path, tmp_path: Path) -> None:
    lists = HITS.to_list()
    lists[9].append(1.0)
    lists[10].pop()
    other = {**VALUES, "Hit_e": ak.values_astype(ak.Array(lists), np.float32)}
    found = compare_files(old, write(tmp_path / "new.root", other))
    changed = {entry.path: entry for entry in found.changed}
    assert changed["sub/events/Hit_e"].was == "entry 9: 1 values"
    assert changed["sub/events/Hit_e"].now == "entry 9: 2 values"
    assert changed["sub/events/nHit_e"].now == "entry 9: 2"


def test_an_item_moved_to_the_next_entry_is_seen(tmp_path: Path) -> None:
    for name, lists in (("a", [[1.0, 2.0], [], [3.0]]), ("b", [[1.0], [2.0], [3.0]])):
        write(tmp_path / f"{name}.root", {"x": np.arange(3), "v": ak.Array(lists)})
    found = compare_files(tmp_path / "a.root", tmp_path / "b.root")
    assert [f"{e.path}: {e.was}" for e in found.changed] == [
        "sub/events/nv: entry 0: 2",
        "sub/events/v: entry 0: 2 values",
    ]


@pytest.mark.parametrize("compression", [None, uproot.ZSTD(3), uproot.LZ4(1)])
def test_other_compression_and_baskets_are_no_difference(
    old: Path, tmp_path: Path, compression: Any
) -> None:
    new = write(tmp_path / "new.root", VALUES, baskets=7, compression=compression)
    found = compare_files(old, new)
    assert found.same
    assert how(found, "sub/events/Hit_e") == "same content, stored differently"
    assert any("compression code" in entry.was for entry in found.notes)


def test_nan_equals_nan_and_zero_has_no_sign(tmp_path: Path) -> None:
    a = write(tmp_path / "a.root", {"x": np.array([np.nan, 0.0, 1.0])})
    b = write(tmp_path / "b.root", {"x": np.array([-np.nan, -0.0, 1.0])})
    found = compare_files(a, b)
    assert found.same
    assert how(found, "sub/events/x") == "same values, stored differently"


def test_titles_types_and_entries_are_compared(old: Path, tmp_path: Path) -> None:
    other = {"x": np.arange(99, dtype=np.float32), "Hit_e": VALUES["Hit_e"][:99]}
    found = compare_files(old, write(tmp_path / "new.root", other, title="others"))
    told = {f"{e.path}: {e.was} -> {e.now}" for e in found.changed}
    assert "sub/events: title: 'the events' -> title: 'others'" in told
    assert "sub/events: entries: 100 -> entries: 99" in told
    assert "sub/events/x: leaves[0]: a TLeafD -> leaves[0]: a TLeafF" in told
    assert "sub/events/Hit_e: entries: 100 -> entries: 99" in told


def test_objects_changed_and_lost(tmp_path: Path) -> None:
    for name, counts in (("a", [1.0, 2.0]), ("b", [1.0, 4.0])):
        with uproot.recreate(tmp_path / f"{name}.root") as file:
            file["dir/h"] = (np.array(counts), np.array([0.0, 1.0, 2.0]))
            file["text"] = "the same"
            if name == "a":
                file["dir/gone"] = "a text"
    found = compare_files(tmp_path / "a.root", tmp_path / "b.root")
    assert paths(found.lost) == ["dir/gone"]
    assert {"dir", "text"} <= set(paths(found.identical))
    assert "dir/h: content[2]: 2.0 -> content[2]: 4.0" in {
        f"{e.path}: {e.was} -> {e.now}" for e in found.changed
    }


def test_lost_streamer_infos_are_reported_added_ones_noted(old: Path, tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "few.root") as file:
        file["h"] = np.histogram([1.0, 2.0, 2.0], bins=3, range=(0, 3))
    found = compare_files(old, tmp_path / "few.root")
    lost = {entry.path for entry in found.lost if entry.kind == "streamer info"}
    assert "TTree version 20" in lost
    back = compare_files(tmp_path / "few.root", old)
    assert back.keeps_all
    assert "TTree version 20" in paths(back.notes)
    assert not any(entry.kind == "streamer info" for entry in back.added)


def basket_positions(path: Path, branch: str) -> int:
    """A byte in the middle of a basket's data."""
    with uproot.open({str(path): None}) as file:
        found = file["sub/events"][branch]
        seek, size = int(found.member("fBasketSeek")[0]), int(found.member("fBasketBytes")[0])
    return seek + size - 20


@pytest.mark.parametrize("step", [32, 1 << 20])
def test_a_changed_byte_in_a_basket(
    tmp_path: Path, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rootml.rootio.diff.regions._STEP", step)
    old = write(tmp_path / "old.root", VALUES, compression=None)
    new = Path(shutil.copy(old, tmp_path / "new.root"))
    flip(new, basket_positions(new, "x"))
    found = compare_files(old, new)
    assert only(found.changed).startswith("sub/events/x: entry 97: 97.0 -> entry 97: ")
    assert how(found, "sub/events/Hit_e") == "same bytes"


def test_a_damaged_basket_is_said_to_be_unreadable(old: Path, tmp_path: Path) -> None:
    new = Path(shutil.copy(old, tmp_path / "new.root"))
    flip(new, basket_positions(new, "x"))
    assert "cannot be compared" in only(compare_files(old, new).changed)
    assert compare_files(new, Path(shutil.copy(new, tmp_path / "again.root"))).same


def test_cycles(root: Any, tmp_path: Path) -> None:
    code = """
    #include <TFile.h>
    #include <TNamed.h>
    void make(const char *path) {
        TFile file(path, "RECREATE");
        for (auto *text : {"one", "two", "three"}) TNamed("name", text).Write();
        TNamed("single", "a").Write();
        file.Delete(std::string(path).find("old") != std::string::npos ? "name;3" : "name;1");
    }"""
    for name in ("old", "new"):
        root.macro(code=code, path=tmp_path / f"{name}.root")
    found = compare_files(tmp_path / "old.root", tmp_path / "new.root")
    assert set(paths(found.changed)) == {"name;1"}
    assert {f"{e.was} -> {e.now}" for e in found.changed} == {
        "title: 'one' -> title: 'three'",
        "cycle: 1 -> cycle: 3",
    }
    assert {"name;2", "single"} <= set(paths(found.identical))


TREE = """
#include <TFile.h>
#include <TTree.h>
#include <TNamed.h>
#include <TList.h>
void make(const char *path) {
    TFile file(path, "RECREATE");
    TTree tree("events", "events");
    int run = 0, event = 0;
    tree.Branch("run", &run);
    tree.Branch("event", &event);
    tree.Branch("twice", &run);
    tree.Branch("twice", &event);
    for (event = 0; event < 20; ++event) { run = event - event / 3 * 3; tree.Fill(); }
    %s
    tree.SetDirectory(nullptr);
}"""
WRITE = "file.WriteTObject(&tree);"  # unlike TTree::Write, leaves the baskets in the tree's record
CHANGES = {
    "alias": 'tree.SetAlias("both", "run + event");',
    "user info": 'tree.GetUserInfo()->Add(new TNamed("who", "me"));',
    "friend": 'tree.AddFriend("other", "other.root");',
    "index": 'tree.BuildIndex("run", "event");',
    "weight": "tree.SetWeight(2);",
    "branch title": 'tree.GetBranch("run")->SetTitle("the run/I");',
    "one of two": 'static_cast<TBranch *>(tree.GetListOfBranches()->At(3))->SetTitle("other");',
}
NAMED = {
    "alias": "aliases", "user info": "user info", "friend": "friends", "index": "index",
    "weight": "weight", "branch title": "title", "one of two": "title",
}  # fmt: skip


@pytest.mark.parametrize("what", CHANGES)
def test_what_is_said_of_a_tree_is_compared(root: Any, tmp_path: Path, what: str) -> None:
    for name, change in (("a", ""), ("b", ""), ("c", CHANGES[what])):
        code = TREE % f"{change} tree.Write();"
        root.macro(code=code, path=tmp_path / f"{name}.root", quiet=what == "friend")
    assert compare_files(tmp_path / "a.root", tmp_path / "b.root").same
    found = compare_files(tmp_path / "a.root", tmp_path / "c.root", tree="events")
    assert only(found.changed).split(": ")[1].startswith(NAMED[what])
    branch = {"branch title": "/run", "one of two": "/twice#2"}.get(what, "")
    assert paths(found.changed) == [f"events{branch}"]
    assert found.identical


def test_baskets_in_the_tree_record(root: Any, tmp_path: Path) -> None:
    for name, change in (("a", ""), ("b", 'tree.GetBranch("run")->SetTitle("r/I");')):
        root.macro(code=TREE % (change + WRITE), path=tmp_path / f"{name}.root")
    root.macro(
        code=TREE.replace("event - event / 3 * 3", "event == 17 ? 9 : event - event / 3 * 3")
        % WRITE,
        path=tmp_path / "c.root",
    )
    with uproot.open({str(tmp_path / "a.root"): None}) as file:
        assert len(file["events"]["run"].embedded_baskets) == 1
    found = compare_files(tmp_path / "a.root", tmp_path / "b.root")
    assert paths(found.changed) == ["events/run"]
    assert how(found, "events/event") == "same bytes"
    found = compare_files(tmp_path / "a.root", tmp_path / "c.root")
    assert {f"{e.path}: {e.was} -> {e.now}" for e in found.changed} == {
        "events/run: entry 17: 2 -> entry 17: 9",
        "events/twice: entry 17: 2 -> entry 17: 9",
    }


SNAPSHOT = """
#include <ROOT/RDataFrame.hxx>
void make(const char *path) {
    ROOT::RDF::RSnapshotOptions options;
    options.fAutoFlush = 7;
    ROOT::RDataFrame("sub/events", "%s").Snapshot("sub/events", path, "", options);
}"""


def test_a_snapshot_has_the_same_values(root: Any, old: Path, tmp_path: Path) -> None:
    target = tmp_path / "snapshot.root"
    root.macro(code=SNAPSHOT % old, path=target, quiet=True)
    found = compare_files(old, target, tree="sub/events")
    assert {e.path for e in found.identical} >= {"sub/events/x", "sub/events/Hit_e"}
    assert "stored differently" in how(found, "sub/events/Hit_e")
    assert [entry.was for entry in found.changed] == ["title: 'the events'"]


def test_rebasketed_by_hadd(root: Any, sample: Callable[[str], Path], tmp_path: Path) -> None:
    source = sample("generic/uproot-HZZ.root")
    root.merge(paths=[str(source)], target=str(tmp_path / "merged.root"))
    found = compare_files(source, tmp_path / "merged.root", tree="events")
    assert found.same
    assert len(found.identical) == 52


@pytest.mark.parametrize("name", ["generic/nano_dy.root", "mu2e/uproot-issue-513.root"])
def test_real_files(sample: Callable[[str], Path], tmp_path: Path, name: str) -> None:
    source = sample(name)
    tree = "Events" if "nano" in name else "TrkAnaNeg/trkana"
    with uproot.open({str(source): tree}) as opened:
        entries = opened.num_entries
    append_branches(source, tmp_path / "new.root", tree, {"score": np.zeros(entries, np.float32)})
    found = compare_files(source, tmp_path / "new.root")
    assert only(found.added).startswith(f"{tree}/score:")
    assert found.keeps_all
    assert {how(found, e.path) for e in found.identical if e.kind == "branch"} == {"same bytes"}


def write_ntuple(path: Path, x: Any, hits: Any) -> Path:
    with uproot.recreate(path) as file:
        made = file.mkrntuple("sub/events", {"x": x[:5], "hits": hits[:5]})
        made.extend({"x": x[5:], "hits": hits[5:]})
    return path


def test_ntuples(tmp_path: Path) -> None:
    x, hits = np.arange(10.0), HITS[:10]
    a = write_ntuple(tmp_path / "a.root", x, hits)
    assert compare_files(a, write_ntuple(tmp_path / "b.root", x, hits)).same
    lists = hits.to_list()
    lists[8][1] = 9.5
    found = compare_files(a, write_ntuple(tmp_path / "c.root", x, ak.Array(lists)))
    assert only(found.changed) == "sub/events/hits: entry 8[1]: 5.0 -> entry 8[1]: 9.5"
    found = compare_files(a, write_ntuple(tmp_path / "d.root", x.astype(np.float32), hits))
    assert "x: type: 'double' -> x: type: 'float'" in only(found.changed)
    found = compare_files(a, write_ntuple(tmp_path / "e.root", x[:9], hits[:9]))
    assert "entries: 10 -> entries: 9" in only(found.changed[:1])
    with uproot.recreate(tmp_path / "f.root") as file:
        file.mkrntuple("sub/events", {"x": x, "y": x})
    found = compare_files(a, tmp_path / "f.root")
    assert paths(found.lost) == ["sub/events/hits"]
    assert paths(found.added) == ["sub/events/y"]
    assert how(found, "sub/events/x") == "same values, stored differently"


def test_a_copy_of_an_ntuple_with_another_byte(tmp_path: Path) -> None:
    """Both files have the same identifier, by which uproot would remember what it has read."""
    hits = HITS[:10]
    old = write_ntuple(tmp_path / "old.root", np.arange(10.0), hits)
    new = Path(shutil.copy(old, tmp_path / "new.root"))
    with uproot.open({str(old): None}) as file:
        page = file["sub/events"].page_link_list[0][0].pages[0].locator
    flip(new, page.offset + page.num_bytes - 3)
    found = compare_files(old, new)
    assert only(found.changed).startswith("sub/events/")
    assert len([entry for entry in found.identical if entry.kind == "field"]) == 1


def test_what_is_said_of_a_field_is_compared(root: Any, tmp_path: Path) -> None:
    code = """
    #include <ROOT/RNTupleModel.hxx>
    #include <ROOT/RNTupleWriter.hxx>
    void make(const char *path) {
        auto model = ROOT::RNTupleModel::Create();
        auto field = std::make_unique<ROOT::RField<float>>("x");
        field->SetDescription("%s");
        model->AddField(std::move(field));
        auto writer = ROOT::RNTupleWriter::Recreate(std::move(model), "events", path);
        writer->Fill();
    }"""
    for name, text in (("a", "in GeV"), ("b", "in MeV")):
        root.macro(code=code % text, path=tmp_path / f"{name}.root")
    found = compare_files(tmp_path / "a.root", tmp_path / "b.root")
    assert only(found.changed) == ("events/x: x: description: 'in GeV' -> x: description: 'in MeV'")


def test_references_to_other_objects_are_a_change(root: Any, tmp_path: Path) -> None:
    for name, last in (("a", "&one"), ("b", "&two")):
        root.macro(code=LIST % last, path=tmp_path / f"{name}.root")
    found = compare_files(tmp_path / "a.root", tmp_path / "b.root")
    assert only(found.changed[:1]) == "list: content[2].fName: 'one' -> content[2].fName: 'two'"


LIST = """
#include <TFile.h>
#include <TList.h>
#include <TNamed.h>
void make(const char *path) {
    TFile file(path, "RECREATE");
    TList list;
    TNamed one("one", "1"), two("two", "2");
    for (auto *thing : {&one, &two, %s}) list.Add(thing);
    list.Write("list", TObject::kSingleKey);
}"""


def test_objects_with_longer_keys_are_the_same(root: Any, tmp_path: Path) -> None:
    """Above 2 GB a key is eight bytes longer, and so is every reference inside its object."""
    root.macro(code=LIST % "&one", path=tmp_path / "a.root")
    for name in ("same", "moved"):
        shutil.copy(tmp_path / "a.root", path := tmp_path / f"{name}.root")
        with RootFile(path) as file, Reader(path) as reader:
            keys = KeyList.of_path(file, "")
            old = keys.newest("list")
            traced = reader.trace("list;1", old.seek)
            new = replace(old, seek=file.header.end, version=4 + BIG_VERSION)
            splice = Splice(traced, [], new.keylen if name == "same" else old.keylen)
            if name == "same":
                splice.relocate()
            content = bytes(splice.bytes)
            new = new.sized(len(content), len(content))
            file.append(new.pack() + content)
            keys.replace(old, new)
            keys.write()
            file.finish()
    found = compare_files(tmp_path / "a.root", tmp_path / "same.root")
    assert found.same
    assert how(found, "list") == "same bytes, references moved"
    assert paths(compare_files(tmp_path / "a.root", tmp_path / "moved.root").changed) == ["list"]


def test_one_tree_alone(old: Path, tmp_path: Path) -> None:
    other = {**VALUES, "x": VALUES["x"] + 1}
    new = write(tmp_path / "new.root", other)
    found = compare_files(old, new, tree="sub/events")
    assert paths(found.changed) == ["sub/events/x"]
    assert "h" not in paths(found.identical)
    with pytest.raises(TreeError, match=r"no tree 'events' in .*did you mean 'sub/events'"):
        compare_files(old, new, tree="events")


def test_progress_ends_at_the_whole(old: Path) -> None:
    told: list[tuple[int, int]] = []
    compare_files(old, old, progress=lambda done, total: told.append((done, total)))
    assert told == sorted(told)
    assert told[-1] == (old.stat().st_size,) * 2


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "no such file"), (b"text", "not a ROOT file"), (b"root" + bytes(80), "cannot be read")],
)
def test_trouble(old: Path, tmp_path: Path, content: bytes | None, message: str) -> None:
    bad = tmp_path / "bad.root"
    if content is not None:
        bad.write_bytes(content)
    with pytest.raises(FileError, match=message) as caught:
        compare_files(old, bad)
    assert str(bad) in str(caught.value)
    with pytest.raises(SystemExit) as done:
        run(rootml, "rootml", ["diff", str(bad), str(old)])
    assert done.value.code == USER_ERROR


def test_a_truncated_file_is_trouble(old: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.root"
    bad.write_bytes(old.read_bytes()[:-100])
    with pytest.raises(FileError, match="truncated"):
        compare_files(old, bad)


def test_command(old: Path, tmp_path: Path) -> None:
    target = tmp_path / "new.root"
    append_branches(old, target, "sub/events", {"score": np.zeros(100, np.float32)})

    def ask(*options: str, a: Path = old, b: Path = target) -> Any:
        return CliRunner().invoke(rootml, ["diff", str(a), str(b), *options])

    assert ask(b=old).exit_code == 0
    shown = ask()
    assert shown.exit_code == 1
    assert "added    sub/events/score  branch, float, 100 entries" in shown.output
    assert "3 branches" in shown.output
    assert "nothing was changed or lost" in shown.output
    assert ask("--allow-added").exit_code == 0
    lost = ask("--allow-added", a=target, b=old)
    assert lost.exit_code == 1
    assert "lost     sub/events/score" in lost.output
    assert ask("-q").output == ""
    record = json.loads(ask("--json").output)
    assert record["added"][0]["path"] == "sub/events/score"
    assert record["identical"]["branch"] == 3
    assert (record["same"], record["keeps_all"]) == (False, True)


def test_baskets_said_to_hold_other_entries(old: Path, tmp_path: Path) -> None:
    """The baskets are the same, but the tree says otherwise where they belong."""
    new = Path(shutil.copy(old, tmp_path / "new.root"))
    with RootFile(new) as file, Reader(new) as reader:
        keys = KeyList.of_path(file, "sub")
        key = keys.newest("events")
        traced = reader.trace("sub/events;1", key.seek)
        position = traced.raw.index(struct.pack(">qqqq", 0, 100, 0, 0))  # the first fBasketEntry
        content = traced.raw[:position] + struct.pack(">qq", 1, 100) + traced.raw[position + 16 :]
        moved = replace(key, seek=file.header.end, stored=len(content))
        file.append(moved.pack() + content)
        keys.replace(key, moved)
        keys.write()
        file.finish()
    assert "basket 0 does not hold" in only(compare_files(old, new).changed)


def test_trees_of_derived_classes_are_trees(tmp_path: Path) -> None:
    """Mine derives from TTree, Further from Mine (see test_reading)."""
    source = Path(__file__).with_name("derived.root")
    found = compare_files(source, Path(shutil.copy(source, tmp_path / "copy.root")))
    assert found.same
    assert {e.path for e in found.identical if e.kind == "branch"} >= {"mine/x", "further/x"}


def test_long_texts_are_shown_where_they_part(tmp_path: Path) -> None:
    a, b = tmp_path / "a.root", tmp_path / "b.root"
    for path, word in ((a, "old"), (b, "new")):
        with uproot.recreate(path) as file:
            file["text"] = "same " * 40 + word + " same" * 40
    (change,) = compare_files(a, b).changed
    assert " same old same " in change.was
    assert " same new same " in change.now
    assert len(change.was) < 80
