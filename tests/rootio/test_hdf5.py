"""Groups of HDF5 files are read as trees are."""

from __future__ import annotations

import numpy as np
import pytest

from rootml.errors import FileError, TreeError
from rootml.rootio.events.kinds import list_trees, open_events, open_trees

h5py = pytest.importorskip("h5py")


@pytest.fixture
def path(tmp_path):
    """Numbers, images, lists and texts, of three entries; a group whose lengths differ."""
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["run"] = np.arange(5)
        file["deep/train/number"] = np.array([1.5, 2.5, 3.5])
        file["deep/train/half"] = np.ones((3, 2, 2), np.float16)
        lists = file.create_dataset("deep/train/lists", 3, h5py.vlen_dtype("i4"))
        lists[0], lists[2] = [1, 2], [3]
        file["deep/train/text"] = ["a", "b", "c"]
        file["torn/one"], file["torn/other"] = np.ones(3), np.ones(2)
        file["words/text"] = ["a"]
    return tmp_path / "a.h5"


def test_groups_with_numbers_are_trees(path):
    with open_trees(path) as file:
        assert list_trees(file) == ["/", "deep/train", "torn"]
        assert open_events(file, "/").num_entries == 5


def test_datasets_are_branches(path):
    with open_trees(path) as file:
        events = open_events(file, "deep/train")
        assert set(events.names.paths) == {"number", "half", "lists"}
        read = events.read(["number", "half", "lists"], 1, 3)
        assert read["number"].tolist() == [2.5, 3.5]
        assert str(read["half"].type) == "2 * 2 * 2 * float32"
        assert read["lists"].tolist() == [[], [3]]
        assert events.describe("lists") == ("int32[]", "")
        assert events.describe("half") == ("float16[2][2]", "")


def test_nothing_is_read_before_it_is_touched(path):
    with open_trees(path) as file:
        array, _ = open_events(file, "deep/train").lazy()
        assert array["lists"].tolist() == [[1, 2], [], [3]]
    with open_trees(path) as file:
        array, _ = open_events(file, "deep/train").lazy()
    with pytest.raises(FileError, match=r"tree 'deep/train', branch 'number': cannot be read"):
        array["number"].tolist()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("torn", "group 'torn': 2 rows in 'other', 3 in 'one': expected one for each entry"),
        ("deep/trian", "no group 'deep/trian' with datasets; did you mean 'deep/train'?"),
    ],
)
def test_groups_that_cannot_be_read(path, name, told):
    with open_trees(path) as file, pytest.raises(TreeError) as error:
        open_events(file, name)
    assert told in str(error.value)


def test_damaged_files_are_refused(path):
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(FileError, match=r"a\.h5: cannot be read"):
        open_trees(path)
