"""(d) Events with their true and found tracks, from the top, the side and the front.

\b
    python examples/supernemo/d_events.py
"""

from __future__ import annotations

import numpy as np
from counted.events import counted, opened
from counted.options import Options, command
from counted.pictures import CLUSTERS, found_tracks, hits, worth_seeing
from counted.study import Study

from rootml.cli import run
from rootml_supernemo.display import draw_event
from rootml_supernemo.simulation import simulate

TRIED = 200


def main(options: Options) -> None:
    study = Study("d", "d_events", "An event in three views", options)
    model = study.network(opened(options.model))
    rng = np.random.default_rng(options.seed + 2)
    events = simulate(TRIED, rng, tracks=3, conditions="detector", vertex="common")
    number = worth_seeing(events)
    events = events[number : number + 1]
    found = found_tracks(events)[0]
    judged = counted(events, model)
    study.note(
        number=number,
        clusters=CLUSTERS,
        count=int(judged.count[0]),
        probability=float(judged.probabilities[0].max()),
    )
    study.draw(
        "event",
        "Three tracks of one vertex in a real detector",
        lambda style: draw_event(hits(events[0], found)),
    )
    study.write()


if __name__ == "__main__":
    run(command(main), "d_events.py")
