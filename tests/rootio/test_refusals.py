"""What cannot be done is refused in one clear message, and nothing is left behind."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import AppendRefused, DataError, FileError, OutputError, RootmlError, TreeError
from rootml.rootio import AppendSink, FriendSink, append_branches
from rootml.rootio.container.root_file import RootFile
from rootml.rootio.container.transaction import SUFFIX
from rootml.spec import Column

TEN = {"y": np.arange(10.0)}
Y = Column("y", "float64")
SINKS = [AppendSink, FriendSink]


def refused(kind: type[RootmlError], words: str, source: Path, **changes: Any) -> None:
    """Appending fails with ``words`` in the message, and no file appears."""
    target = source.with_name("target.root")
    before = sorted(source.parent.iterdir())
    arguments = {"tree": "events", "columns": TEN} | changes
    with pytest.raises(kind, match=words):
        append_branches(source, target, **arguments)
    assert sorted(source.parent.iterdir()) == before


def test_names_that_are_taken(source: Path) -> None:
    refused(AppendRefused, "branch or leaf 'x' already", source, columns={"x": TEN["y"]})
    refused(AppendRefused, "branch or leaf 'Hit_e' already", source, columns={"Hit_e": TEN["y"]})
    twice = [Column("a"), Column("a")]
    refused(AppendRefused, "'a' already", source, columns={"a": TEN["y"]}, specs=twice)
    counter = {"nA": TEN["y"], "A_x": ak.Array([[1.0]] * 10)}
    refused(AppendRefused, "'nA' already", source, columns=counter)
    refused(AppendRefused, "cannot be the name", source, columns={"a/b": TEN["y"]})


def test_friend_is_named_as_the_way_out(source: Path) -> None:
    refused(AppendRefused, "tree 'events' of .*source.root.*--output friend", source,
            columns={"x": TEN["y"]})  # fmt: skip


def test_trees_that_are_not_there(source: Path) -> None:
    refused(TreeError, "no 'event' .*did you mean 'events'", source, tree="event")
    refused(TreeError, "no 'deep'", source, tree="deep/events")
    refused(AppendRefused, "not a TTree", source, tree="other")


def test_columns_that_do_not_fit(source: Path) -> None:
    refused(DataError, "9 events, but the tree has 10", source, columns={"y": np.zeros(9)})
    refused(DataError, "11 events, but the tree has 10", source, columns={"y": np.zeros(11)})
    refused(DataError, "different numbers of events", source,
            columns={"y": np.zeros(10), "z": np.zeros(9)})  # fmt: skip
    wrong = [Column("y", "int32")]
    refused(DataError, "cannot store float64 as int32", source, specs=wrong)
    big = {"y": np.full(10, 300)}
    refused(
        DataError, "outside the range of int8", source, columns=big, specs=[Column("y", "int8")]
    )
    refused(DataError, "shape", source, specs=[Column("y", shape=(3,))])
    gaps = {"y": ak.Array([1.0, None] * 5)}
    refused(DataError, "without missing values", source, columns=gaps, specs=[Y])
    refused(DataError, "no branch can hold", source, specs=[Column("y", "complex64")])
    refused(DataError, "no columns", source, columns={})
    with (
        AppendSink(source, source.with_name("t.root"), "events", [Y]) as sink,
        pytest.raises(DataError, match=r"columns \['z'\], expected \['y'\]"),
    ):
        sink.write({"z": np.zeros(10)})


def test_counts_that_differ(source: Path) -> None:
    hits = ak.Array([[1.0]] * 10)
    refused(DataError, "entry 0 has 0 Hit, the new columns 1", source, columns={"Hit_s": hits})
    two = {"A_x": hits, "A_y": ak.Array([[1.0, 2.0]] * 10)}
    refused(DataError, "'A_y': not as many per event", source, columns=two)
    refused(DataError, "needs a list of A", source, columns={"A_x": TEN["y"]},
            specs=[Column("A_x", per="A")])  # fmt: skip


def test_counters_that_cannot_count(source: Path) -> None:
    with uproot.recreate(source) as file:
        file.mktree("events", {"nA": "f4", "nB": ("i4", (2,))}).extend(
            {"nA": np.ones(10, np.float32), "nB": np.ones((10, 2), np.int32)}
        )
    one = ak.Array([[1.0]] * 10)
    refused(AppendRefused, "'nA' is not a plain integer", source, columns={"A_x": one})
    refused(AppendRefused, "'nB' is not one number", source, columns={"B_x": one})


def test_replacements_that_are_not_plain(source: Path) -> None:
    hits = ak.Array([[1.0]] * 10)
    refused(AppendRefused, "no branch 'z' to replace", source, replace=["z"])
    refused(AppendRefused, "refer to a branch to be replaced", source,
            columns={"nHit": np.arange(10, dtype=np.int32)}, replace=["nHit"])  # fmt: skip
    refused(AppendRefused, "'nHit' is to count and to be replaced", source,
            columns={"Hit_z": hits}, replace=["nHit", "Hit_e"])  # fmt: skip


@pytest.mark.parametrize("text", ["", "ZSTD", "ZSTD-99", "BROTLI-1", "ZLIB--1"])
def test_unknown_compression(text: str, source: Path) -> None:
    refused(OutputError, "unknown compression", source, compression=text)


def test_files_that_are_no_good(source: Path) -> None:
    whole = source.read_bytes()
    for content, words in (
        (b"", "not a ROOT file"),
        (b"PK" + whole[2:], "not a ROOT file"),
        (whole[:-1], "truncated"),
    ):
        source.write_bytes(content)
        refused(FileError, words, source)
    source.unlink()
    refused(FileError, "no such file", source)


def test_damaged_bytes(source: Path) -> None:
    """Whatever is damaged: the append works, or ends in an error of ours with nothing left."""
    whole, rng = source.read_bytes(), np.random.default_rng(11)
    target, outcomes = source.with_name("target.root"), set()
    for _ in range(12):
        damaged = bytearray(whole)
        for place in rng.integers(0, len(whole), 8):
            damaged[place] = rng.integers(256)
        source.write_bytes(damaged)
        try:
            append_branches(source, target, "events", TEN)
        except RootmlError as error:
            outcomes.add(type(error))
            assert not target.exists()
        target.unlink(missing_ok=True)
        assert list(source.parent.iterdir()) == [source]
    assert outcomes & {AppendRefused, FileError}


def test_a_file_that_was_not_closed(source: Path) -> None:
    with RootFile(source) as file:
        header = file.header
    header.free_seek = header.free_nbytes = 0
    with source.open("r+b") as stream:
        stream.write(header.pack())
    refused(AppendRefused, "not closed", source)


@pytest.mark.parametrize("sink", SINKS)
def test_destinations(sink: Any, source: Path, tmp_path: Path) -> None:
    same, hard = tmp_path / "same.root", tmp_path / "hard.root"
    same.symlink_to(source)
    hard.hardlink_to(source)
    taken = tmp_path / "taken.root"
    taken.write_text("mine")
    for target, words in (
        (source, "is the input file itself"),
        (same, "is the input file itself"),
        (hard, "is the input file itself"),
        (taken, "exists"),
        (tmp_path, "is a folder"),
        (tmp_path / "no" / "t.root", "no folder"),
        (Path("/proc/t.root"), "cannot write /proc/t.root"),
    ):
        with pytest.raises(OutputError, match=words):
            sink(source, target, "events", [Y])
    assert taken.read_text() == "mine"
    assert len(list(tmp_path.iterdir())) == 4


def test_overwriting_and_permissions(source: Path, tmp_path: Path) -> None:
    source.chmod(0o640)
    target = tmp_path / "target.root"
    target.write_text("old")
    append_branches(source, target, "events", TEN, overwrite=True)
    assert target.stat().st_mode & 0o777 == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["source.root", "target.root"]


@pytest.mark.parametrize("sink", SINKS)
def test_failure_in_the_middle(sink: Any, source: Path, tmp_path: Path) -> None:
    def fail() -> None:
        with sink(source, tmp_path / "t.root", "events", [Y]) as opened:
            opened.write({"y": np.zeros(5)})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert list(tmp_path.iterdir()) == [source]


PROGRAM = """
import sys, numpy as np
from rootml.errors import RootmlError
from rootml.rootio import AppendSink
from rootml.spec import Column
source, target = sys.argv[1:]
try:
    with AppendSink(source, target, "events", [Column("v", "float64", (1000,))]) as sink:
        while True:
            sink.write({"v": np.random.default_rng().normal(size=(500, 1000))})
            print("written", flush=True)
except RootmlError as error:
    print(type(error).__name__, error)
"""


def run_program(source: Path, target: Path, **options: Any) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", PROGRAM, str(source), str(target)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def test_killed_while_writing(tmp_path: Path, make_source: Any) -> None:
    source = make_source(tmp_path / "source.root", 1_000_000)
    process = run_program(source, tmp_path / "target.root")
    assert process.stdout is not None
    assert process.stdout.readline() == "written\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    left = [p for p in tmp_path.iterdir() if p != source]
    assert [(p.name.startswith(".target.root."), p.suffix) for p in left] == [(True, SUFFIX)]


def test_no_space_left(tmp_path: Path, make_source: Any) -> None:
    source = make_source(tmp_path / "source.root", 1_000_000)
    limit = source.stat().st_size + 10_000_000
    process = run_program(
        source,
        tmp_path / "target.root",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)),
    )
    output, _ = process.communicate(timeout=60)
    assert output.splitlines()[-1].startswith("OutputError cannot write ")
    assert list(tmp_path.iterdir()) == [source]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small file system")
def test_full_file_system(tmp_path: Path, make_source: Any) -> None:
    source = make_source(tmp_path / "source.root", 1_000_000)
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=20m", "tmpfs", str(small)], capture_output=True
    )
    if mounted.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        output, _ = run_program(source, small / "target.root").communicate(timeout=60)
        assert "no space left on device" in output.splitlines()[-1]
        assert not list(small.iterdir())
    finally:
        subprocess.run(["umount", str(small)], check=True)


def test_words_of_unknown_meaning(source: Path, monkeypatch: Any) -> None:
    """Bytes that no reader interprets and that look like references stop the append."""
    from rootml.rootio.ttree import tracing

    def forget_half(raw: bytes, keylen: int, refs: Any, covered: Any) -> None:
        covered[len(covered) // 2 :] = 0

    monkeypatch.setattr(tracing, "_cover_embedded_baskets", forget_half)
    refused(AppendRefused, "words of unknown meaning", source)
