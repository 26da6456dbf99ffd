"""(g) Networks of the simulation (data set 3) on flight data (set 4), and networks of flight data.

\b
    python examples/ams/g_simulation_on_flight_data.py --scale 0.002

The TRD labels flight data, wrongly at times; where files also know the truth, both are told.
"""

from __future__ import annotations

from common.judged import Judged
from common.options import Options, command
from common.study import Study

from rootml.cli import run

NETWORKS = ("phys_cvt", "cvt", "resnet18", "resnet10", "cnn")


def main(options: Options) -> None:
    study = Study("g", "g_simulation_on_flight_data", "From simulation to flight data", options)
    test = study.sample("flight", "test", own=False)
    trainings = {
        "simulation": study.sample("tracker", "train"),
        "flight": study.sample("flight", "train", own=False),
    }
    for origin, train in trainings.items():
        models = study.train_all(train)
        for suffix, truth, about in test.truths():
            title = f"50-70 GeV flight data{about}, trained on {train.title}"
            study.compare(f"from_{origin}{suffix}", title, Judged.of(test, models, truth))
    study.write()


if __name__ == "__main__":
    run(command(main, NETWORKS, scale=0.002), "g_simulation_on_flight_data.py")
