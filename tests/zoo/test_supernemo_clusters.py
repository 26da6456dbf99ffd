"""Networks that part hits of SuperNEMO into tracks: what they do not depend on, their files."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
import torch

from rootml.registry import get_adapter
from rootml.training.export import export, round_weights
from rootml.training.objective import Deployed
from rootml_zoo.nets.supernemo_hits import SCALES, mirror
from rootml_zoo.recipes.supernemo_clusters import RECIPES, TRACKS

ADAPTER = get_adapter("supernemo")
pytestmark = pytest.mark.usefixtures("one_thread")
VIEW = ADAPTER.views["hits"]


@pytest.fixture(scope="module")
def one_thread():
    """Torch on one thread: small networks are slower on more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def events():
    """Tensors of the view and the true track of each hit, NaN where there is none."""
    made = ADAPTER.simulate(16, np.random.default_rng(1), tracks="1:4", conditions="detector")
    columns = ADAPTER.layouts[0]
    wanted = (*VIEW.columns, "truth_track")
    batch = VIEW.build(columns.decode(_raw(made, columns), wanted, {}))
    truth = np.full(batch.tensors["hits_mask"].shape, np.nan, np.float32)
    truth[batch.tensors["hits_mask"]] = np.concatenate(made.truth_track[batch.each].to_list())
    return {name: torch.from_numpy(t) for name, t in batch.tensors.items()}, torch.from_numpy(truth)


def _raw(made, layout):
    """Simulated events under the names by which the layout decodes them."""
    import awkward as ak

    found = {
        key: made[name]
        for key, branch in layout.branches.items()
        for name in branch.names[:1]
        if name in made.fields
    }
    return ak.zip(found, depth_limit=1)


each_network = pytest.mark.parametrize(
    "network", [pytest.param(recipe.learner.build, id=recipe.name) for recipe in RECIPES]
)


def test_features_are_those_of_the_view():
    assert VIEW.tensors[0].columns == tuple(SCALES)


@each_network
def test_what_is_not_there_and_the_order_of_hits_do_not_matter(network, events):
    """Neither numbers behind the last hit, nor other events, nor the order of hits and events."""
    hits, mask = events[0].values()
    net = network(VIEW).eval()
    with torch.inference_mode():
        raw = net(hits, mask)
        assert raw.shape == (*mask.shape, 1 + TRACKS)
        drawn = torch.rand(mask.shape, generator=torch.Generator().manual_seed(2))
        order = (drawn + 2 * ~mask).argsort(dim=1)
        junk = torch.where(mask.unsqueeze(2), hits, 1.0)
        mixed = junk.take_along_dim(order.unsqueeze(2), dim=1)
        turned = net(mixed.flip(0), mask.flip(0)).flip(0)
        alone = net(hits[:1], mask[:1])
    expected = raw.take_along_dim(order.unsqueeze(2), dim=1)
    torch.testing.assert_close(turned[mask], expected[mask], **CLOSE)
    torch.testing.assert_close(alone[0][mask[0]], raw[0][mask[0]], **CLOSE)


CLOSE = {"rtol": 1e-3, "atol": 1e-4}


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_networks_learn(recipe, events):
    """A few steps on the same events make the loss, the network's own included, less."""
    tensors, truth = events
    with torch.random.fork_rng():
        torch.manual_seed(0)
        net = recipe.learner.build(VIEW)
        optimiser = torch.optim.Adam(net.parameters(), 3e-3)
        losses = []
        for _ in range(8):
            raw, own = net(*tensors.values()), torch.zeros(1)
            if hasattr(net, "with_loss"):
                raw, own = net.with_loss(truth, *tensors.values())
                assert own.shape == (len(truth),)
            losses.append(recipe.task.loss.rows(raw, truth).mean())
            optimiser.zero_grad()
            (losses[-1] + own.mean()).backward()
            optimiser.step()
    assert losses[-1] < 0.9 * losses[0]


def test_the_exported_network_gives_the_same(events, tmp_path):
    """With any number of events, of any length; it fits into half a megabyte."""
    recipe = RECIPES[0]
    net = recipe.learner.build(VIEW).eval()
    round_weights(net)
    loss = recipe.task.loss
    whole = Deployed(net, lambda raw, _: loss.estimates(raw)).eval()
    path = tmp_path / "net.onnx"
    export(whole, VIEW.tensors, ["label", "probability"], path)
    assert path.stat().st_size < 500_000
    session = onnxruntime.InferenceSession(path)
    for rows in (1, 16):
        tensors = {name: tensor[:rows] for name, tensor in events[0].items()}
        with torch.inference_mode():
            expected = whole(*tensors.values())
        found = session.run(None, {name: tensor.numpy() for name, tensor in tensors.items()})
        mask = tensors["hits_mask"].numpy()
        np.testing.assert_array_equal(found[0][mask], expected[0].numpy()[mask])
        np.testing.assert_allclose(found[1][mask], expected[1].numpy()[mask], atol=1e-5)


def test_events_are_turned_over(events):
    """Cells and places stay those of the same hits; each of the eight images comes."""
    tensors, _ = events
    hits, mask = tensors["hits"][:1].repeat(100, 1, 1), tensors["hits_mask"][:1].repeat(100, 1)
    turned = mirror({"hits": hits, "hits_mask": mask}, torch.Generator().manual_seed(1))["hits"]
    named = dict(zip(SCALES, turned.unbind(2), strict=True))
    assert (turned[~mask] == 0).all()
    torch.testing.assert_close(named["y"][mask], (named["row"][mask] - 56) * 44)
    sign = 2 * named["side"][mask] - 1
    torch.testing.assert_close(named["x"][mask], sign * (53 + 44 * named["layer"][mask]))
    assert len({tuple(event[0].tolist()) for event in turned}) == 8
