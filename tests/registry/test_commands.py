"""The commands ``rootml models`` and ``rootml adapters``."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from rootml.commands.adapters import adapters
from rootml.commands.models import models

pytestmark = pytest.mark.usefixtures("toylab", "own_places")


def run(command, *arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


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


def test_models_check(toy):
    good = run(models, "check", "toy")
    assert good.exit_code == 0
    assert "batch size does not matter" in good.output
    toy.with_name("toy.onnx").write_bytes(b"swapped")
    bad = run(models, "check", "--json")
    assert bad.exit_code == 2
    assert "sha256 expected" in json.loads(bad.output)["toy"]["loads"]


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
    for part in ("Toy laboratory", "cell_e", "GeV", "(n, 6)", "hits"):
        assert part in text
    shown = json.loads(run(adapters, "show", "toylab", "--json").output)
    assert shown["layouts"][0]["branches"]["label"]["optional"] is True
