from __future__ import annotations

import numpy as np
import pytest

from rootml.errors import BranchError, DataError, OutputError
from rootml.training.reading import load_dataset
from rootml.training.task import Classification

FRACTIONS = (0.6, 0.2, 0.2)


@pytest.fixture
def read(toy, tmp_path):
    def read(*files, **options):
        folder = tmp_path / f"cache{len(list(tmp_path.glob('cache*')))}"
        folder.mkdir()
        view = toy.ADAPTER.views["image"]
        return load_dataset(files, toy.ADAPTER, view, Classification(), folder, **options)

    return read


def test_rows_are_those_of_the_files(read, write_toy):
    data = read(write_toy("a.root", 50, 1), write_toy("b.root", 30, 2))
    assert data.tensors["image"].shape == (78, 1, 6, 8)
    assert data.skipped == 2  # the first event of either file is dark
    assert data.files == ("a.root", "b.root")
    assert data.entry.tolist() == [*range(1, 50), *range(1, 30)]
    assert np.bincount(data.file).tolist() == [49, 29]
    bright = data.tensors["image"][..., 4:].mean((1, 2, 3))
    assert bright[data.truth == 1].mean() > 1.5 * bright[data.truth == 0].mean()


def test_max_events_stops_reading(read, write_toy):
    data = read(write_toy("a.root", 50, 1), write_toy("b.root", 30, 2), max_events=60)
    assert len(data) + data.skipped == 60
    assert data.entry[data.file == 1].tolist() == list(range(1, 10))


def test_parts_are_disjoint_and_complete(read, write_toy):
    data = read(write_toy(count=3000))
    parts = data.parts(7, FRACTIONS)
    rows = np.concatenate(list(parts.values()))
    assert sorted(rows) == list(range(len(data)))
    for part, fraction in zip(parts.values(), FRACTIONS, strict=True):
        error = np.sqrt(fraction * (1 - fraction) * len(data))
        assert abs(len(part) - fraction * len(data)) < 5 * error


def test_part_of_an_event_does_not_depend_on_what_else_is_read(read, write_toy):
    first, second = write_toy("a.root", 300, 1), write_toy("b.root", 200, 2)

    def test_events(data):
        rows = data.parts(3, FRACTIONS)["test"]
        return {(data.files[data.file[row]], int(data.entry[row])) for row in rows}

    both = test_events(read(first, second))
    assert test_events(read(second, first)) == both
    assert test_events(read(second)) == {event for event in both if event[0] == "b.root"}
    assert test_events(read(first, second, max_events=350)) < both


def test_parts_follow_the_seed(read, write_toy):
    data = read(write_toy(count=300))
    same, other = data.parts(1, FRACTIONS)["test"], data.parts(2, FRACTIONS)["test"]
    assert np.array_equal(same, data.parts(1, FRACTIONS)["test"])
    assert not np.array_equal(same, other)


def test_missing_label_names_the_branch(read, write_toy):
    with pytest.raises(BranchError, match=r"toy\.root.*no branch 'truth_label'"):
        read(write_toy(truth_label=None))


def test_one_class_only(read, write_toy):
    with pytest.raises(DataError, match=r"both classes, has 0 noise, 49 signal"):
        read(write_toy(count=50, truth_label=np.ones(50, np.int32)))


def test_label_that_is_no_class(read, write_toy):
    with pytest.raises(
        DataError, match=r"toy\.root.*: truth label 'label' is 2, expected 0 \(noise"
    ):
        read(write_toy(count=50, truth_label=np.full(50, 2, np.int32)))


def test_nan_is_refused(read, write_toy):
    image = np.ones((50, 6, 8), np.float32)
    image[7, 0, 0] = np.inf
    with pytest.raises(DataError, match=r"toy\.root.*entry 7: tensor 'image'"):
        read(write_toy(count=50, image=image))


def test_no_events(read, write_toy):
    with pytest.raises(DataError, match=r"both classes, has 0 noise, 0 signal"):
        read(write_toy(count=50, image=np.zeros((50, 6, 8), np.float32)))


def test_full_disk_is_said(toy, write_toy, tmp_path):
    (tmp_path / "image.bin").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"image\.bin: cannot be written: No space"):
        load_dataset([write_toy(count=9)], toy.ADAPTER, toy.ADAPTER.views["image"], None, tmp_path)
