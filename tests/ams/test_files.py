"""Writing simulated files."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import uproot

from rootml.errors import DataError, LayoutError, OutputError


@pytest.fixture
def rng():
    return np.random.default_rng(2)


def test_a_file_is_written_in_steps(adapter, tmp_path, rng):
    done = []
    write = replace(adapter.write, step=20)
    write(tmp_path / "ams.root", 50, rng, progress=done.append, electron_fraction=1.0)
    assert done == [20, 40, 50]
    with uproot.open(tmp_path / "ams.root") as file:
        tree = file["t1"]
        assert tree.num_entries == 50
        assert tree["edep_cell"].typename == "float[1296]"
        assert tree["EcalEMlhd"].typename == "float[1]"
        assert (tree["truth_label"].array(library="np") == 1).all()


def test_nothing_is_left_behind(adapter, tmp_path, rng):
    with pytest.raises(LayoutError, match="did you mean 'sparse'"):
        adapter.write(tmp_path / "ams.root", 5, rng, layout="spars")
    with pytest.raises(DataError, match="low < high"):
        adapter.write(tmp_path / "ams.root", 5, rng, energy=(300.0, 200.0))
    assert list(tmp_path.iterdir()) == []


def test_a_file_stays_until_the_new_one_is_complete(adapter, tmp_path, rng):
    path = tmp_path / "ams.root"
    path.write_bytes(b"precious")

    def interrupt(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        adapter.write(path, 5, rng, progress=interrupt)
    assert path.read_bytes() == b"precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there(adapter, tmp_path, rng):
    with pytest.raises(OutputError, match="no folder"):
        adapter.write(tmp_path / "none" / "ams.root", 5, rng)
