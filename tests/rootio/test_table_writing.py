"""HDF5 files of simulations: what is written is read back."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.errors import OutputError
from rootml.registry import get_adapter
from rootml.rootio.events.tables import Hdf5File
from rootml.rootio.source import open_source
from rootml.rootio.table_writing import write_table

pytest.importorskip("h5py")
NUMBERS = st.integers(1, 2**31 - 1)
PARTS = st.lists(st.lists(st.lists(NUMBERS, max_size=20), max_size=5), min_size=1, max_size=4)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("tables")


def branches(part):
    """Lists, the same in a record with others of another type, and numbers, images and integers."""
    lists = ak.values_astype(ak.Array([[], *part])[1:], np.int32)
    return {
        "lists": lists,
        "tracks": ak.zip({"number": lists, "half": ak.values_astype(lists / 2, np.float32)}),
        "count": ak.to_numpy(ak.num(lists)),
        "image": np.arange(6.0).reshape(2, 3) * np.arange(len(part))[:, None, None],
    }


@settings(deadline=None, max_examples=40)
@given(parts=PARTS)
def test_lists_come_back_with_zeros_behind_them(folder, parts):
    path = folder / "file.h5"
    write_table(path, "train", map(branches, parts))
    every = [row for part in parts for row in part]
    width = max(map(len, every), default=0)
    with Hdf5File(str(path)) as file:
        found = file.open("train").read(
            ["lists", "tracks_number", "tracks_half", "count", "image"], 0, len(every)
        )
    padded = np.array([row + [0] * (width - len(row)) for row in every]).reshape(len(every), width)
    for name in ("lists", "tracks_number"):
        assert np.array_equal(ak.to_numpy(found[name]), padded)
    assert np.array_equal(ak.to_numpy(found["tracks_half"]), (padded / 2).astype("f4"))
    assert ak.to_list(found["count"]) == [len(row) for row in every]
    images = [branches(part)["image"] for part in parts]
    assert np.array_equal(ak.to_numpy(found["image"]), np.concatenate(images))


@pytest.mark.parametrize("sample", ["zee", "zmumugamma"])
def test_simulated_electrons_are_the_same_in_root_and_hdf5(tmp_path, sample):
    atlas = get_adapter("atlas")
    tensors = {}
    for suffix in (".root", ".h5"):
        path = tmp_path / f"electrons{suffix}"
        atlas.write(path, 40, np.random.default_rng(3), sample=sample)
        view = atlas.views["electron_times"]
        more = ("event", "truth_energy", "phi")
        with open_source(path, [atlas]) as source:
            columns = source.read((*view.columns, *more), 0, source.num_entries)
        tensors[suffix] = view.build(columns).tensors | {
            name: ak.to_numpy(columns[name]) for name in more
        }
    assert all(len(values) == 40 for values in tensors[".h5"].values())
    for name, values in tensors[".root"].items():
        np.testing.assert_array_equal(tensors[".h5"][name], values, err_msg=name)


def test_other_simulations_are_written_to_root_files(tmp_path):
    path = tmp_path / "events.h5"
    with pytest.raises(OutputError, match="simulated files of ams are ROOT files, not HDF5"):
        get_adapter("ams").write(path, 3, np.random.default_rng(1))
    assert not path.exists()
