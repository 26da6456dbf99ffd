"""``rootml tensors``: files to tensors for one's own code."""

from __future__ import annotations

import json

import h5py
import numpy as np
import pytest
import uproot
from click.testing import CliRunner

from rootml.cli import rootml
from rootml.errors import BranchError, OutputError, RegistryError, TrainingError
from rootml.training.store import read_hdf5


@pytest.fixture
def write(tracks, write_tracks, tmp_path):
    """Run the command on files of tracks; returns its output file."""
    output = tmp_path / "out.h5"

    def write(*words, files=None):
        names = map(str, files or [write_tracks("a.root", 40), write_tracks("b.root", 30)])
        words = ["tensors", *names, "-o", str(output), "--adapter", "tracks", *words]
        CliRunner().invoke(rootml, words, catch_exceptions=False, standalone_mode=False)
        return output

    return write


def test_any_hdf5_library_reads_it(write):
    with h5py.File(write("--view", "strict", "--column", "chi2")) as file:
        assert file["tensors/track"].shape[1:] == (3,)
        rows = len(file["tensors/track"])
        assert 60 < rows < 70  # tracks without hits are not judged
        assert set(file["columns"]) == {"chi2", "fit", "label"}
        assert np.array_equal(file["columns/chi2"][:], file["tensors/track"][:, 1])
        assert set(file["columns/label"][:]) == {-1, 0, 1}
        assert np.array_equal(np.unique(file["file"]), [0, 1])
        assert file["entry"][:].max() < 40
        about = json.loads(file["about"].asstr()[()])
    assert [facts["name"] for facts in about["files"]] == ["a.root", "b.root"]
    assert (about["adapter"], about["view"]) == ("tracks", "strict")


def test_no_truth_is_needed(write, tmp_path):
    path = tmp_path / "real.root"
    with uproot.recreate(path) as file:
        file.mktree("tracks", {"hits": "i4", "chi2": "f4", "fit": "f4"})
        file["tracks"].extend({name: np.arange(30) for name in ("hits", "chi2", "fit")})
    data, _ = read_hdf5(write("--view", "strict", "--max-events", "20", files=[path]))
    assert (len(data), data.skipped) == (19, 1)
    assert np.isnan(data.columns["label"]).all()
    assert (data.truth == -1).all()


def test_what_cannot_be_written(write, tmp_path):
    with pytest.raises(TrainingError, match=r"several views.*strict, gaps"):
        write()
    with pytest.raises(RegistryError, match="no view 'strikt'; did you mean 'strict'"):
        write("--view", "strikt")
    with pytest.raises(BranchError, match=r"a\.root.*no column 'chi'.*did you mean 'chi2'"):
        write("--view", "strict", "--column", "chi")
    assert not list(tmp_path.iterdir())
    before = write("--view", "strict").read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        write("--view", "gaps")
    assert (tmp_path / "out.h5").read_bytes() == before
    assert write("--view", "gaps", "--overwrite").read_bytes() != before
    assert [path.name for path in tmp_path.iterdir()] == ["out.h5"]
