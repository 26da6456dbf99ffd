"""Models: where cards are found, and what is refused."""

from __future__ import annotations

import hashlib
import pickle
import shutil

import numpy as np
import pytest

import rootml
from rootml.errors import CardError, IntegrityError, RegistryError
from rootml.registry import find_card, list_models, load

pytestmark = pytest.mark.usefixtures("toylab")

DOMAIN = {"name": "totl", "low": 0, "high": 1, "edges": [0, 1], "fractions": [1]}


def entry(name):
    (found,) = [entry for entry in list_models() if entry.name == name]
    return found


def test_model_of_a_package(install, own_places, write_model):
    code = "from pathlib import Path\nCARDS = Path(__file__).parent / 'cards'"
    package = install("lab", "[rootml.models]\nlab = lab:CARDS\n", code)
    card = write_model(package / "cards", "toy_lab")
    located = find_card("toy_lab")
    assert located.path == card
    assert located.origin == "lab 1.0 (entry point lab = lab:CARDS)"
    assert rootml.load("toy_lab")({"cells": np.ones((3, 6), "f4")})["score"].shape == (3,)


def test_model_of_the_user_folder(own_places, write_model):
    write_model(own_places / "rootml/models", "toy_user")
    assert find_card("toy_user").origin == "user folder"
    assert entry("toy_user").card.adapter == "toylab"


def test_model_of_the_path_variable(own_places, write_model, tmp_path, monkeypatch):
    write_model(tmp_path / "a", "toy_a")
    write_model(tmp_path / "b", "toy_b")
    monkeypatch.setenv("ROOTML_PATH", f"{tmp_path / 'a'}:{tmp_path / 'b'}:{tmp_path / 'c'}")
    assert find_card("toy_a").origin == find_card("toy_b").origin == "ROOTML_PATH"
    missing = entry(str(tmp_path / "c"))
    assert "not a folder" in missing.problem
    with pytest.raises(RegistryError, match=r"(?s)no model is called 'toy_c'.*not a folder"):
        load("toy_c")


def test_model_by_path(own_places, write_model, monkeypatch):
    card = write_model()
    monkeypatch.chdir(card.parent)
    for reference in (card, str(card), "./toy.card.yaml", "toy.card.yaml", "toy.onnx"):
        assert load(reference).card.name == "toy"


def test_no_place_has_precedence(own_places, write_model, tmp_path, monkeypatch):
    first = write_model(own_places / "rootml/models")
    second = write_model(tmp_path / "other", title="another")
    monkeypatch.setenv("ROOTML_PATH", str(tmp_path / "other"))
    with pytest.raises(RegistryError, match=r"model 'toy@1\.0' is claimed by") as caught:
        load("toy")
    assert str(first) in str(caught.value)
    assert str(second) in str(caught.value)
    assert [bool(e.problem) for e in list_models() if e.name == "toy"] == [True, True]
    assert load(first).card.name == "toy"


def test_two_claims_without_a_network_are_a_problem_of_their_own(
    own_places, write_model, tmp_path, monkeypatch
):
    """A network that is elsewhere is no failure; that nobody can tell which one is meant, is."""
    for folder, title in ((own_places / "rootml/models", "one"), (tmp_path / "other", "another")):
        write_model(folder, title=title).with_name("toy.onnx").unlink()
    monkeypatch.setenv("ROOTML_PATH", str(tmp_path / "other"))
    claims = [entry for entry in list_models() if entry.name == "toy"]
    assert [entry.absent for entry in claims] == [False, False]
    assert all("is claimed by" in entry.problem for entry in claims)


def test_a_folder_reached_twice_is_one_place(own_places, write_model, monkeypatch):
    card = write_model(own_places / "rootml/models")
    monkeypatch.setenv("ROOTML_PATH", f"{card.parent}:{card.parent / '..' / 'models'}")
    assert find_card("toy").card.name == "toy"


def test_typo_names_the_nearest(own_places, write_model):
    write_model(own_places / "rootml/models", "toy_user")
    with pytest.raises(RegistryError, match="did you mean 'toy_user'"):
        load("toy_usre")


def test_copies_of_one_card_are_one_model(own_places, write_model, tmp_path, monkeypatch):
    write_model(own_places / "rootml/models")
    write_model(tmp_path / "copy")
    monkeypatch.setenv("ROOTML_PATH", str(tmp_path / "copy"))
    assert load("toy").card.name == "toy"
    assert entry("toy").problem == ""


def test_copies_with_different_adapters_are_two_models(
    own_places, write_model, tmp_path, monkeypatch
):
    for folder, last in (("a", "x"), ("b", "y")):
        write_model(tmp_path / folder, adapter="toy.adapter.yaml", view="declared")
        declared = f"tensors: {{cells: [a, b, c, d, e, {last}]}}"
        (tmp_path / folder / "toy.adapter.yaml").write_text(declared)
    monkeypatch.setenv("ROOTML_PATH", f"{tmp_path / 'a'}:{tmp_path / 'b'}")
    with pytest.raises(RegistryError, match="is claimed by"):
        load("toy")


@pytest.fixture
def versions(own_places, write_model, monkeypatch, tmp_path):
    """Versions 1.2, 1.9 and 1.10 of the toy, in the versioned layout, as on a read-only tree."""
    for version in ("1.9", "1.10", "1.2"):
        write_model(tmp_path / "tree/toy" / version, version=version)
    (tmp_path / "tree/toy/latest").symlink_to("1.10")
    monkeypatch.setenv("ROOTML_PATH", str(tmp_path / "tree"))
    return tmp_path / "tree/toy"


def test_the_bare_name_is_the_highest_version(versions):
    assert load("toy").card.version == "1.10"
    assert [entry.card.version for entry in list_models() if entry.name == "toy"] == [
        "1.2",
        "1.9",
        "1.10",
    ]


def test_a_model_knows_where_it_is_from_wherever_it_goes(versions):
    model = pickle.loads(pickle.dumps(load("toy@1.9")))
    assert model.origin == "ROOTML_PATH"
    text = (versions / "1.9/toy.card.yaml").read_bytes()
    assert model.card_sha256 == hashlib.sha256(text).hexdigest()


def test_an_exact_version(versions):
    assert load("toy@1.2").card.version == "1.2"
    assert find_card("toy@1.2.0").path == versions / "1.2/toy.card.yaml"
    with pytest.raises(RegistryError, match=r"no version 1\.3 \(installed: 1\.2, 1\.9, 1\.10\)"):
        load("toy@1.3")
    with pytest.raises(RegistryError, match="'' is no version"):
        load("toy@")
    with pytest.raises(RegistryError, match="no model is called 'tyo'; did you mean 'toy'"):
        load("tyo@1.2")


def test_a_broken_version_hides_behind_no_other(versions):
    card = versions / "1.10/toy.card.yaml"
    card.write_text(card.read_text() + "versoin: 2\n")
    assert load("toy@1.9").card.version == "1.9"
    with pytest.raises(CardError, match=r"1\.10/toy\.card\.yaml: .*'versoin'"):
        load("toy")


def test_broken_card_is_listed_and_spoils_no_other(own_places, write_model):
    good = write_model(own_places / "rootml/models")
    good.with_name("bad.card.yaml").write_text("name: bad\nversoin: 1\n")
    good.with_name("renamed.card.yaml").write_text(good.read_text())
    assert entry("toy").problem == ""
    assert "versoin" in entry("bad").problem
    assert "should be called toy.card.yaml" in entry("renamed").problem
    assert load("toy").card.name == "toy"
    with pytest.raises(CardError, match=r"bad\.card\.yaml: .*versoin"):
        load("bad")


def test_card_that_would_exhaust_its_reader(own_places, write_model):
    card = write_model()
    card.write_text("name: " + "[" * 5000)
    with pytest.raises(CardError, match="not valid YAML"):
        load(card)
    laughs = [f"&a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 10)]
    card.write_text(f"name: [{', '.join(['&a0 [ha]', *laughs])}]")
    with pytest.raises(CardError, match="name: Input should be a valid string"):
        load(card)


def test_a_tree_that_is_read_is_not_written(versions, cache):
    before = sorted((path, path.stat().st_mtime_ns) for path in versions.rglob("*"))
    load("toy")
    list_models()
    assert sorted((path, path.stat().st_mtime_ns) for path in versions.rglob("*")) == before
    assert not cache.exists()


def test_broken_package_of_models_is_listed(install, own_places):
    install("lab", "[rootml.models]\nlab = lab:CARDS\n", "CARDS = 3")
    assert "holds no folder of cards: 3" in entry("lab").problem
    with pytest.raises(
        RegistryError, match=r"(?s)no model is called 'toy_lab'.*no folder of cards"
    ):
        load("toy_lab")


def test_altered_network_is_refused_at_every_load(own_places, write_model):
    card = write_model()
    network = card.with_name("toy.onnx")
    model = load(card)
    data = bytearray(network.read_bytes())
    data[-1] ^= 1
    network.write_bytes(data)
    with pytest.raises(
        IntegrityError, match=r"(?s)toy\.onnx.*expected: [0-9a-f]{64}.*found: "
    ) as e:
        load(card)
    assert model.card.network.sha256 in str(e.value)


def test_network_without_its_card(own_places, write_model):
    card = write_model()
    stranger = shutil.copy(card.with_name("toy.onnx"), card.with_name("other.onnx"))
    with pytest.raises(CardError, match="a network without a card"):
        load(stranger)
    shutil.copy(card, card.with_name("other.card.yaml"))
    with pytest.raises(CardError, match=r"the card beside other\.onnx is that of toy\.onnx"):
        load(stranger)


def test_folder_instead_of_a_card(own_places, write_model):
    card = write_model()
    with pytest.raises(CardError, match="a folder, not a card") as caught:
        load(card.parent)
    assert str(card) in str(caught.value)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"adapter": "toylib"}, RegistryError, "no adapter is called 'toylib'; did you mean"),
        ({"view": "cell"}, CardError, "has no view 'cell'; did you mean 'cells'"),
        ({"network": {"inputs": {"cels": "x"}}}, CardError, "'cels', which the view 'cells' does"),
        ({"domain": [DOMAIN]}, CardError, "domain of 'totl'.*did you mean 'total'"),
    ],
)
def test_card_that_does_not_fit_its_adapter(own_places, write_model, changes, error, message):
    with pytest.raises(error, match=message):
        load(write_model(**changes))
