"""(f) Whether probabilities are some: reliability and sets, in events as learned and in others.

\b
    python examples/supernemo/f_probabilities.py

The first sample is that of (a).
"""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from counted.certainty import cooled, figures, wrong_by_probability
from counted.draw import reliability
from counted.events import counted, opened, test_sample
from counted.options import Options, command
from counted.study import Study

from rootml.cli import run
from rootml_supernemo.simulation import simulate

OTHERS: dict[str, dict[str, Any]] = {
    "real detector, all kinds of tracks": {"conditions": "detector", "kind": "mixed"},
    "clean, a common vertex": {"vertex": "common"},
    "10 noise hits an event": {"noise": 10.0},
}
CLEAN = "clean"


def main(options: Options) -> None:
    study = Study("f", "f_probabilities", "Probabilities and sets", options)
    model = study.network(opened(options.model))
    rng = np.random.default_rng(options.seed + 3)
    samples: dict[str, ak.Array] = {CLEAN: test_sample(options.test_events, options.seed)}
    for title, asked in OTHERS.items():
        samples[title] = simulate(options.test_events, rng, tracks="0:3", **asked)
    found = {title: counted(events, model) for title, events in samples.items()}
    temperature = float(model.card.training.settings.get("temperature", 1.0))
    study.note(
        events=options.test_events,
        temperature=temperature,
        before=figures(cooled(found[CLEAN], 1 / temperature)),
        level=next((one.coverage.level for one in model.card.outputs if one.coverage), None),
        samples={title: figures(one) for title, one in found.items()},
    )
    curves = {title: wrong_by_probability(one) for title, one in found.items()}
    study.draw(
        "reliability",
        "Events counted wrong against what the probabilities say; an open triangle is the upper "
        "end of an interval where none is wrong, the left edge holds all below it",
        lambda style: reliability(style, curves),
    )
    study.write()


if __name__ == "__main__":
    run(command(main), "f_probabilities.py")
