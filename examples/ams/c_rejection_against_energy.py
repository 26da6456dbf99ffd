"""(c) Rejection against energy, each cut at 90 % efficiency in every bin (data set 2).

\b
    python examples/ams/c_rejection_against_energy.py --scale 0.001
"""

from __future__ import annotations

from typing import Any

from common.draw import against_energy, look_of
from common.judged import Judged, numbers
from common.options import Options, command
from common.study import Study
from common.talk import EFFICIENCY

from rootml.cli import run
from rootml.validation import rejection_in_bins

NETWORKS = ("cvt", "mlp", "cnn", "resnet18")
EDGES_GEV = (200, 300, 400, 500, 650, 800, 1000, 1250, 1600, 2000)


def main(options: Options) -> None:
    study = Study("c", "c_rejection_against_energy", "Rejection against energy", options)
    models = study.train_all(study.sample("reconstructed", "train"))
    judged = Judged.of(study.sample("reconstructed", "test"), models)
    scores, electron, energy = judged.scores, judged.electron, judged.energy
    found = rejection_in_bins(scores, electron, energy, EDGES_GEV, EFFICIENCY)
    shown = {
        name: (judged.titles[name], look_of(name, list(scores)), slices)
        for name, slices in found.items()
    }
    study.compare("all", "200-2000 GeV, one cut for all energies", judged)
    study.draw(
        "rejection_energy",
        "Proton rejection against energy",
        lambda style: against_energy(style, shown),
    )
    study.note(bins={name: [bin_of(one) for one in slices] for name, slices in found.items()})
    study.write()


def bin_of(one: Any) -> dict[str, Any]:
    """A bin for JSON; without a rejection where it has too few electrons to set a cut."""
    about = {"low": one.low, "high": one.high, "protons": int(one.background)}
    if one.cut is None:
        return about
    return about | {"rejection": numbers(one.cut.rejection), "ratio": numbers(one.ratio)}


if __name__ == "__main__":
    run(command(main, NETWORKS, scale=0.001), "c_rejection_against_energy.py")
