from __future__ import annotations

import threading
import time

import numpy as np
import pytest
import torch

from rootml.training.data import DataSet
from rootml.training.feed import AHEAD, Batches, fresh


def numbered(count: int) -> DataSet:
    """Rows that hold their own number."""
    numbers = np.arange(count)
    return DataSet({"x": numbers.astype(np.float32)}, numbers % 2, numbers, numbers, ("a",))


@pytest.mark.parametrize("count", [1, 7, 10, 25])
def test_no_row_comes_again_before_all_have_come(count):
    rows = np.arange(100, 110)
    drawn = [fresh(rows, count, epoch, seed=3) for epoch in range(20)]
    assert {len(epoch) for epoch in drawn} == {count}
    walks = np.concatenate(drawn)
    for begin in range(0, len(walks) - 9, 10):
        assert sorted(walks[begin : begin + 10]) == list(rows)
    assert not np.array_equal(walks[:10], walks[10:20])
    assert np.array_equal(drawn[3], fresh(rows, count, 3, seed=3))
    assert not np.array_equal(walks[:20], np.concatenate([fresh(rows, 10, e, 4) for e in (0, 1)]))


def test_batches_hold_all_rows_once_and_none_is_tiny():
    rows = np.random.default_rng(1).permutation(129)
    batches = Batches(numbered(129), rows, 64)
    sizes = [len(truth) for _, truth, _ in batches]
    assert sizes == [43, 43, 43]
    assert len(batches) == 3
    for (tensors, truth, weight), part in zip(batches, np.split(rows, 3), strict=True):
        assert tensors["x"].tolist() == sorted(part)
        assert torch.equal(truth, tensors["x"] % 2)
        assert torch.equal(weight, torch.ones(43))


def test_batches_are_read_while_others_are_computed_on():
    started = []

    def slow(tensors):
        started.append(threading.current_thread().name)
        time.sleep(0.1)
        return tensors

    batches = iter(feed := Batches(numbered(100), np.arange(100), 10, slow))
    next(batches)
    time.sleep(0.1 * (AHEAD + 2))
    assert len(started) == AHEAD + 1
    assert threading.main_thread().name not in started
    before = feed.waited
    next(batches)
    assert feed.waited - before < 0.02 < before
    batches.close()
    assert len(started) <= AHEAD + 3


def test_what_fails_in_reading_is_raised():
    def fails(tensors):
        raise ValueError("no such thing")

    with pytest.raises(ValueError, match="no such thing"):
        list(Batches(numbered(10), np.arange(10), 5, fails))


def test_no_batch_has_a_single_row():
    for count in range(2, 12):
        sizes = [len(rows) for rows in Batches(numbered(count), np.arange(count), 2).parts]
        assert min(sizes) >= 2
        assert sum(sizes) == count
