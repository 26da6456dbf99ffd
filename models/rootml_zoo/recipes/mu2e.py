"""How the models for tracks in Mu2e are trained."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rootml.card import Output
from rootml.training import Recipe, Regression, Torch, XGBoost

if TYPE_CHECKING:
    from torch import Tensor, nn

    from rootml.adapter import View

ROWS_PER_EPOCH = 300_000
BAD_MEV = 0.7
"""Residual beyond which a track is badly measured (Mu2e's training of TrkQual)."""


def _quality(view: View) -> nn.Module:
    from rootml_zoo.nets.track_mlp import TrackQuality

    return TrackQuality(view.tensors[0].columns)


def _momentum(view: View) -> nn.Module:
    from rootml_zoo.nets.track_mlp import TrackMomentum

    return TrackMomentum(view.tensors[0].columns)


def _loss(raw: Tensor, truth: Tensor) -> Tensor:
    from rootml_zoo.nets.track_mlp import student_loss

    return student_loss(raw, truth)


def _transform(raw: Tensor) -> tuple[Tensor, Tensor]:
    from rootml_zoo.nets.track_mlp import student_width

    return student_width(raw)


TRKQUAL_MU2E = Recipe(
    name="trkqual_mu2e",
    adapter="mu2e",
    view="track_quality",
    learner=Torch(
        _quality, learning_rate=3e-3, batch_size=1024, patience=12, epochs=80, precision="32"
    ),
    title="Well against badly measured tracks in Mu2e: neural network",
    doc="Two hidden layers of ten on the seven variables of the fit.",
    limits={"train": ROWS_PER_EPOCH},
    threads=1,
    deploy_batch=8192,
)

BDT_MU2E = Recipe(
    name="bdt_mu2e",
    adapter="mu2e",
    view="track_quality",
    learner=XGBoost(
        {"max_depth": 3, "eta": 0.1, "subsample": 0.8, "min_child_weight": 20},
        epochs=500,
        patience=30,
    ),
    title="Well against badly measured tracks in Mu2e: boosted trees",
    doc="Trees of depth 3 on the seven variables of the fit, for comparison.",
    threads=1,
    deploy_batch=8192,
)

MOMENTUM_MU2E = Recipe(
    name="momentum_mu2e",
    adapter="mu2e",
    view="momentum",
    learner=Torch(
        _momentum, learning_rate=2e-3, batch_size=1024, patience=12, epochs=80, precision="32"
    ),
    task=Regression(
        target="truth_momentum",
        estimates=(
            Output(
                name="momentum",
                role="value",
                unit="MeV/c",
                estimates="truth_momentum",
                tails=(BAD_MEV,),
                doc="momentum at the tracker's entrance",
            ),
            Output(
                name="momentum_error",
                role="uncertainty",
                error_of="momentum",
                unit="MeV/c",
                doc="half the width of its 68 % interval",
            ),
        ),
        loss=_loss,
        transform=_transform,
    ),
    title="Momentum of tracks in Mu2e with its uncertainty: neural network",
    doc="A correction to the fitted momentum, by the likelihood of Student's distribution.",
    limits={"train": ROWS_PER_EPOCH},
    threads=1,
    deploy_batch=8192,
)

RECIPES = (TRKQUAL_MU2E, BDT_MU2E, MOMENTUM_MU2E)
