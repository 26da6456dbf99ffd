"""(c) Noise, losses, kinks, curvature: how many events are still counted right.

\b
    python examples/supernemo/c_robustness.py --test-events 4000

One thing at a time is worse than in the clean events of (a); and all together. ``--test-events``
are those of each point; agglomerative clustering gets a fifth of them, as it is slow.
"""

from __future__ import annotations

from typing import Any

import awkward as ak
import numpy as np
from counted.accuracy import accuracies, share
from counted.conditions import PLACES, SCANS
from counted.draw import CLUSTERS, scans
from counted.events import counted, opened
from counted.options import Options, command
from counted.rivals import TUNING, right, tuned
from counted.study import Study
from joined.methods import Chosen

from rootml.cli import run
from rootml.runtime.model import Model
from rootml_supernemo.simulation import simulate

SLOW = 5
DETECTORS = ("clean", "detector")


def main(options: Options) -> None:
    study = Study("c", "c_robustness", "Noise, losses and other tracks", options)
    model = study.network(opened(options.model))
    chosen = {name: tuned(name) for name in DETECTORS}
    rng = np.random.default_rng(options.seed + 1)
    size = options.test_events

    def measured(clusters: Chosen, **asked: Any) -> dict[str, Any]:
        return judged(simulate(size, rng, tracks="1:3", **asked), model, clusters)

    study.note(
        events=size,
        tuning=TUNING,
        scans={
            name: [
                {"value": value, **measured(chosen["clean"], **scan.options(value))}
                for value in scan.values
            ]
            for name, scan in SCANS.items()
        },
        places={
            title: {name: measured(chosen[name], conditions=name, **asked) for name in DETECTORS}
            for title, asked in PLACES.items()
        },
    )
    found = study.record["numbers"]["scans"]
    study.draw("scans", "Events of 1 to 3 tracks that are counted right", lambda s: scans(s, found))
    study.write()


def judged(events: ak.Array, model: Model, clusters: Chosen) -> dict[str, Any]:
    """Shares of events that the network and agglomerative clustering count right."""
    return {
        model.card.name: accuracies(counted(events, model))["all"],
        CLUSTERS: share(right(clusters, events[: len(events) // SLOW])),
    }


if __name__ == "__main__":
    run(command(main, test_events=4000), "c_robustness.py")
