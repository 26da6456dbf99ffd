from __future__ import annotations

import lightning as L
import numpy as np
import pytest
import torch
from torch import nn

from rootml.errors import OutputError, TrainingError
from rootml.training import Recipe
from rootml.training.checkpoints import WholeFiles
from rootml.training.job import Run
from rootml.training.loop import fit
from rootml.training.objective import classification
from rootml.training.reading import load_dataset


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Linear(48, 4)
        self.norm = nn.BatchNorm1d(4, momentum=1e-3)  # lags far behind in a short training
        self.last = nn.Linear(4, 1)

    def forward(self, image):
        return self.last(self.norm(self.first(image.flatten(1)))).squeeze(1)


@pytest.fixture
def learn(toy, write_toy, tmp_path):
    """Train without export: the outcome, and the images it was trained on."""

    def learn(*watchers, resume=False, **options):
        adapter, view = toy.ADAPTER, toy.ADAPTER.views["image"]
        learner = toy.RECIPES["toy"].learner.with_options({"warmup": None, **options})
        recipe = Recipe("toy", learner, "toy", "image", limits={"train": 300})
        data = load_dataset([write_toy()], adapter, view, recipe.task, tmp_path)
        parts = data.parts(1, recipe.split)
        run = Run("toy", recipe, adapter, view, tmp_path / "run", "", resume=resume)
        outcome = fit(run, learner, data, parts, classification(1.0), watchers)
        return outcome, torch.from_numpy(np.array(data.tensors["image"][parts["train"]]))

    return learn


def test_early_stopping_waits_for_the_tolerance(learn):
    outcome, _ = learn(patience=2, tolerance=1e9, epochs=50)
    assert (outcome.epochs, outcome.best_epoch) == (3, 3)


def test_max_time_ends_after_the_epoch_under_way(learn):
    outcome, _ = learn(max_time=1e-6, epochs=50)
    assert outcome.epochs == 1


def test_batch_norms_hold_the_statistics_of_the_exported_weights(learn):
    outcome, images = learn(build=lambda view: Net(), batch_size=16, epochs=2)
    network = outcome.network
    assert not network.norm.training
    assert network.norm.momentum == 1e-3
    with torch.inference_mode():
        inputs = network.first(images.flatten(1))
    spread = inputs.std(0)
    assert (abs(network.norm.running_mean - inputs.mean(0)) < 0.05 * spread).all()
    assert torch.allclose(network.norm.running_var, inputs.var(0), rtol=0.1)


class Rates(L.Callback):
    """Keeps the learning rate of each step, and what else the optimiser does."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_before_optimizer_step(self, trainer, pl_module, optimizer):
        self.seen.append(optimizer.param_groups[0]["lr"])
        self.decays = [group["weight_decay"] for group in optimizer.param_groups]
        self.name = type(optimizer).__name__


@pytest.mark.parametrize(
    ("schedule", "top"), [("constant", 4), ("cosine", 4), ("one-cycle", 3)], ids=str
)
def test_rate_rises_and_falls_as_the_schedule_says(learn, schedule, top):
    rates = Rates()
    learn(rates, schedule=schedule, schedule_warmup=0.2, epochs=4, accumulate=2)
    seen = np.array(rates.seen)
    assert len(seen) == 20  # 10 batches an epoch, two a step
    assert (np.diff(seen[: top + 1]) > 0).all()
    assert seen.max() == pytest.approx(1e-2)
    assert (np.diff(seen[top:]) < 0).all() == (schedule != "constant")
    assert seen[-1] < 1e-3 or schedule == "constant"


def test_weights_decay_but_biases_do_not(learn):
    rates = Rates()
    learn(rates, epochs=1)
    assert (rates.name, rates.decays) == ("Adam", [0])
    learn(rates, epochs=1, weight_decay=0.1)
    assert (rates.name, rates.decays) == ("AdamW", [0.1, 0.0])


def first_weight(module) -> float:
    return next(module.parameters()).flatten()[0].item()


class Weights(L.Callback):
    """Keeps the first weight after each step, and the one that is validated."""

    def __init__(self) -> None:
        self.stepped, self.validated = [], []

    def on_train_batch_end(self, trainer, pl_module, *rest):
        self.stepped.append(first_weight(pl_module))

    def on_validation_epoch_start(self, trainer, pl_module):
        self.validated.append(first_weight(pl_module))


def test_average_is_validated_and_returned(learn):
    weights = Weights()
    outcome, _ = learn(weights, average=0.5, epochs=1)
    average = weights.stepped[0]
    for n, weight in enumerate(weights.stepped[1:], start=1):
        decay = min(0.5, (1 + n) / (10 + n))
        average = decay * average + (1 - decay) * weight
    assert weights.validated == [pytest.approx(average, rel=1e-5)]
    assert first_weight(outcome.network) == weights.validated[0] != weights.stepped[-1]


def test_batch_norms_fit_averaged_weights(learn):
    outcome, images = learn(build=lambda view: Net(), batch_size=16, epochs=2, average=0.9)
    with torch.inference_mode():
        inputs = outcome.network.first(images.flatten(1))
    assert torch.allclose(outcome.network.norm.running_var, inputs.var(0), rtol=0.1)


def test_augmentation_is_for_training_alone(learn):
    class Seen(nn.Sequential):
        def forward(self, image):
            (training if self.training else measured).append(float(image.min()))
            return super().forward(image).squeeze(1)

    def shift(tensors, generator):
        return {"image": tensors["image"] + 7}

    training, measured = [], []
    learn(build=lambda view: Seen(nn.Flatten(), nn.Linear(48, 1)), augment=shift, epochs=1)
    assert min(training) >= 7 > 1 > max(measured)


def test_parameters_are_those_of_the_network(learn):
    def build(view, width):
        return nn.Sequential(nn.Flatten(), nn.Linear(48, width), nn.Linear(width, 1), nn.Flatten(0))

    outcome, _ = learn(build=build, parameters={"width": 5}, epochs=1)
    assert outcome.network[1].out_features == 5


def test_stopped_training_is_not_trained_on(learn):
    """Unless there is more patience now."""
    options = {"patience": 2, "tolerance": 1e9, "epochs": 50}
    first, _ = learn(**options)
    again, _ = learn(**options, resume=True)
    assert (again.epochs, again.best_epoch, again.loss) == (3, 3, first.loss)
    more, _ = learn(**{**options, "patience": 3}, resume=True)
    assert more.epochs == 4


def test_options_that_make_no_sense(toy):
    learner = toy.RECIPES["toy"].learner
    inf, nan = float("inf"), float("nan")
    for name, values in {
        "learning_rate": (0, inf, nan),
        "weight_decay": (-1, inf, nan),
        "tolerance": (-1, nan),
        "max_time": (-1, inf, nan),
        "patience": (0,),
    }.items():
        for value in values:
            with pytest.raises(TrainingError, match=f"Torch: {name} must be"):
                learner.with_values({name: value})


def test_full_disk_is_said_in_a_line(tmp_path):
    (tmp_path / "last.ckpt.part").symlink_to("/dev/full")
    with pytest.raises(OutputError, match=r"cannot write .*last\.ckpt: .") as caught:
        WholeFiles().save_checkpoint({"weights": torch.zeros(10**6)}, tmp_path / "last.ckpt")
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())
