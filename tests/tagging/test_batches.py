"""Units of events that list their objects: each has a row and a place, whatever is cut away."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rootml.adapter import View
from rootml.spec import Batch, TensorSpec

PLACES = 5
EVENTS = st.lists(st.tuples(st.integers(0, PLACES + 2), st.booleans()), max_size=8)


def listed(events):
    """A batch of events, ``(objects, judged)`` each, and a network's output: 10 row + place."""
    members = np.array([n for n, _ in events], np.int64)
    judged = np.array([wanted and n <= PLACES for n, wanted in events], bool)
    rows = np.flatnonzero(judged)
    batch = Batch({"event": rows}, judged, members=members)
    return batch, 10 * rows[:, None] + np.arange(PLACES)


def told(batch, said):
    """What is said of each unit, None where it is not judged; counted by the event."""
    numbers = batch.of_units(said)
    assert (batch.tensors["event"][batch.row] == numbers // 10).all()
    found = np.full(len(batch.each), -1)
    found[batch.each] = numbers
    return np.split(found, np.cumsum(batch.counts)[:-1]) if len(batch.counts) else []


@given(EVENTS)
def test_members_are_units(events):
    batch, said = listed(events)
    found = told(batch.of_members(), said)
    assert [part.tolist() for part in found] == [
        [10 * i + k if judged and n <= PLACES else -1 for k in range(n)]
        for i, (n, judged) in enumerate(events)
    ]


@given(EVENTS, st.data())
def test_units_that_are_cut_away(events, data):
    batch, said = listed(events)
    members, units = batch.of_members(), int(batch.members.sum())
    keep = np.array(data.draw(st.lists(st.booleans(), min_size=units, max_size=units)), bool)
    before = np.concatenate([*told(members, said), np.empty(0, int)])

    left = members.judging(keep)
    slots = left.tensors["event"][left.row], left.slots[1]
    found = np.full(units, -1)
    found[left.each] = 10 * slots[0] + slots[1]
    np.testing.assert_array_equal(found, np.where(keep, before, -1))

    owner = np.repeat(np.arange(len(events)), members.counts)
    events_kept = np.arange(len(events)) % 2 == 0
    whole = batch.selected(events_kept, None)
    assert whole.members.tolist() == batch.members[events_kept].tolist()
    assert whole.rows == np.count_nonzero(whole.each)

    chosen = members.selected(keep, np.bincount(owner[keep], minlength=len(events)))
    assert chosen.counts.sum() == len(chosen.each) == keep.sum()
    slots = chosen.tensors["event"][chosen.row], chosen.slots[1]
    np.testing.assert_array_equal(10 * slots[0] + slots[1], before[keep & members.each])


def test_units_of_rows_of_their_own():
    batch = Batch({"x": np.array([1, 4, 5])}, np.array([1, 0, 0, 1, 1], bool), np.array([3, 2]))
    assert batch.row.tolist() == [0, 1, 2]
    left = batch.judging(np.array([0, 1, 1, 1, 1], bool))
    assert left.tensors["x"].tolist() == [4, 5]
    assert left.each.tolist() == [False, False, False, True, True]
    chosen = batch.selected(np.array([1, 1, 0, 0, 1], bool), np.array([2, 1]))
    assert chosen.tensors["x"].tolist() == [1, 5]
    assert chosen.each.tolist() == [True, False, True]
    assert batch.of_units(np.array([7, 8, 9])).tolist() == [7, 8, 9]
    assert Batch({"x": np.zeros(4)}).each.tolist() == 4 * [True]


def test_a_view_of_lists_says_where_they_end():
    hits, there, others = (
        TensorSpec("hits", (PLACES, 2)),
        *(TensorSpec(name, (PLACES,), "bool") for name in ("there", "others_there")),
    )
    assert View("v", (), (hits, there), build=Batch, members=PLACES).mask == "there"
    both = (hits, others, there)
    assert View("v", (), both, build=Batch, members=PLACES, mask="there").mask == "there"
    for tensors, found in (((hits,), "none"), (both, "others_there, there")):
        with pytest.raises(ValueError, match=rf"shape \(5,\) .*such tensors: {found}"):
            View("v", (), tensors, build=Batch, members=PLACES)
