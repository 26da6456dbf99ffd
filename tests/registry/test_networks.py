"""Networks: where the file of a card is looked for."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from rootml.errors import IntegrityError, MissingNetwork
from rootml.registry import find_card, find_network, list_models, load

pytestmark = pytest.mark.usefixtures("toylab")


@pytest.fixture
def card(own_places, write_model):
    """A card of the user's folder, whose network lies in ``elsewhere``."""
    card = write_model(own_places / "rootml/models")
    elsewhere = own_places / "elsewhere"
    elsewhere.mkdir()
    card.with_name("toy.onnx").rename(elsewhere / "toy.onnx")
    return card


def entry(name):
    (found,) = [entry for entry in list_models() if entry.name == name]
    return found


def test_network_found_by_name_and_sha256(card, own_places, monkeypatch):
    monkeypatch.setenv("ROOTML_PATH", str(own_places / "elsewhere"))
    assert load("toy")({"cells": np.ones((2, 6), "f4")})["score"].shape == (2,)
    assert find_network(find_card("toy")) == own_places / "elsewhere/toy.onnx"
    assert entry("toy").network == own_places / "elsewhere/toy.onnx"


def test_network_of_a_versioned_tree(card, own_places, monkeypatch):
    tree = own_places / "tree"
    (tree / "any/2.0").mkdir(parents=True)
    shutil.copy(own_places / "elsewhere/toy.onnx", tree / "any/2.0")
    monkeypatch.setenv("ROOTML_PATH", str(tree))
    assert find_network(find_card("toy")) == tree / "any/2.0/toy.onnx"


def test_network_nowhere_says_where_it_was_looked_for(card, own_places, monkeypatch):
    other = own_places / "other"
    other.mkdir()
    (other / "toy.onnx").write_bytes(b"another network")
    monkeypatch.setenv("ROOTML_PATH", str(other))
    with pytest.raises(
        MissingNetwork, match=r"toy@1\.0: its network toy\.onnx was not found"
    ) as caught:
        load("toy")
    message = str(caught.value)
    assert f"no file {card.with_name('toy.onnx')}" in message
    assert f"cache {own_places / 'cache/rootml'}: nothing" in message
    assert f"user folder, {card.parent}: no toy.onnx" in message
    assert f"ROOTML_PATH, {other}: another toy.onnx" in message
    assert entry("toy").absent
    assert "was not found" in entry("toy").problem


def test_a_file_that_cannot_be_read_spoils_nothing(card, own_places, cache, monkeypatch):
    """Neither in the places nor in a cache that many share."""
    other = own_places / "other"
    other.mkdir()
    unreadable = Path("/proc/self/mem")  # a regular file whose first bytes nobody may read
    if not unreadable.is_file():
        pytest.skip("needs Linux's /proc")
    (other / "toy.onnx").symlink_to(unreadable)
    monkeypatch.setenv("ROOTML_PATH", str(other))
    assert "or one that cannot be read" in entry("toy").problem
    sha256 = find_card("toy").card.network.sha256
    cache.mkdir()
    (cache / sha256).symlink_to(unreadable)
    assert "a damaged copy" in entry("toy").problem
    monkeypatch.setenv("ROOTML_PATH", str(own_places / "elsewhere"))
    assert load("toy").card.name == "toy"


def test_network_that_is_no_file_is_not_opened(card):
    card.with_name("toy.onnx").symlink_to("/dev/zero")
    with pytest.raises(MissingNetwork):
        load("toy")


def test_a_link_beside_the_card_leads_where_it_likes_but_to_nothing_else(card, own_places):
    link = card.with_name("toy.onnx")
    link.symlink_to(own_places / "elsewhere/toy.onnx")
    assert load("toy").engine.path == link
    (own_places / "elsewhere/toy.onnx").write_bytes(b"secret")
    with pytest.raises(IntegrityError) as caught:
        load("toy")
    assert "secret" not in str(caught.value)
