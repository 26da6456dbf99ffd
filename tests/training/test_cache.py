"""Data sets kept in HDF5 files."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import h5py
import numpy as np
import pytest

from rootml.errors import FileError, OutputError, RootmlWarning
from rootml.training import cache as caching
from rootml.training.cache import cached_dataset, scratch
from rootml.training.data import DataSet
from rootml.training.reading import load_dataset
from rootml.training.store import read_hdf5, write_hdf5
from rootml.training.task import Classification


@pytest.fixture
def read(toy, tmp_path):
    """The data set of files of toys, out of a cache."""

    def read(*files, folder=tmp_path / "cache", **how):
        view = toy.ADAPTER.views["image"]
        return cached_dataset(files, toy.ADAPTER, view, Classification(), folder, **how)

    return read


@pytest.fixture
def reads(monkeypatch):
    """How often files were read."""
    calls = []

    def counted(*arguments, **how):
        calls.append(arguments)
        return load_dataset(*arguments, **how)

    monkeypatch.setattr(caching, "load_dataset", counted)
    return calls


def same(one, other):
    for name in ("truth", "file", "entry"):
        assert np.array_equal(getattr(one, name), getattr(other, name))
    for name in ("tensors", "columns"):
        first, second = getattr(one, name), getattr(other, name)
        assert list(first) == list(second)
        assert all(np.array_equal(first[key], second[key], equal_nan=True) for key in first)
    return one.files == other.files and (one.skipped, one.unknown) == (other.skipped, other.unknown)


def test_a_cache_holds_what_the_files_do(read, reads, toy, write_toy, tmp_path):
    files = write_toy("a.root", 60, 1), write_toy("b.root", 40, 2)
    first, again = read(*files), read(*files)
    assert len(reads) == 1
    folder = tmp_path / "direct"
    folder.mkdir()
    view = toy.ADAPTER.views["image"]
    direct = load_dataset(files, toy.ADAPTER, view, Classification(), folder)
    assert same(first, direct)
    assert same(again, direct)
    assert isinstance(again.tensors["image"], np.memmap)
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".h5"]


def test_another_request_is_another_file(read, reads, write_toy):
    one, two = write_toy("a.root", 60, 1), write_toy("b.root", 40, 2)
    assert len(read(one, two)) == 98
    assert len(read(one)) == 59
    assert len(read(two, one)) == 98
    assert len(read(one, max_events=30)) == 29
    assert len(reads) == 4


@pytest.mark.parametrize("keep_time", [True, False])
def test_a_file_that_changed_is_read_anew(read, reads, write_toy, keep_time):
    path = write_toy("a.root", 60, 1)
    before = read(path).truth
    time_before = path.stat().st_mtime_ns
    path.write_bytes(write_toy("a.root", 60, 5).read_bytes())
    if keep_time:
        os.utime(path, ns=(time_before, time_before))
    assert not np.array_equal(read(path).truth, before)
    assert len(reads) == 2


def test_another_version_of_the_adapter_reads_anew(read, reads, toy, write_toy, monkeypatch):
    path = write_toy("a.root", 60, 1)
    read(path)
    source = caching.sources_of("toy")
    assert [file.name for file in source] == ["rootml_toy_training.py"]
    text = source[0].read_text()
    source[0].write_text(text + "\n# another decoder")
    read(path)
    source[0].write_text(text)
    assert len(reads) == 2


def cut(path):
    os.truncate(path, path.stat().st_size * 2 // 3)


def blank(path):
    size = path.stat().st_size
    with path.open("r+b") as file:
        file.truncate(size // 2)
        file.truncate(size)


def scribble(path):
    path.write_bytes(b"not a cache")


def overwrite(path):
    with h5py.File(path, "r+") as file:
        file["truth"][0] ^= 1


def exchange(path):
    with h5py.File(path, "r+") as file:
        del file["about"]
        file["about"] = '{"format": 1}'


@pytest.mark.parametrize("damage", [cut, blank, scribble, overwrite, exchange])
def test_a_damaged_cache_is_made_anew(read, reads, write_toy, tmp_path, damage):
    path = write_toy("a.root", 60, 1)
    before = read(path)
    expected = np.array(before.tensors["image"]), before.truth
    (file,) = (tmp_path / "cache").iterdir()
    damage(file)
    with pytest.warns(RootmlWarning, match=f"{file.name}.*made anew"):
        again = read(path)
    assert np.array_equal(again.tensors["image"], expected[0])
    assert np.array_equal(again.truth, expected[1])
    assert len(reads) == 2
    read(path)
    assert len(reads) == 2


def test_a_failed_reading_leaves_nothing(read, write_toy, tmp_path):
    with pytest.raises(FileError, match=r"no\.root: cannot be read"):
        read(tmp_path / "no.root")
    with pytest.raises(OutputError, match="cannot write"):
        read(write_toy(), folder=write_toy())
    bad = write_toy("bad.root", 50, image=np.full((50, 6, 8), np.inf, np.float32))
    with pytest.raises(Exception, match="infinity"):
        read(bad)
    assert not list((tmp_path / "cache").iterdir())


def test_names_that_hdf5_takes_for_paths(tmp_path):
    rng = np.random.default_rng(1)
    tensors = {name: rng.random((5, 2)) for name in ("z/x", "..", ".", "a")}
    columns = {"a/b": rng.random(5), "log(x)": np.full(5, np.nan)}
    entry = np.arange(5)
    data = DataSet(tensors, np.zeros(5), np.zeros(5, np.int32), entry, ("ä/b.root",), columns, 3, 4)
    write_hdf5(data, tmp_path / "a.h5", {"why": "µ"})
    again, about = read_hdf5(tmp_path / "a.h5")
    assert same(again, data)
    assert about == {"why": "µ"}


def test_no_rows(tmp_path):
    empty = np.empty(0)
    data = DataSet({"x": np.empty((0, 3), np.float32)}, empty, empty, empty, ("a.root",))
    write_hdf5(data, tmp_path / "a.h5", {})
    again, _ = read_hdf5(tmp_path / "a.h5")
    assert again.tensors["x"].shape == (0, 3)
    assert len(again) == 0


@pytest.fixture
def full_disk():
    """``full_disk(size)``: no file can have more bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    yield lambda size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, handler)


@pytest.mark.parametrize("size", [300_000, 1_200_000])
def test_a_disk_that_gets_full_is_said(size, full_disk, tmp_path):
    numbers = np.arange(10_000)
    data = DataSet({"x": np.ones((10_000, 25), "f4")}, numbers, numbers, numbers, ("a.root",))
    full_disk(size)
    with pytest.raises(OutputError, match=r"cannot write .*a\.h5: file too large"):
        write_hdf5(data, tmp_path / "a.h5", {})
    assert not list(tmp_path.iterdir())


def test_a_disk_without_room_is_said(monkeypatch, tmp_path):
    numbers = np.arange(10)
    data = DataSet({"x": np.ones((10, 2))}, numbers, numbers, numbers, ("a.root",))
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=2**20))
    with pytest.raises(OutputError, match=r"cannot write .*a\.h5: no space left"):
        write_hdf5(data, tmp_path / "a.h5", {})
    assert not list(tmp_path.iterdir())


KILLED = """
import sys, time
from pathlib import Path
from rootml.training.cache import scratch

with scratch(Path(sys.argv[1])) as folder:
    (folder / "image.bin").write_bytes(bytes(1000))
    print(folder.name, flush=True)
    time.sleep(60)
"""


def test_what_a_kill_leaves_is_removed_by_the_next(tmp_path):
    """A folder in use stays, as long as its process lives."""
    (tmp_path / "mine").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as out:
        left = tmp_path / out.readline().strip()
    with scratch(tmp_path) as own:
        assert {path.name for path in tmp_path.iterdir()} == {left.name, own.name, "mine"}
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (left / "image.bin").exists()
    deadline = time.monotonic() + 5
    while left.exists() and time.monotonic() < deadline:
        with scratch(tmp_path) as own:
            pass
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]
