"""(h) Adaptation to flight data without their labels, by gradient reversal (arXiv:1409.7495).

\b
    python examples/ams/h_gradient_reversal.py --scale 0.002

The same network with and without; the truth of flight data is used to test alone.
"""

from __future__ import annotations

from dataclasses import replace

from common.judged import Judged
from common.options import Options, command
from common.study import Study

from rootml.cli import run

NETWORKS = ("cnn",)


def main(options: Options) -> None:
    study = Study("h", "h_gradient_reversal", "Adaptation by gradient reversal", options)
    source = study.sample("tracker", "train")
    models = study.train_all(source)
    target = study.sample("flight", "train", own=False)
    for name, model in study.train_all(source, adapt=target).items():
        models[f"{name}_adapted"] = replace(model, title=f"{model.title}, adapted")
    pairs = [(f"{name}_adapted", name) for name in options.networks]
    tests = [
        (study.sample("flight", "test", own=False), "flight"),
        (study.sample("tracker", "test"), "simulation"),
    ]
    for test, key in tests:
        for suffix, truth, about in test.truths():
            judged = Judged.of(test, models, truth)
            study.compare(f"{key}{suffix}", f"{test.title}{about}", judged)
            study.oppose(f"{key}{suffix}", judged, pairs)
    study.write()


if __name__ == "__main__":
    run(command(main, NETWORKS, scale=0.002), "h_gradient_reversal.py")
