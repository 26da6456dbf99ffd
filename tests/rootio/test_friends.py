"""Trees with their friends, as ROOT reads them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import (
    DataError,
    FileError,
    InputError,
    LayoutError,
    OutputError,
    RootmlWarning,
    TreeError,
)
from rootml.rootio import FriendSink
from rootml.rootio.events.base import Events
from rootml.rootio.events.friends import parse_named, with_friends
from rootml.rootio.events.kinds import open_events
from rootml.rootio.opening import open_file
from rootml.rootio.source import open_source
from rootml.spec import Column

MADE = """
void make(const char *path) {
    std::string other = std::string(path) + ".other.root";
    int run, event, n; float x, hits[4];
    {
        TFile file(path, "RECREATE");
        TTree main("t", "main");
        main.Branch("run", &run); main.Branch("event", &event); main.Branch("x", &x);
        TTree same("same", "longer, in the same file");
        same.Branch("x", &x); same.Branch("y", &x);
        TTree further("further", "friend of a friend");
        further.Branch("deep", &x);
        for (int i = 0; i < 40; ++i) {
            x = 100 + i; same.Fill();
            if (i < 30) { x = 500 + i; further.Fill(); }
            if (i < 30) { run = i / 7; event = i; x = i; main.Fill(); }
        }
        file.Write();
    }
    {
        TFile file(other.c_str(), "RECREATE");
        TTree indexed("t", "the same entries backwards, and more");
        indexed.Branch("run", &run); indexed.Branch("event", &event); indexed.Branch("x", &x);
        indexed.Branch("n", &n); indexed.Branch("hits", hits, "hits[n]/F");
        TTree plain("plain", "entry by entry");
        plain.Branch("q", &x);
        for (int i = 0; i < 34; ++i) {
            int k = 33 - i;
            run = k / 7; event = k; x = 200 + k; n = k % 4;
            for (int j = 0; j < n; ++j) hits[j] = 10 * k + j;
            indexed.Fill();
            if (i < 30) { x = 300 + i; plain.Fill(); }
        }
        indexed.BuildIndex("run", "event");
        plain.AddFriend("further", path);
        file.Write();
    }
    TFile file(path, "UPDATE");
    auto *main = file.Get<TTree>("t");
    main->AddFriend("same");
    main->AddFriend("index = t", other.c_str());
    main->AddFriend("plain", other.c_str());
    main->Write("", TObject::kOverwrite);
}"""


@pytest.fixture
def made(root: Any, tmp_path: Path) -> Path:
    """``t`` (30 entries), with friends in its own file and in another, one of them indexed."""
    path = tmp_path / "main.root"
    root.macro(code=MADE, path=path)
    return path


def joined(path: Path, tree: str = "t", friends: tuple[str, ...] = ()) -> Events:
    return with_friends(open_events(open_file(path), tree), friends)


def write(path: Path, tree: str = "t", **branches: Any) -> Path:
    with uproot.recreate(path) as file:
        made = file.mktree(tree, {name: np.asarray(v).dtype for name, v in branches.items()})
        made.extend({name: np.asarray(values) for name, values in branches.items()})
    return path


def test_every_branch_is_what_root_reads(made: Path, root: Any) -> None:
    events = joined(made)
    assert events.problems == ()
    names = {
        "run", "event", "x", "same.x", "same.y", "y", "index.run", "index.event", "index.x",
        "index.n", "n", "index.hits", "hits", "plain.q", "q", "deep", "further.deep",
    }  # fmt: skip
    assert names <= set(events.names)
    values = root.draw(path=made, tree="t", columns=sorted(names))["values"]
    assert values["index.x"] == [200.0 + i for i in range(30)]
    for name in names:
        path = events.names.find(name)
        whole = events.read([path], 0, 30)[path]
        flat = ak.to_list(ak.flatten(whole, axis=None))
        assert flat == pytest.approx(values[name]), name
        assert events.read([path], 11, 23)[path].tolist() == whole[11:23].tolist()
        assert len(events.read([path], 5, 5)[path]) == 0


def test_lazily_the_same(made: Path) -> None:
    events = joined(made)
    array, paths = events.lazy()
    assert len(array) == 30
    assert not ak.to_layout(array).is_any_materialized
    assert set(paths) == set(events.names)
    assert len(array.fields) == len(events.names.paths)
    for name, path in paths.items():
        key = events.names.find(name)
        assert array[path].tolist() == events.read([key], 0, 30)[key].tolist(), name


def linked(root: Any, path: Path, links: dict[str, str]) -> Path:
    """One-entry trees of one file, each with the friends named, and a branch ``x<tree>``."""
    body = "".join(
        f"""{{
            TTree tree("{name}", ""); tree.Branch("x{name}", &x); tree.Fill(); tree.Write();
        }}"""
        for name in links
    ) + "".join(
        f"""{{
            auto *tree = file.Get<TTree>("{name}");
            for (const char *other : {{{", ".join(f'"{o}"' for o in others)}}})
                tree->AddFriend(other);
            tree->Write("", TObject::kOverwrite);
        }}"""
        for name, others in links.items()
        if others
    )
    code = f"""void make(const char *path) {{
        float x = 1;
        TFile file(path, "RECREATE");
        {body}
    }}"""
    root.macro(code=code, path=path)
    return path


def test_friends_of_each_other_come_to_an_end(
    tmp_path: Path, root: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = "abcdefgh"
    path = linked(root, tmp_path / "ring.root", {a: trees.replace(a, "") for a in trees})
    opened = []
    monkeypatch.setattr(
        "rootml.rootio.events.friends.open_file",
        lambda *args, **options: opened.append(args) or open_file(*args, **options),
    )
    events = joined(path, "b")
    assert {f"x{a}" for a in trees} | {f"{a}.x{a}" for a in trees if a != "b"} <= set(events.names)
    assert len(opened) < 100


def test_a_chain_of_friends_has_an_end(tmp_path: Path, root: Any) -> None:
    trees = "abcdefg"
    links = dict(zip(trees, [*trees[1:], ""], strict=True))
    events = joined(linked(root, tmp_path / "chain.root", links), "a")
    assert {"xa", "xb", "xc", "xd", "xe"} <= set(events.names)
    assert "xf" not in set(events.names)
    (problem,) = events.problems
    assert problem.endswith("its friends are left out: they are followed 4 deep, no further")


def test_a_pair_that_the_friend_has_not_is_named(tmp_path: Path, root: Any) -> None:
    code = """void make(const char *path) {
        int run = 3; Long64_t event; float x;
        TFile file(path, "RECREATE");
        TTree friend_("f", ""); friend_.Branch("run", &run); friend_.Branch("event", &event);
        friend_.Branch("x", &x);
        for (event = 4; event < 100; event += 2) { x = event; friend_.Fill(); }
        friend_.BuildIndex("run", "event"); friend_.Write();
        TTree main("t", ""); main.Branch("run", &run); main.Branch("event", &event);
        for (event = 4; event < 40; event += 2) { if (event == 30) event = 31; main.Fill(); }
        main.AddFriend("f"); main.Write();
    }"""
    path = tmp_path / "alone.root"
    root.macro(code=code, path=path)
    events = joined(path)
    assert events.read(["x"], 0, 13)["x"].tolist() == list(range(4, 30, 2))
    with pytest.raises(
        DataError, match=r"entry 13: friend 'f' .*no entry with run = 3, event = 31"
    ):
        events.read(["x"], 10, 15)
    array, _ = events.lazy()
    with pytest.raises(DataError, match="no entry with run = 3, event = 31"):
        ak.materialize(array["x"])


@pytest.mark.parametrize(
    ("expression", "main", "said"),
    [
        ("run", "run", None),
        ("run", "other", None),
        ("run * 10", "run", "only plain branches can be looked up"),
    ],
    ids=["one branch", "not in the main tree", "an expression"],
)
def test_other_indices(
    expression: str, main: str, said: str | None, tmp_path: Path, root: Any
) -> None:
    code = f"""void make(const char *path) {{
        int run; TFile file(path, "RECREATE");
        TTree friend_("f", ""); friend_.Branch("run", &run); friend_.Branch("v", &run);
        for (run = 9; run >= 0; --run) friend_.Fill();
        friend_.BuildIndex("{expression}"); friend_.Write();
        TTree main("t", ""); main.Branch("{main}", &run);
        for (run = 0; run < 10; ++run) main.Fill();
        main.AddFriend("f"); main.Write();
    }}"""
    path = tmp_path / "index.root"
    root.macro(code=code, path=path, quiet=True)
    events = joined(path)
    if said is None:
        drawn = root.draw(path=path, tree="t", columns=["v"], quiet=True)["values"]["v"]
        assert events.read(["v"], 0, 10)["v"].tolist() == drawn
    else:
        (problem,) = events.problems
        assert said in problem
        assert "v" not in list(events.names)


def test_named_friends(tmp_path: Path, root: Any) -> None:
    main = write(tmp_path / "main.root", x=np.arange(5.0))
    first = write(tmp_path / "first.root", x=np.arange(5.0) + 10, y=np.arange(5.0) + 20)
    other = write(tmp_path / "other.root", "u", z=np.arange(7.0) + 30)
    events = joined(main, friends=(str(first), f"alias={other}:u"))
    columns = ["x", "t.y", "y", "alias.z", "z"]
    drawn = root.draw(
        path=main, tree="t", columns=columns, friends=[("t", str(first)), ("alias = u", str(other))]
    )["values"]
    for name in columns:
        path = events.names.find(name)
        assert events.read([path], 0, 5)[path].tolist() == drawn[name]
    assert events.names.find("t.x") == "t.x"
    assert events.read(["t.x"], 0, 2)["t.x"].tolist() == [10, 11]


def test_an_older_cycle_of_a_friend(tmp_path: Path, root: Any) -> None:
    code = """void make(const char *path) {
        float y;
        TFile file(path, "RECREATE");
        TTree tree("u", ""); tree.Branch("y", &y);
        for (y = 0; y < 6; ++y) { tree.Fill(); if (y == 2) tree.AutoSave(); }
        tree.Write();
    }"""
    main = write(tmp_path / "main.root", x=np.arange(3.0))
    root.macro(code=code, path=tmp_path / "cycles.root")
    for cycle, entries in (("", 6), (";2", 6), (";1", 3)):
        events = joined(main, friends=(f"{tmp_path / 'cycles.root'}:u{cycle}",))
        assert events.friends[0].events.num_entries == entries
        assert events.friends[0].alias == "u"
        assert events.read(["y"], 0, 3)["y"].tolist() == [0, 1, 2]


def test_an_ntuple_beside_an_ntuple_or_a_tree(tmp_path: Path) -> None:
    values = {"y": np.arange(6.0), "lists": ak.Array([[i] * i for i in range(6)])}
    with uproot.recreate(tmp_path / "ntuple.root") as file:
        file.mkrntuple("t", ak.zip(values, depth_limit=1))
    with uproot.recreate(tmp_path / "other.root") as file:
        file.mkrntuple("t", {"x": "float64", "y": "float64"}).extend(
            {"x": np.arange(5.0), "y": np.arange(5.0) + 10}
        )
    tree = write(tmp_path / "tree.root", x=np.arange(5.0), y=np.arange(5.0) + 10)
    for main in (tree, tmp_path / "other.root"):
        events = joined(main, friends=(str(tmp_path / "ntuple.root"),))
        assert events.names.paths == ("x", "y", "t.y", "lists")
        assert events.read(["lists", "t.y"], 2, 4)["lists"].tolist() == [[2, 2], [3, 3, 3]]
        array, paths = events.lazy()
        assert array[paths["t.lists"]].tolist() == [[i] * i for i in range(5)]
        assert array["y"].tolist() == [10, 11, 12, 13, 14]
        assert array["t.y"].tolist() == [0, 1, 2, 3, 4]


def test_named_friends_that_cannot_be_joined(tmp_path: Path) -> None:
    main = write(tmp_path / "main.root", x=np.arange(5.0))
    write(tmp_path / "short.root", y=np.arange(4.0))
    with uproot.recreate(tmp_path / "two.root") as file:
        file["a"], file["b"] = {"y": np.arange(5.0)}, {"z": np.arange(5.0)}
    for friend, error, said in (
        ("shrt.root", FileError, r"shrt\.root: no such file; did you mean 'short.root'"),
        ("short.root", TreeError, "friend 't' .* has 4 entries, but .*main.root.* has 5"),
        ("short.root:y", TreeError, "no tree 'y'"),
        ("two.root", TreeError, r"which tree is the friend\?.*trees: a, b"),
        ("main.root", InputError, "friend '.*main.root' is .*main.root: tree 't' itself"),
    ):
        with pytest.raises(error, match=said):
            joined(main, friends=(str(tmp_path / friend),))
    first = write(tmp_path / "first.root", y=np.arange(5.0))
    with pytest.raises(InputError, match=r"two friends 't' have a branch 'y' .*alias=file.root"):
        joined(main, friends=(str(first), str(first)))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("f.root", ("", "f.root", None)),
        ("f.root:d/t", ("", "f.root", "d/t")),
        ("a=f.root:t", ("a", "f.root", "t")),
        ("a=root://host//f.root:t", ("a", "root://host//f.root", "t")),
        ("dir/run=5.root", ("", "dir/run=5.root", None)),
    ],
)
def test_names_of_friends(text: str, parts: tuple[str, str, str | None]) -> None:
    assert parse_named(text) == parts


@pytest.fixture
def moved(tmp_path: Path, root: Any) -> Callable[[str], Path]:
    """``moved(text)``: a file in ``there`` whose tree names a friend's file as ``text``."""
    (tmp_path / "there").mkdir()
    (tmp_path / "here").mkdir()

    def make(text: str) -> Path:
        code = f"""void make(const char *path) {{
            float x = 1;
            std::string aside = std::string(path) + ".aside";
            TFile other(aside.c_str(), "RECREATE");
            TTree tree("f", ""); tree.Branch("y", &x); tree.Fill(); other.Write();
            TFile file(path, "RECREATE");
            TTree main("hits", ""); main.Branch("x", &x); main.Fill();
            main.AddFriend("f", aside.c_str())->SetTitle("{text}");
            main.Write();
        }}"""
        root.macro(code=code, path=tmp_path / "there" / "main.root")
        return tmp_path / "there" / "main.root"

    return make


def test_where_a_file_is_looked_for(
    moved: Callable[[str], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path / "here")
    main = moved("f.root")
    events = joined(main, "hits")
    (problem,) = events.problems
    assert "friend 'f' is left out" in problem
    assert "f.root: no such file" in problem
    write(tmp_path / "here" / "f.root", "f", y=[1.0])
    events = joined(main, "hits")
    assert (events.problems, events.read(["y"], 0, 1)["y"].tolist()) == ((), [1.0])
    write(tmp_path / "there" / "f.root", "f", y=[2.0])
    events = joined(main, "hits")
    assert events.read(["y"], 0, 1)["y"].tolist() == [2.0]
    (problem,) = events.problems
    assert f"{tmp_path / 'there' / 'f.root'} is read; ROOT would read" in problem
    monkeypatch.setenv("PLACE", str(tmp_path / "here"))
    events = joined(moved("$PLACE/f.root"), "hits")
    assert (events.problems, events.read(["y"], 0, 1)["y"].tolist()) == ((), [1.0])


def test_a_layout_partly_in_a_friend(
    moved: Callable[[str], Path], tmp_path: Path, toylab: Path
) -> None:
    import toylab as package

    main = moved("f.root")
    said = r"no branch 'cell_e'[\s\S]*friend 'f' is left out: .*f.root: no such file"
    with pytest.raises(LayoutError, match=said):
        open_source(main, [package.ADAPTER])
    with uproot.recreate(tmp_path / "there" / "f.root") as file:
        file["f"] = {"cell_e": np.ones((1, 6), "f4")}
    with open_source(main, [package.ADAPTER]) as source:
        assert source.decoder.has("cells")
        assert not source.decoder.has("label")
        ((first, chunk),) = source.chunks(["cells"])
        assert (first, chunk["cells"].tolist()) == (0, [[1.0] * 6])


def test_a_friend_that_is_not_needed_is_a_warning(
    moved: Callable[..., Path], tmp_path: Path, toylab: Path
) -> None:
    import toylab as package

    main = moved("f.root")
    cells = tmp_path / "cells.root"
    with uproot.recreate(cells) as file:
        file["hits"] = {"cell_e": np.ones((3, 6), "f4")}
    with pytest.warns(RootmlWarning, match=r"main.root: tree 'hits': friend 'f' is left out"):
        source = open_source(main, [package.ADAPTER], friends=[cells])
    with source:
        assert source.num_entries == 1
        assert source.read(["cells"], 0, 1)["cells"].tolist() == [[1.0] * 6]


def test_a_friend_that_fits_one_of_two_trees(tmp_path: Path, toylab: Path) -> None:
    import toylab as package

    with uproot.recreate(tmp_path / "main.root") as file:
        file["hits"], file["other"] = {"x": np.arange(3.0)}, {"x": np.arange(30.0)}
    with uproot.recreate(tmp_path / "cells.root") as file:
        file["hits"] = {"cell_e": np.ones((3, 6), "f4")}
    with open_source(
        tmp_path / "main.root", [package.ADAPTER], friends=[tmp_path / "cells.root"]
    ) as source:
        assert (source.name, source.num_entries) == ("hits", 3)


@pytest.mark.parametrize("kind", ["TTree", "RNTuple"])
def test_a_friend_written_by_a_sink(kind: str, source: Path, tmp_path: Path) -> None:
    if kind == "RNTuple":
        source = tmp_path / "ntuple.root"
        with uproot.recreate(source) as file:
            file.mkrntuple("events", {"x": "float64"}).extend({"x": np.arange(10.0)})
    scores = np.arange(10, dtype="f4") / 10
    with FriendSink(source, tmp_path / "friend.root", "events", [Column("score")]) as sink:
        sink.write({"score": scores})
        sink.commit()
    events = joined(source, "events", friends=(str(tmp_path / "friend.root"),))
    assert events.read(["score", "x"], 3, 8)["score"].tolist() == scores[3:8].tolist()
    array, _ = events.lazy()
    assert array["score"].tolist() == scores.tolist()


def test_a_damaged_friend_is_named(tmp_path: Path) -> None:
    main = write(tmp_path / "main.root", x=np.arange(500.0))
    path = write(tmp_path / "f.root", y=np.arange(500.0))
    with uproot.open(path)["t"] as tree:
        seek = int(tree["y"].member("fBasketSeek")[0])
    data = bytearray(path.read_bytes())
    data[seek + 70 : seek + 400] = bytes(330)
    path.write_bytes(data)
    events = joined(main, friends=(str(path),))
    said = r"f\.root: tree 't', branch 'y': cannot be read"
    with pytest.raises(FileError, match=said):
        events.read(["y"], 0, 10)
    with pytest.raises(FileError, match=said):
        ak.materialize(events.lazy()[0]["y"])


def test_a_tree_in_a_folder_and_its_friend_beside_it(tmp_path: Path, root: Any) -> None:
    code = """void make(const char *path) {
        float x = 1; TFile file(path, "RECREATE");
        file.mkdir("deep")->cd();
        TTree other("f", ""); other.Branch("y", &x); other.Fill(); other.Write();
        TTree main("t", ""); main.Branch("x", &x); main.Fill();
        main.AddFriend(&other); main.Write();
    }"""
    path = tmp_path / "deep.root"
    root.macro(code=code, path=path)
    events = joined(path, "deep/t")
    assert events.names.paths == ("x", "y")
    assert events.friends[0].events.name == "deep/f"


def test_an_output_may_not_replace_a_friend(
    tmp_path: Path, toylab: Path, write_model: Callable[..., Path]
) -> None:
    main = write(tmp_path / "main.root", "hits", x=np.arange(3.0))
    with uproot.recreate(tmp_path / "cells.root") as file:
        file["hits"] = {"cell_e": np.ones((3, 6), "f4")}
    cells = tmp_path / "cells.root"
    with pytest.raises(OutputError, match=r"cells.root: is the input file itself"):
        rootml.tag_file(
            main, cells, str(write_model()), friends=[cells], overwrite=True, plots=False
        )


def test_closing_closes_the_friends_too(made: Path) -> None:
    events = joined(made)
    files = [events.tree.file, *(friend.events.tree.file for friend in events.friends)]
    events.close()
    assert all(file.closed for file in files)
