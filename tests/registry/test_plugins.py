"""Adapters and recipes of installed packages."""

from __future__ import annotations

import sys

import pytest

from rootml.adapter import Adapter, Reference, Truth
from rootml.card import ModelCard, Network, Output, Training
from rootml.declared.schema import Declaration
from rootml.errors import RegistryError
from rootml.plugins import adapter_of
from rootml.registry import get_adapter, get_recipe, list_adapters, list_recipes

pytestmark = pytest.mark.usefixtures("toylab", "own_places")


def test_adapter_of_a_stranger_is_found_and_imported_only_when_asked_for():
    assert "toylab" in list_adapters()
    assert "toylab" not in sys.modules
    assert get_adapter("toylab").title == "Toy laboratory"
    assert "toylab" in sys.modules


def test_unknown_adapter_names_the_nearest():
    with pytest.raises(
        RegistryError, match=r"no adapter is called 'toylib'; did you mean 'toylab'"
    ):
        get_adapter("toylib")


def test_two_packages_claiming_an_adapter_are_both_named(install):
    install("rival", "[rootml.adapters]\ntoylab = rival:ADAPTER\n")
    assert list_adapters().count("toylab") == 1
    with pytest.raises(RegistryError, match=r"(?s)rival 1\.0.*and by toylab 1\.0"):
        get_adapter("toylab")


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("import not_there_at_all", "ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("1 / 0", "ZeroDivisionError"),
        ("", "has no attribute 'ADAPTER'"),
        ("ADAPTER = 3", "holds a value of type int, not a rootml.adapter.Adapter"),
        ("from toylab import ADAPTER", "holds an adapter named 'toylab'"),
    ],
)
def test_broken_adapter_is_listed_and_spoils_no_other(install, code, message):
    install("broken", "[rootml.adapters]\nbroken = broken:ADAPTER\n", code)
    assert "broken" in list_adapters()
    with pytest.raises(RegistryError, match=r"adapter 'broken': broken 1\.0") as caught:
        get_adapter("broken")
    assert message in str(caught.value)
    assert get_adapter("toylab").name == "toylab"


def test_recipe_is_found_by_name():
    assert "toylab.recipes" not in sys.modules
    assert "toy" in list_recipes()
    assert get_recipe("toy") is sys.modules["toylab.recipes"].RECIPES["toy"]


def test_unknown_recipe_names_the_nearest_and_the_broken_packages(install):
    install("broken", "[rootml.recipes]\nmine = broken:RECIPES\n", "1 / 0")
    with pytest.raises(RegistryError, match=r"(?s)'toyy'; did you mean 'toy'.*ZeroDivisionError"):
        get_recipe("toyy")


def test_two_packages_claiming_a_recipe_are_both_named(install):
    install("rival", "[rootml.recipes]\nmine = rival:RECIPES\n", "RECIPES = {'toy': 1}")
    with pytest.raises(RegistryError, match=r"(?s)recipe 'toy' is claimed by rival.*and by toylab"):
        get_recipe("toy")


@pytest.mark.parametrize(("label", "kept"), [("kind", "shape"), ("species", "mass")])
def test_references_follow_the_label(label, kept):
    """One of no label of its own separates the adapter's classes, also where a card names them."""
    references = Reference("shape", "shape"), Reference("mass", "mass", separates="species")
    truth = Truth(label="kind", classes=("a", "b"))
    adapter = Adapter("toy", "Toy", (), {}, "none", truth=truth, references=references)
    found = adapter.labelled(label, ("a", "b"))
    assert found.truth.label == label
    assert [one.column for one in found.references] == [kept]


def test_a_label_of_its_own_is_that_of_a_declared_adapter_too():
    classes = "pion", "kaon"
    card = ModelCard(
        name="net",
        version="1.0",
        adapter=Declaration.model_validate({"tensors": {"x": ["px"]}}),
        network=Network(file="net.onnx", sha256="0" * 64),
        outputs=(Output(name="score", role="score", estimates="species", classes=classes),),
        training=Training(data="toy"),
    )
    truth = adapter_of(card).truth
    assert (truth.label, truth.classes) == ("species", classes)
