"""Files of an XRootD server: read, appended to, and written whole or not at all."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import FileError, OutputError
from rootml.rootio import FriendSink, append_branches, compare_files, transfer
from rootml.rootio.opening import find_files, open_file
from rootml.spec import Column


def test_reads_what_a_local_file_holds(served, sample):
    with open_file(served) as remote, open_file(sample) as local:
        there, here = (file["t"].arrays(library="np") for file in (remote, local))
    assert all(np.array_equal(there[name], here[name]) for name in ("x", "cells"))


@pytest.mark.parametrize("source", ["here", "there"])
@pytest.mark.parametrize("target", ["here", "there"])
def test_append_is_the_same_wherever_files_are(
    source, target, served, sample, xrootd, column, tmp_path
):
    append_branches(sample, expected := tmp_path / "expected.root", "t", column)
    out = xrootd.url("out.root") if target == "there" else tmp_path / "out.root"
    given = served if source == "there" else sample
    append_branches(given, out, "t", column, compare=True)
    found = (xrootd.data if target == "there" else tmp_path) / "out.root"
    with uproot.open(found) as file:
        assert np.array_equal(file["t/score"].array(library="np"), column["score"])
    difference = compare_files(expected, found)
    assert not any([difference.lost, difference.changed, difference.added])
    assert xrootd.names() == (["in.root", "out.root"] if target == "there" else ["in.root"])


def test_friend_of_a_remote_file_on_the_server(served, xrootd, column):
    with FriendSink(served, xrootd.url("f.root"), "t", [Column("score", "float32")]) as sink:
        sink.write(column)
        sink.commit()
    with open_file(xrootd.url("f.root")) as file:
        assert np.array_equal(file["t/score"].array(library="np"), column["score"])


def test_overwritten_is_read_anew(served, sample, xrootd, column):
    out = xrootd.url("out.root")
    append_branches(sample, out, "t", column)
    with open_file(out) as file:
        file["t/score"].array()
    with pytest.raises(OutputError, match=r"exists already; --overwrite"):
        append_branches(sample, out, "t", column)
    append_branches(sample, out, "t", {"other": column["score"]}, overwrite=True)
    with open_file(out) as file:
        assert file["t"].keys() == ["x", "cells", "other"]


def test_without_checksums_of_the_server(start_xrootd, sample, column, monkeypatch):
    server = start_xrootd(checksums=False)
    append_branches(sample, server.url("out.root"), "t", column)
    monkeypatch.setattr(transfer, "_write", _flip_a_byte(transfer._write))
    with pytest.raises(OutputError, match="what arrived differs"):
        append_branches(sample, server.url("other.root"), "t", column)
    assert server.names() == ["out.root"]


def test_a_flipped_byte_does_not_arrive(served, sample, xrootd, column, monkeypatch):
    monkeypatch.setattr(transfer, "_write", _flip_a_byte(transfer._write))
    with pytest.raises(OutputError, match=r"cannot write root://\S+: what arrived differs"):
        append_branches(sample, xrootd.url("out.root"), "t", column)
    assert xrootd.names() == ["in.root"]


def _flip_a_byte(write):
    def flipping(system, path, to):
        data = bytearray(path.read_bytes())
        if data:
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        write(system, path, to)
        if data:
            data[len(data) // 2] ^= 1
            path.write_bytes(data)

    return flipping


def test_a_download_that_differs_is_refused(served, tmp_path, column, monkeypatch):
    system = type(transfer.connect(served)[0])
    monkeypatch.setattr(system, "checksum", lambda self, path: ("adler32", "00000001"))
    with pytest.raises(FileError, match=r"its copy differs from it"):
        append_branches(served, tmp_path / "out.root", "t", column)
    assert not list(tmp_path.iterdir())


def test_globs_of_a_server(served, xrootd):
    (xrootd.data / "notes.txt").touch()
    assert find_files(xrootd.url("*.root")) == [served]
    with pytest.raises(rootml.errors.InputError, match="no file matches"):
        find_files(xrootd.url("no*.root"))
    (xrootd.data / "later.root").touch()
    assert find_files(xrootd.url("*.root")) == [served, xrootd.url("later.root")]


def test_what_cannot_be_read_is_said(served, sample, xrootd):
    (xrootd.data / "text.root").write_text("hello")
    (xrootd.data / "short.root").write_bytes(sample.read_bytes()[:-5000])
    (xrootd.data / "closed.root").touch(mode=0)
    for name, words in {
        "in2.root": r"in2\.root: cannot be read: .*no such file",
        "text.root": r"not a ROOT file: it begins with b'hell'",
        "short.root": r"truncated: the file ends after \d+ bytes",
        "closed.root": r"cannot be read: .*permission denied",
    }.items():
        with pytest.raises(FileError, match=words):
            open_file(xrootd.url(name))


def test_what_cannot_be_written_is_said(served, sample, xrootd, column, tmp_path):
    for target, words in {
        served: r"is the input file itself",
        xrootd.url("no/out.root"): r"cannot be written: no folder root://\S+/data/no$",
        xrootd.url("", "data"): r"is a folder",
        xrootd.url("out.root", "closed"): r"cannot write root://\S+",
        xrootd.url("out.root", "nowhere"): r"cannot write root://\S+",
    }.items():
        with pytest.raises(OutputError, match=words):
            append_branches(served, target, "t", column, overwrite=True)
    with pytest.raises(OutputError, match="cannot be changed in place"):
        append_branches(served, None, "t", column, in_place=True)
    assert xrootd.names() == ["in.root"]


def test_reads_in_steps_and_ntuples(served, sample, xrootd):
    with open_file(served) as remote, open_file(sample) as local:
        steps = list(remote["t"].iterate(["x"], step_size="10 kB"))  # asks at NumPy's integers
        assert len(steps) > 1
        assert np.array_equal(ak.concatenate(steps).x, local["t/x"].array())
    values = {"x": np.arange(5.0), "y": ak.Array([[1.0], [], [2.0, 3.0], [], [4.0]])}
    with uproot.recreate(xrootd.data / "ntuple.root") as file:
        file.mkrntuple("n", values)
    with open_file(xrootd.url("ntuple.root")) as file:
        assert ak.array_equal(file["n"].arrays().y, values["y"])


def test_the_command_tags_from_server_to_server(toy, hits, xrootd, command, monkeypatch):
    url = f"root://me:hunter2@127.0.0.1:{xrootd.port}//data/hits.root?authz=hunter2"
    (xrootd.data / "hits.root").write_bytes(hits.read_bytes())
    monkeypatch.chdir(hits.parent)
    done = command("tag", url, xrootd.url("tagged.root"), "--model", toy, "--verify", "-v")
    assert done.code == 0, done.err
    with open_file(xrootd.url("tagged.root")) as file:
        assert ak.all(np.isfinite(file["hits/toy_score"].array()))
        record = str(file["rootml_provenance"])
    pages = [path.read_text() for path in (hits.parent / "tagged_validation").glob("*.[jh][st]*")]
    assert len(pages) > 1
    assert not [text for text in (done.out, done.err, record, *pages) if "hunter2" in text]
    assert "root://***@127.0.0.1" in record
    assert not compare_files(hits, xrootd.data / "tagged.root").lost
    again = command("tag", url, xrootd.url("tagged.root"), "--model", toy)
    assert again.code == 2
    assert "exists already" in again.err


def test_annotate_takes_a_url(toy, hits, xrootd):
    (xrootd.data / "hits.root").write_bytes(hits.read_bytes())
    events = rootml.annotate(xrootd.url("hits.root") + ":hits", model=toy)
    assert ak.all(np.isfinite(events.toy_score))


def test_many_files_go_to_a_folder_that_is_made(toy, hits, xrootd, command, served):
    for name in ("a.root", "b.root"):
        (xrootd.data / name).write_bytes(hits.read_bytes())
    options = ("--model", toy, "--no-plots")
    failed = command("tag", served, xrootd.url("a.root"), "-o", xrootd.url("made"), *options)
    assert failed.code == 2
    assert [path.name for path in (xrootd.data / "made").iterdir()] == ["a.root"]
    there = (xrootd.url("[ab]*.root"), "-o", xrootd.url("other"), "--workers", 1)
    done = command("tag", *there, *options)
    assert done.code == 0, done.err
    assert sorted(path.name for path in (xrootd.data / "other").iterdir()) == ["a.root", "b.root"]
    empty = command("tag", served, served, "-o", xrootd.url("empty"), *options)
    assert empty.code == 2
    assert not (xrootd.data / "empty").exists()
