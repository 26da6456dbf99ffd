"""Networks that give a value for each object of an event: truth with a shape, to the card."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml import tag_file
from rootml.card import ModelCard, Output
from rootml.errors import DataError, TrainingError
from rootml.registry import get_adapter
from rootml.spec import Batch
from rootml.training import Partition, Recipe, Regression, Torch, XGBoost, train
from rootml.training.cache import cached_dataset
from rootml.training.truth import packed

SUPERNEMO = get_adapter("supernemo")
pytestmark = pytest.mark.usefixtures("one_thread")
TRACK = Output(name="label", role="cluster", dtype="int32", per="hit", estimates="truth_track")
SURE = Output(name="probability", per="hit")
PARTING = Regression("truth_track", (TRACK, SURE), Partition(), select="truth_ntracks <= 4")


def network(view, taught: bool = False):
    """Each hit by itself: nothing but its side tells the track."""
    import torch

    class Sides(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(9, 3)

        def forward(self, hits, mask):
            return self.layer(hits / 1000)

    class Taught(Sides):
        def with_loss(self, truth, hits, mask):
            raw = self(hits, mask)
            return raw, raw.square().mean(dim=(1, 2)) + 0 * truth.nan_to_num().sum(dim=1)

    return Taught() if taught else Sides()


LEARNER = Torch(network, 0.05, 64, epochs=1, precision="32", device="cpu")
RECIPE = Recipe("sides", LEARNER, "supernemo", "hits", PARTING)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("hits") / "hits.root"
    SUPERNEMO.write(path, 400, np.random.default_rng(3), tracks="0:2", conditions="detector")
    return path


def test_a_network_gives_each_hit_a_track(file, tmp_path):
    """The card has the figures of groups; the tagged file a list as long as that of the hits."""
    recipe = Recipe("sides", LEARNER.with_values({"taught": True}), "supernemo", "hits", PARTING)
    card = ModelCard.read(train(recipe, [file], tmp_path / "run"))
    figures = {metric.name: metric for metric in card.metrics}
    assert {"label_right", "label_right_of_2", "label_purity", "label_rand"} <= set(figures)
    assert card.training.settings["not_judged"] > 0
    curves = (tmp_path / "run" / "checkpoints" / "version_0" / "metrics.csv").read_text()
    assert "train_own_loss" in curves.splitlines()[0]
    tag_file(file, tmp_path / "tagged.root", tmp_path / "run" / "sides.card.yaml", plots=False)
    with uproot.open(f"{tmp_path}/tagged.root:hit_tree") as tree:
        events = tree.arrays(["truth_track", "hit_sides_label", "hit_sides_probability"])
    assert ak.all(ak.num(events.hit_sides_label) == ak.num(events.truth_track))
    assert set(ak.to_numpy(ak.flatten(events.hit_sides_label))) <= {-1, 0, 1}
    assert ak.all((events.hit_sides_probability > 1 / 3) & (events.hit_sides_probability <= 1))


def test_the_truth_of_lists_is_kept_as_it_was_read(file, tmp_path):
    view = SUPERNEMO.views["hits"]
    read = [cached_dataset([file], SUPERNEMO, view, PARTING, tmp_path / "kept") for _ in range(2)]
    assert len([*(tmp_path / "kept").glob("*.h5")]) == 1
    for data in read:
        assert data.truth.shape == (len(data), view.members)
        np.testing.assert_array_equal(~np.isnan(data.truth), data.tensors["hits_mask"])
    with uproot.open(f"{file}:hit_tree") as tree:
        truth = tree["truth_track"].array()
    first = int(read[0].entry[0])
    np.testing.assert_array_equal(read[1].truth[0, : len(truth[first])], ak.to_numpy(truth[first]))


def test_lists_are_packed_up_to_what_a_row_holds():
    values = ak.Array([[0, 1, -1], [], [None, 2], [5, 5, 5, 5]])
    found = packed(values, Batch({}, members=np.array([3, 0, 2, 4])), 3, "track")
    nan = np.nan
    np.testing.assert_array_equal(
        found, np.array([[0, 1, -1], [nan] * 3, [nan, 2, nan], [nan] * 3], np.float32)
    )


def test_arrays_keep_their_shape_and_type():
    values = ak.from_numpy(np.ones((5, 2, 3), np.uint8), regulararray=True)
    found = packed(values, Batch({}), 0, "cells")
    assert (found.shape, found.dtype) == ((5, 2, 3), np.uint8)


def test_arrays_that_are_not_there_are_not_known():
    values = ak.mask(ak.from_numpy(np.ones((2, 2), np.uint8), regulararray=True), [True, False])
    np.testing.assert_array_equal(packed(values, Batch({}), 0, "cells"), [[1, 1], [np.nan] * 2])


@pytest.mark.parametrize(
    ("values", "members", "message"),
    [
        ([[1, 2], [3]], np.array([2, 2]), "1 values for 2 objects"),
        ([[[1], [2]], [[3]]], np.array([2, 1]), "one value an object"),
        ([[1, 2], [3]], None, "or an array of a fixed shape"),
    ],
)
def test_lists_that_do_not_fit_are_refused(values, members, message):
    with pytest.raises(DataError, match=message):
        packed(ak.Array(values), Batch({}, members=members), 4, "track")


def test_trees_take_no_lists(file, tmp_path):
    task = Regression("truth_track", (TRACK,))
    recipe = Recipe("trees", XGBoost(), "supernemo", "hits", task)
    with pytest.raises(TrainingError, match="XGBoost takes one true number a row"):
        train(recipe, [file], tmp_path / "run")


def test_a_loss_of_single_numbers_is_refused(file, tmp_path):
    recipe = Recipe("sides", LEARNER, "supernemo", "hits", Regression("truth_track", (TRACK,)))
    with pytest.raises(TrainingError, match="of one true number a row"):
        train(recipe, [file], tmp_path / "run")
