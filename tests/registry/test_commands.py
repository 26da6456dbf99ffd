"""The commands ``rootml models`` and ``rootml adapters``."""

from __future__ import annotations

import json

import numpy as np
import pytest
import uproot
from click.testing import CliRunner

import rootml
from rootml.commands.adapters import adapters
from rootml.commands.inspect import inspect
from rootml.commands.models import models
from rootml.errors import InputError, RegistryError
from rootml.registry import get_adapter

pytestmark = pytest.mark.usefixtures("toylab", "own_places")


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def no_packages(monkeypatch):
    """No package offers models: those that are shipped take their time to check."""
    monkeypatch.setattr("rootml.sources.places.offers", lambda group: [])


@pytest.fixture
def toy(own_places, write_model):
    return write_model(own_places / "rootml/models")


def test_models_list(toy):
    toy.with_name("bad.card.yaml").write_text("nothing")
    text = run(models, "list").output
    assert "toy" in text
    assert "bad: cannot be loaded" in text
    rows = {row["name"]: row for row in json.loads(run(models, "list", "--json").output)}
    assert rows["toy"]["adapter"] == "toylab"
    assert rows["toy"]["problem"] == ""
    assert rows["bad"]["problem"]


def test_models_show(toy, write_card):
    write_card(
        toy.with_name("toy.onnx"),
        metrics=[{"name": "AUC", "value": 0.75, "interval": [0.7, 0.8], "how": "by hand"}],
        working_points=[
            {
                "name": "eff90",
                "output": "score",
                "threshold": 0.25,
                "efficiency": 0.9,
                "efficiency_error": [0.89, 0.91],
                "rejection": 12,
                "rejection_error": [10, None],
            }
        ],
    )
    text = run(models, "show", "toy").output
    for part in ("1 is signal", "AUC", "0.7 to 0.8", "score > 0.25", "above 10", str(toy.parent)):
        assert part in text
    assert json.loads(run(models, "show", toy, "--json").output)["path"] == str(toy)


def test_models_check(toy, no_packages):
    good = run(models, "check", "toy")
    assert good.exit_code == 0
    assert "batch size does not matter" in good.output
    toy.with_name("toy.onnx").write_bytes(b"swapped")
    bad = run(models, "check", "--json")
    assert bad.exit_code == 2
    assert "sha256 expected" in json.loads(bad.output)["toy@1.0"]["loads"]


def test_models_check_finds_a_logit_that_is_called_a_score(toy, write_network, write_card):
    write_card(write_network(toy.with_name("toy.onnx"), activation=("Exp",)))
    result = run(models, "check", "toy", "--json")
    assert result.exit_code == 2
    failed = {name for name, problem in json.loads(result.output)["toy"].items() if problem}
    assert failed == {"outputs_are_as_the_card_says"}


def test_adapters_list(install):
    install("broken", "[rootml.adapters]\nbroken = broken:ADAPTER\n", "1 / 0")
    text = run(adapters, "list").output
    assert "Toy laboratory" in text
    assert "broken: cannot be loaded" in text
    rows = {row["name"]: row for row in json.loads(run(adapters, "list", "--json").output)}
    assert rows["toylab"]["views"] == ["cells"]
    assert "ZeroDivisionError" in rows["broken"]["problem"]


def test_adapters_show():
    text = run(adapters, "show", "toylab").output
    for part in ("Toy laboratory", "cell_e", "GeV", "(n, 6)", "hits", "Logical columns: "):
        assert part in text
    shown = json.loads(run(adapters, "show", "toylab", "--json").output)
    assert shown["layouts"][0]["branches"]["label"]["optional"] is True
    assert shown["layouts"][0]["default_model"] == "toy"


@pytest.fixture
def alone(own_places, write_model):
    """A card without its network."""
    card = write_model(own_places / "rootml/models", "alone")
    card.with_name("alone.onnx").unlink()
    return card


def test_a_model_without_its_network_is_told_not_hidden(toy, alone, no_packages):
    listed = run(models, "list")
    assert "not on this machine" in listed.output
    assert "`rootml models verify alone` says what is missing" in listed.output
    assert "alone.onnx: not on this machine" in run(models, "show", "alone").output
    checked = run(models, "check", "--json")
    assert checked.exit_code == 0
    assert "was not found" in json.loads(checked.output)["alone@1.0"]["skipped"]
    assert run(models, "check", "alone").exit_code == 2


def test_models_verify(toy, alone, cache):
    everything = run(models, "verify")
    assert everything.exit_code == 0
    assert "alone@1.0" in everything.output
    assert run(models, "verify", "toy").exit_code == 0
    named = run(models, "verify", "alone", "--json")
    assert named.exit_code == 2
    assert "was not found" in json.loads(named.output)[0]["problem"]
    cache.mkdir()
    (cache / ("0" * 64)).write_bytes(b"damaged")
    toy.with_name("toy.onnx").write_bytes(b"swapped")
    broken = run(models, "verify", "--json")
    assert broken.exit_code == 2
    problems = {row["name"]: row["problem"] for row in json.loads(broken.output)}
    assert "sha256 expected" in problems["toy@1.0"]
    assert problems["(cache)"].startswith("damaged: delete it")


@pytest.fixture
def tagged(toy, tmp_path):
    """A file with a branch that the toy made."""
    simulated = get_adapter("toylab").simulate(20, np.random.default_rng(1))
    with uproot.recreate(tmp_path / "in.root") as file:
        file["hits"] = {name: simulated[name] for name in simulated.fields}
    rootml.tag_file(tmp_path / "in.root", tmp_path / "out.root", plots=False)
    return tmp_path / "out.root"


def test_the_models_of_a_tagged_file_are_verified(tagged, toy, write_network, write_card):
    good = run(models, "verify", "--in", tagged)
    assert good.exit_code == 0
    assert "toy_score" in good.output
    write_card(toy.with_name("toy.onnx"), title="renamed")
    (note,) = json.loads(run(models, "verify", "--in", tagged, "--json").output)
    assert note["note"] == "same network, the text of its card has changed"
    write_card(write_network(toy.with_name("toy.onnx"), weight=0.2))
    other = run(models, "verify", "--in", tagged)
    assert other.exit_code == 2
    assert "made by another network" in " ".join(other.output.split())
    elsewhere = write_card(write_network(tagged.with_name("toy.onnx")))
    assert run(models, "verify", "--in", tagged, elsewhere).exit_code == 0
    toy.unlink()
    gone = json.loads(run(models, "verify", "--in", tagged, "--json").output)
    assert "no model is called 'toy'" in gone[0]["problem"]
    other = str(write_card(write_network(tagged.with_name("other.onnx"))))
    with pytest.raises(RegistryError, match=r"no branches made by other@1\.0"):
        models.main(["verify", other, "--in", str(tagged)], standalone_mode=False)


def test_a_declared_adapter_must_still_be_the_same(tagged, write_model, tmp_path):
    def declaring(*columns):
        adapter = {"tensors": {"cells": list(columns)}}
        return write_model(tmp_path / "own", "own", adapter=adapter, view="declared")

    cells = [f"cell_e[{cell}]" for cell in range(6)]
    card = declaring(*cells)
    out = tmp_path / "own.root"
    rootml.tag_file(tagged.with_name("in.root"), out, models=str(card), plots=False)
    assert run(models, "verify", "--in", out, card).exit_code == 0
    (note,) = json.loads(run(models, "verify", "--in", out, declaring(*cells), "--json").output)
    assert note["note"] == ""
    other = run(models, "verify", "--in", out, declaring(*cells[::-1]), "--json")
    assert other.exit_code == 2
    assert "declares is another now" in json.loads(other.output)[0]["problem"]


def test_two_versions_of_one_model_need_two_names(tagged, toy, write_model, tmp_path, monkeypatch):
    write_model(tmp_path / "newer", "toy", version="1.1")
    monkeypatch.setenv("ROOTML_PATH", str(tmp_path / "newer"))
    both = {"models": ("toy@1.0", "toy@1.1"), "plots": False}
    with pytest.raises(InputError, match=r"two of the models make a branch 'toy_score'"):
        rootml.tag_file(tagged.with_name("in.root"), tmp_path / "both.root", **both)
    rootml.tag_file(tagged, tmp_path / "two.root", models="toy@1.1", prefix="new_", plots=False)
    text = " ".join(run(inspect, tmp_path / "two.root").output.split())
    assert "toy_score made by toy 1.0" in text
    assert "new_toy_score made by toy 1.1" in text


def test_inspect_says_what_made_a_branch(tagged):
    text = " ".join(run(inspect, tagged).output.split())
    assert "toy_score made by toy 1.0 (sha256 " in text
    assert "checked when it was loaded) of user folder, run by onnxruntime" in text


def test_pull_export_and_pack(serve, write_model, tmp_path, cache, monkeypatch):
    site = serve(write_model(tmp_path / "www", "far").parent)
    pulled = run(models, "pull", site.reference("far.card.yaml"), "--to", tmp_path / "mine")
    assert pulled.output.splitlines()[-1] == f"far@1.0: {tmp_path / 'mine/far/1.0/far.card.yaml'}"
    assert len(list(cache.iterdir())) == 2
    monkeypatch.setenv("ROOTML_PATH", str(tmp_path / "mine"))
    assert (
        run(models, "pull", "far", "-q").output
        == f"far@1.0: {tmp_path / 'mine/far/1.0/far.onnx'}\n"
    )

    reference = run(models, "export", "far", site.folder / "shared").output.splitlines()[-1]
    path = reference.partition("served>/")[2]
    monkeypatch.delenv("ROOTML_PATH")
    assert run(models, "show", f"{site.url}/shared/{path}").exit_code == 0

    monkeypatch.setenv("ROOTML_PATH", str(tmp_path / "mine"))
    packed = run(models, "pack", "far", "-o", site.folder / "far.zip").output.splitlines()[-1]
    assert run(models, "verify", site.folder / "far.zip").exit_code == 0
    assert run(models, "show", f"{site.url}/{packed.partition('served>/')[2]}").exit_code == 0
