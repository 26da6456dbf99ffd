"""How the network for electron energies is trained."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from rootml.adapter import View
from rootml.card import Output
from rootml.training import Recipe, Regression, Torch
from rootml.training.objective import gaussian


class Correction(nn.Module):
    """Logarithm of E / E_acc and of its uncertainty, from the columns of an electron."""

    def __init__(self, columns: int, hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(columns + 1, affine=False),
            nn.Linear(columns + 1, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 2),
        )

    def forward(self, electron: Tensor) -> Tensor:
        """(n, 3): E_acc in GeV, log(E / E_acc), log of the relative uncertainty; (n, columns)."""
        accordion, track = electron[:, :1], electron[:, 7:8]
        logs = torch.log(accordion), torch.log(accordion / track.clamp(min=0.1))
        made: Tensor = self.layers(torch.cat([*logs, electron[:, 1:]], dim=1))
        return torch.cat([accordion, 0.1 * made[:, :1], made[:, 1:] - 3.5], dim=1)


def loss(raw: Tensor, truth: Tensor) -> Tensor:
    """Gaussian likelihood of log(E_true / E_acc)."""
    return gaussian(raw[:, 1:], torch.log(truth / raw[:, 0]))


def transform(raw: Tensor) -> tuple[Tensor, Tensor]:
    """Energy and its uncertainty in GeV."""
    energy = raw[:, 0] * torch.exp(raw[:, 1])
    return energy, energy * torch.exp(raw[:, 2])


def build(view: View) -> nn.Module:
    """The network for a view of one tensor of columns."""
    return Correction(len(view.tensors[0].columns))


ENERGY = Recipe(
    name="electron_energy",
    learner=Torch(build, learning_rate=3e-3, batch_size=512, patience=6, epochs=30, precision="32"),
    task=Regression(
        target="true_energy",
        estimates=(
            Output(
                name="energy",
                role="energy",
                unit="GeV",
                estimates="true_energy",
                tails=(0.1, 0.2),
                doc="energy of the electron",
            ),
            Output(
                name="error",
                role="uncertainty",
                error_of="energy",
                unit="GeV",
                doc="standard deviation of the energy",
            ),
        ),
        loss=loss,
        transform=transform,
    ),
    title="Energy of electrons in a toy calorimeter",
    doc="A correction to the energy in the cells, by a network of two layers.",
    threads=1,
    deploy_batch=8192,
)
