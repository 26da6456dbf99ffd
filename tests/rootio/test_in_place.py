"""Appending to the user's own file: it stays that file, and nobody else may be at it."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

from rootml.errors import AppendRefused, DataError, OutputError
from rootml.rootio import AppendSink, append_branches
from rootml.rootio.container.directory import KeyList
from rootml.rootio.container.root_file import RootFile
from rootml.spec import Column

TEN = {"y": np.arange(10.0)}
Y = Column("y", "float64")
HOLD = "import sys; file = open(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@contextmanager
def held(path: Path) -> Iterator[int]:
    """Another process has the file open; gives its number."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    try:
        yield process.pid
    finally:
        process.communicate()


def test_all_of_the_file_is_there(
    source: Path, tmp_path: Path, make_columns: Any, check_append: Any, root: Any
) -> None:
    old = tmp_path / "old.root"
    shutil.copy(source, old)
    specs, values = make_columns(10, np.random.default_rng(1))
    append_branches(source, None, "events", values, specs, in_place=True, objects={"note": "n"})
    check_append(old, source, "events", values)
    append_branches(source, None, "events", {"z": TEN["y"]}, in_place=True)
    check_append(old, source, "events", values | {"z": TEN["y"]})
    assert root.text(path=source, name="note") == {"text": "n"}
    root.update(path=source, tree="events", column="mine")


def test_a_branch_is_replaced(source: Path, same_values: Any) -> None:
    for number in range(3):
        values = {"y": TEN["y"] + number}
        replace = ["y"] if number else []
        append_branches(source, None, "events", values, in_place=True, replace=replace)
        same_values(source, "events", values)


def test_links_lead_to_the_same_file(source: Path, tmp_path: Path, same_values: Any) -> None:
    soft, hard = tmp_path / "soft.root", tmp_path / "hard.root"
    soft.symlink_to(source)
    hard.hardlink_to(source)
    identity, mode = source.stat().st_ino, source.stat().st_mode
    append_branches(soft, None, "events", TEN, in_place=True)
    assert soft.is_symlink()
    for path in (source, soft, hard):
        same_values(path, "events", TEN)
        assert (path.stat().st_ino, path.stat().st_mode) == (identity, mode)


def test_the_file_keeps_its_identifier(source: Path) -> None:
    with uproot.open(source) as file:
        identifier = file.file.uuid
    append_branches(source, None, "events", TEN, in_place=True)
    with uproot.open(source) as file:
        assert file.file.uuid == identifier


def test_what_a_killed_run_left_behind_the_end_goes(source: Path, same_values: Any) -> None:
    declared = source.stat().st_size
    with source.open("ab") as file:
        file.write(b"left behind" * 100_000)
    append_branches(source, None, "events", TEN, in_place=True)
    same_values(source, "events", TEN)
    assert source.stat().st_size < declared + 100_000


def test_an_error_leaves_what_is_behind_the_end(source: Path, monkeypatch: Any) -> None:
    def fail(fd: int) -> None:
        raise OSError(errno.EIO, "disk broken")

    with source.open("ab") as file:
        file.write(b"behind" * 1000)
    before = source.read_bytes()
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OutputError, match="disk broken"):
        append_branches(source, None, "events", TEN, in_place=True)
    assert source.read_bytes() == before


def test_readers_of_this_process_do_no_harm(source: Path) -> None:
    with uproot.open(source) as file:
        doubled = (2 * file["events/x"].array(library="np") for _ in range(1))
        append_branches(source, None, "events", ({"y": y} for y in doubled), in_place=True)
    with uproot.open(source) as file:
        assert file["events/y"].array().tolist() == (2 * TEN["y"]).tolist()


def test_a_file_that_others_have_open(source: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr("rootml.rootio.container.in_place.PATIENCE", 0.2)
    before = source.read_bytes()
    with (
        held(source) as pid,
        pytest.raises(OutputError, match=rf"it is open in process {pid} \(python"),
    ):
        append_branches(source, None, "events", TEN, in_place=True)
    with AppendSink(source, None, "events", [Y], in_place=True) as sink:
        sink.write(TEN)
        with pytest.raises(OutputError, match="another process has locked it"):
            AppendSink(source, None, "events", [Y], in_place=True)
        with held(source) as pid, pytest.raises(OutputError, match=f"open in process {pid}"):
            sink.commit()
    assert source.read_bytes() == before
    append_branches(source, None, "events", TEN, in_place=True)


def test_a_file_that_others_open_for_a_moment(source: Path, same_values: Any) -> None:
    with AppendSink(source, None, "events", [Y], in_place=True) as sink, held(source) as pid:
        sink.write(TEN)
        threading.Timer(0.5, os.kill, (pid, signal.SIGTERM)).start()
        sink.commit()
    same_values(source, "events", TEN)


def test_a_file_of_others_that_cannot_be_seen(source: Path, monkeypatch: Any) -> None:
    """The kernel knows of them, even where /proc shows nobody but us."""
    ours = f"/proc/{os.getpid()}"
    everybody = Path.glob
    monkeypatch.setattr(
        Path, "glob", lambda path, pattern: [p for p in everybody(path, pattern) if str(p) == ours]
    )
    append_branches(source, None, "events", {"z": TEN["y"]}, in_place=True)
    with held(source), pytest.raises(OutputError, match="cannot be seen from here has it open"):
        append_branches(source, None, "events", TEN, in_place=True)


def test_a_file_that_others_have_changed(source: Path) -> None:
    """Whoever wrote last keeps what is there now; nothing of it is cut off."""
    with AppendSink(source, None, "events", [Y], in_place=True) as sink:
        sink.write(TEN)
        with uproot.update(source) as file:
            file["theirs"] = np.histogram([1, 2, 3], bins=3)
        with pytest.raises(OutputError, match="another process has changed it"):
            sink.commit()
    with uproot.open(source) as file:
        assert file["theirs"].values().tolist() == [1, 1, 1]
        assert file["events/x"].array().tolist() == TEN["y"].tolist()


def test_files_that_cannot_be_changed(source: Path, tmp_path: Path) -> None:
    before = source.read_bytes()
    for target, in_place in ((None, False), (source, True), (tmp_path / "t.root", True)):
        with pytest.raises(OutputError, match="either an output file or in_place=True"):
            append_branches(source, target, "events", TEN, in_place=in_place)
    with pytest.raises(OutputError, match="is the input file itself"):
        append_branches(source, source, "events", TEN, overwrite=True)
    with pytest.raises(DataError, match="9 events, but the tree has 10"):
        append_branches(source, None, "events", {"y": np.zeros(9)}, in_place=True)
    with pytest.raises(AppendRefused, match="branch or leaf 'x' already"):
        append_branches(source, None, "events", {"x": TEN["y"]}, in_place=True)
    source.chmod(0o444)
    with pytest.raises(OutputError, match="it is write-protected"):
        append_branches(source, None, "events", TEN, in_place=True)
    assert source.read_bytes() == before


def file_with_folder(path: Path, padding: int) -> int:
    """Write a file with a tree in a folder; returns where the folder's header is."""
    with uproot.recreate(path, compression=None) as file:
        file["padding"] = "x" * padding
        file.mktree("folder/events", {"x": "f8"}).extend({"x": TEN["y"]})
    with RootFile(path, writable=False) as opened:
        key = KeyList.of_path(opened, "").newest("folder")
        return key.seek + key.keylen


def test_a_header_across_two_pages(tmp_path: Path, same_values: Any) -> None:
    """Its position of the key list cannot be changed at once in place; in a copy it can."""
    path, target = tmp_path / "a.root", tmp_path / "b.root"
    position = file_with_folder(path, 1000)
    assert file_with_folder(path, 1000 + 4096 - position - 28) % 4096 == 4096 - 28
    before = path.read_bytes()
    with pytest.raises(AppendRefused, match="across two pages"):
        append_branches(path, None, "folder/events", TEN, in_place=True)
    assert path.read_bytes() == before
    append_branches(path, target, "folder/events", TEN)
    same_values(target, "folder/events", TEN)


@pytest.mark.parametrize("in_place", [False, True])
def test_the_comparison_notices_a_loss(in_place: bool, source: Path, monkeypatch: Any) -> None:
    """A histogram's byte changes: whatever else passes, the comparison does not."""
    with RootFile(source, writable=False) as file:
        key = KeyList.of_path(file, "").newest("other")
    plan = RootFile.plan

    def careless(file: RootFile) -> None:
        plan(file)
        file._steps[-1].append((key.seek + key.nbytes - 40, b"\x3f"))

    monkeypatch.setattr(RootFile, "plan", careless)
    before, target = source.read_bytes(), source.with_name("target.root")
    options = {"in_place": in_place, "compare": True, "verify": False}
    with pytest.raises(OutputError, match=r"not written, the comparison finds .* 'other'"):
        append_branches(source, None if in_place else target, "events", TEN, **options)
    assert source.read_bytes() == before
    assert list(source.parent.iterdir()) == [source]
