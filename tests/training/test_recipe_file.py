"""Recipes in a file of one's own."""

from __future__ import annotations

import pytest

from rootml.errors import TrainingError
from rootml.training import train
from rootml.training.recipe_file import is_recipe_file, read_recipe

FIRST = """
from rootml.training import Recipe, ScikitLearn

def build(seed):
    return seed

FIRST = Recipe(name="mine", learner=ScikitLearn(build))
"""
SECOND = '\nSECOND = Recipe(name="other", learner=ScikitLearn(build))\n'


@pytest.fixture
def write(tmp_path):
    def make(text):
        (tmp_path / "my.py").write_text(text)
        return str(tmp_path / "my.py")

    return make


def test_the_only_recipe_or_the_one_that_is_named(write):
    assert read_recipe(write(FIRST)).name == "mine"
    path = write(FIRST + SECOND)
    assert read_recipe(f"{path}:SECOND").name == "other"
    assert read_recipe(f"{path}:FIRST").learner.build(7) == 7
    assert not is_recipe_file("cnn_ams")


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        (FIRST + SECOND, "", r"say which recipe: .*my\.py:FIRST, .*my\.py:SECOND"),
        (FIRST, ":FRIST", r"no recipe 'FRIST'.*did you mean 'FIRST'"),
        ("x = 1", "", r"no recipe \(a value of rootml\.training\.Recipe\)"),
        ("x = 1 / 0", "", r"cannot be run: ZeroDivisionError: division by zero"),
    ],
)
def test_mistakes_are_named(write, text, name, said):
    with pytest.raises(TrainingError, match=said):
        read_recipe(write(text) + name)


def test_training_reads_the_file_that_is_asked_for(tmp_path):
    with pytest.raises(TrainingError, match=r"absent\.py: no such file"):
        train(str(tmp_path / "absent.py"), ["x.root"], tmp_path / "run")
