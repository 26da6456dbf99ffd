from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from rootml.training.curves import read_curves

pytestmark = pytest.mark.usefixtures("one_thread")

EPOCHS = 5
LEARN = """
import os
import signal
import sys
from pathlib import Path

import torch
from rootml_toy_training import ADAPTER, RECIPES

from rootml.training import Recipe
from rootml.training.reading import load_dataset
from rootml.training.job import Run
from rootml.training.loop import fit
from rootml.training.objective import classification


def learn(file, folder, resume, killed_at=None):
    calls = 0

    def flicker(tensors, generator):
        nonlocal calls
        calls += 1
        if calls == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
        factor = 1 + 0.1 * torch.rand(len(tensors["image"]), 1, 1, 1, generator=generator)
        return {"image": tensors["image"] * factor}

    options = {
        "epochs": 5, "schedule": "cosine", "schedule_warmup": 0.1, "weight_decay": 0.01,
        "accumulate": 2, "clip": 1.0, "average": 0.9, "augment": flicker,
    }
    learner = RECIPES["toy"].learner.with_options(options)
    recipe = Recipe("toy", learner, "toy", "image", limits={"train": 200})
    view = ADAPTER.views["image"]
    data = load_dataset([file], ADAPTER, view, recipe.task, Path(folder))
    run = Run("toy", recipe, ADAPTER, view, Path(folder), "rootml train toy", resume=resume)
    return fit(run, learner, data, data.parts(1, (0.6, 0.2, 0.2)), classification(1.0))


if __name__ == "__main__":
    torch.set_num_threads(1)
    learn(sys.argv[1], sys.argv[2], False, int(sys.argv[3]))
"""


@pytest.fixture
def learning(toy, tmp_path, monkeypatch):
    """A module that trains with all that a step can depend on, and its file."""
    (tmp_path / "learning.py").write_text(LEARN)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "learning", raising=False)
    import learning

    return learning


def test_killed_in_an_epoch_ends_as_if_it_had_not_been(learning, toy, write_toy, tmp_path):
    file, whole, killed = write_toy(), tmp_path / "whole", tmp_path / "killed"
    whole.mkdir()
    killed.mkdir()
    path = [str(Path(toy.__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    result = subprocess.run(
        [sys.executable, learning.__file__, str(file), str(killed), "18"],  # 7 batches an epoch
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path)},
        check=False,
    )
    assert result.returncode == -signal.SIGKILL
    last = torch.load(killed / "checkpoints/last.ckpt", weights_only=True)
    assert 0 <= last["epoch"] < 2  # within the third, whose batches are read ahead
    again = learning.learn(file, killed, True)
    once = learning.learn(file, whole, False)
    assert (again.epochs, again.best_epoch, again.loss) == (EPOCHS, once.best_epoch, once.loss)
    for name, value in once.network.state_dict().items():
        assert torch.equal(value, again.network.state_dict()[name]), name
    curves = {folder: read_curves(folder / "checkpoints") for folder in (whole, killed)}
    assert curves[killed]["validation_loss"] == curves[whole]["validation_loss"]
    assert len(curves[whole]["train_loss"]) == EPOCHS
