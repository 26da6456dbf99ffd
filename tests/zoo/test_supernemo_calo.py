"""The network that points from hits at modules: what it must not look at, and how it is turned."""

from __future__ import annotations

from collections.abc import Callable

import awkward as ak
import numpy as np
import pytest
import torch
import uproot

import rootml
from rootml.registry import find_card, load
from rootml.rootio.source import open_source
from rootml.testing.samples import build
from rootml_supernemo import ADAPTER
from rootml_zoo.nets.supernemo_calo import ModulePointer, mirror

TENSORS = ("hits", "hits_mask", "modules", "modules_mask")
VIEW = ADAPTER.views["association"]


@pytest.fixture(scope="module")
def tensors() -> dict[str, torch.Tensor]:
    events = ADAPTER.simulate(60, np.random.default_rng(4), conditions="detector", tracks="1:4")
    batch = build(ADAPTER, VIEW, events)
    return {name: torch.from_numpy(tensor) for name, tensor in batch.tensors.items()}


@pytest.fixture(scope="module")
def network() -> Callable[..., torch.Tensor]:
    torch.manual_seed(3)
    made = ModulePointer(width=16).eval()

    def look(tensors: dict[str, torch.Tensor]) -> torch.Tensor:
        with torch.inference_mode():
            probabilities: torch.Tensor = made(*(tensors[name] for name in TENSORS)).softmax(dim=2)
        return probabilities

    return look


def test_it_is_small():
    assert sum(parameter.numel() for parameter in ModulePointer().parameters()) < 150_000


def test_one_logit_a_module_and_one_for_none(network, tensors):
    found = network(tensors)
    assert found.shape == (len(tensors["hits"]), 160, 17)
    absent = (~tensors["modules_mask"])[:, None] & tensors["hits_mask"][..., None]
    assert (found[..., 1:][absent] == 0).all()


def test_events_do_not_influence_each_other(network, tensors):
    alone = torch.cat(
        [network({name: part[i : i + 1] for name, part in tensors.items()}) for i in range(8)]
    )
    there = tensors["hits_mask"][:8]
    torch.testing.assert_close(alone[there], network(tensors)[:8][there], rtol=1e-4, atol=1e-5)


def test_the_order_of_lists_does_not_matter(network, tensors):
    """Hits and modules the other way round have the same probabilities, the other way round."""
    for event in range(8):
        one = {name: part[event : event + 1] for name, part in tensors.items()}
        hits, modules = (int(one[name].sum()) for name in ("hits_mask", "modules_mask"))
        turned = {name: part.clone() for name, part in one.items()}
        turned["hits"][0, :hits] = one["hits"][0, :hits].flip(0)
        turned["modules"][0, :modules] = one["modules"][0, :modules].flip(0)
        found, meant = network(turned)[0, :hits].flip(0), network(one)[0, :hits]
        torch.testing.assert_close(found[:, 0], meant[:, 0], rtol=1e-4, atol=1e-5)
        of_modules = slice(1, 1 + modules)
        torch.testing.assert_close(
            found[:, of_modules].flip(1), meant[:, of_modules], rtol=1e-4, atol=1e-5
        )


def test_what_is_unknown_is_not_looked_at(network, tensors):
    """Another x of a module without a side, another z of a hit without a height."""
    known = dict(tensors)
    known["modules"] = tensors["modules"].clone()
    known["modules"][..., 1:4] = 0
    meant = network(known)
    known["hits"] = tensors["hits"].clone()
    known["hits"][..., 5][tensors["hits"][..., 6] == 0] = 0
    there = tensors["hits_mask"]
    torch.testing.assert_close(network(known)[there], meant[there])
    assert not torch.allclose(meant[there], network(tensors)[there])


def test_events_are_turned_over_as_the_detector_is(tensors):
    """Distances between hits and modules stay; some events forget the sides of their modules."""
    turned = mirror(tensors, torch.Generator().manual_seed(2))
    assert turned.keys() == tensors.keys()
    known = turned["modules"][..., 2:3] > 0
    forgotten = (tensors["modules"][..., 2] > 0) & ~known[..., 0]
    assert 0 < forgotten.any(dim=1).float().mean() < 0.3

    def apart(one: dict[str, torch.Tensor]) -> torch.Tensor:
        return (one["hits"][:, :, None, 3:6] - one["modules"][:, None, :, 3:6]).abs()

    both = tensors["hits_mask"][:, :, None] & tensors["modules_mask"][:, None]
    both &= known[..., 0][:, None]
    torch.testing.assert_close(apart(turned)[both], apart(tensors)[both])
    assert not torch.equal(turned["hits"], tensors["hits"])
    assert not turned["hits"][~tensors["hits_mask"]].any()
    sides = turned["hits"][..., 0][tensors["hits_mask"]]
    assert torch.equal(sides * 2 - 1, turned["hits"][..., 3][tensors["hits_mask"]].sign())


def test_turned_events_are_events_of_the_detector(tensors):
    """Rows and layers still are those of the wires' places."""
    turned = mirror(tensors, torch.Generator().manual_seed(5))
    hits = turned["hits"][tensors["hits_mask"]].numpy()
    np.testing.assert_allclose(hits[:, 4], (hits[:, 2] - 56) * 44, atol=1e-3)
    np.testing.assert_allclose(np.abs(hits[:, 3]), 53 + 44 * hits[:, 1], atol=1e-3)
    assert ak.all(hits[:, 0] == (hits[:, 3] > 0))


def test_the_shipped_network_is_right_as_its_card_says():
    """On events that no training has seen, half of them with noise and losses."""
    card = find_card("calo_supernemo").card
    claimed = {metric.name: metric.value for metric in card.metrics}
    model, rng = load("calo_supernemo"), np.random.default_rng(20260101)
    counted = np.zeros(2)
    for conditions in ("clean", "detector"):
        events = ADAPTER.simulate(150, rng, conditions=conditions, tracks="1:4", kind="mixed")
        events = events[ak.num(events["grid_layer"]) > 0]
        batch = build(ADAPTER, VIEW, events)
        module = model(batch.tensors)["module"][batch.tensors["hits_mask"]]
        counted += [(module == ak.to_numpy(ak.flatten(events["truth_module"]))).sum(), len(module)]
    assert claimed["module_accuracy"] > 0.98
    assert counted[0] / counted[1] == pytest.approx(claimed["module_accuracy"], abs=0.01)
    assert "simulation" in card.training.notes


def test_a_file_of_tkevent_is_joined_with_its_calorimeter(shared, tmp_path):
    """Falaise's events: each track ends at a module that answered, and each module has a track."""
    tagged = tmp_path / "tagged.root"
    rootml.tag_file(shared("supernemo/TKEvent_Run-0.root"), tagged, "calo_supernemo", plots=False)
    tree = uproot.open(tagged)["Event"]
    found = tree["hit_calo_supernemo_module"].array()
    assert ak.count(found) == 2127
    modules = [len(event) for event in tree["Eventdata/OM_hits"].array(library="np")]
    reached = [len({place for place in event if place >= 0}) for event in found.tolist()]
    assert all(some <= all_ for some, all_ in zip(reached, modules, strict=True))
    with_hits = ak.to_numpy(ak.num(found)) > 0
    assert sum(reached) > 0.97 * np.array(modules)[with_hits].sum()
    with open_source(tagged, [ADAPTER]) as source:
        sides = source.read(["side", "calo_side"], 0, 100)
    points = found >= 0
    assert ak.all(sides["calo_side"][found[points]] == sides["side"][points])
