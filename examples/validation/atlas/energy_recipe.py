"""How the network for electron energies is trained."""

from __future__ import annotations

from torch import Tensor, nn

from rootml.adapter import View
from rootml.card import Output
from rootml.training import Gaussian, Recipe, Regression, Torch


class Correction(nn.Module):
    """log(E / E_acc) and the log of its standard deviation, from the columns of an electron."""

    def __init__(self, columns: int, hidden: int = 64) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.BatchNorm1d(columns, affine=False),
            nn.Linear(columns, hidden),
            nn.SiLU(),
            nn.Linear(hidden, hidden),
            nn.SiLU(),
            nn.Linear(hidden, 2),
        )

    def forward(self, accordion: Tensor, electron: Tensor) -> Tensor:
        """(n, 2), in units of the scale of the loss; (n, 1) in GeV, (n, columns)."""
        made: Tensor = self.layers(electron)
        return made


def build(view: View) -> nn.Module:
    """The network for a view of the energy in the cells and a tensor of columns."""
    return Correction(len(view.tensors[1].columns))


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
        reference="E_acc",
        loss=Gaussian(scale=0.03),
    ),
    title="Energy of electrons in a toy calorimeter",
    doc="A correction to the energy in the cells, by a network of two layers.",
    threads=1,
    deploy_batch=8192,
)
