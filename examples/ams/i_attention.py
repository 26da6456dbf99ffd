"""(i) Where the CvT looks: its attention on the image of the shower (data set 2).

\b
    python examples/ams/i_attention.py --scale 0.002

Means over electrons, over protons that pass the cut of 90 % electron efficiency, and over protons
that do not; showers are moved to the middle of each view.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from common.attention import Kind, attention_maps, looks, maps_of
from common.options import Options, command
from common.samples import AMS, Sample
from common.study import Study
from common.talk import EFFICIENCY

from rootml.cli import run
from rootml.spec import Array
from rootml.validation import Separation

NETWORKS = ("cvt",)


def main(options: Options) -> None:
    study = Study("i", "i_attention", "Where the CvT looks", options)
    train, test = (study.sample("reconstructed", part) for part in ("train", "test"))
    for network in options.networks:
        model = study.train(network, train)
        kinds = kinds_of(test, model.scores(test))
        maps = {kind: maps_of(model, test, rows) for kind, rows in kinds.items() if len(rows)}
        study.draw(
            f"attention_{network}",
            f"Mean deposits and attention, {model.title}",
            partial(attention_maps, maps=maps),
        )
        study.note(**{network: {kind: looks(made) for kind, made in maps.items()}})
    study.write()


def kinds_of(sample: Sample, scores: Array) -> Mapping[Kind, Any]:
    """Rows of electrons, and of protons that the cut keeps and rejects; as many as needed."""
    label = sample.columns()[AMS.truth.label or ""]
    judged = np.isfinite(scores)
    electron, proton = judged & (label == 1), judged & (label == 0)
    cut = Separation.from_scores(scores[electron], scores[proton]).at_efficiency(EFFICIENCY)
    kept = scores > cut.threshold
    return {
        "electrons": np.flatnonzero(electron),
        "protons kept": np.flatnonzero(proton & kept),
        "protons rejected": np.flatnonzero(proton & ~kept),
    }


if __name__ == "__main__":
    run(command(main, NETWORKS, scale=0.002), "i_attention.py")
