"""(b) Rejection against efficiency below and above 1 TeV; trained below it (data set 2).

\b
    python examples/ams/b_below_and_above_1_tev.py --scale 0.001
"""

from __future__ import annotations

from common.judged import Judged
from common.options import Options, command
from common.study import Study

from rootml.cli import run

NETWORKS = ("mlp", "cnn", "resnet18", "cvt")


def main(options: Options) -> None:
    study = Study("b", "b_below_and_above_1_tev", "Below and above 1 TeV", options)
    models = study.train_all(study.sample("reconstructed", "train"))
    judged = Judged.of(study.sample("reconstructed", "test"), models)
    for key, title, part in judged.at_1_tev():
        study.compare(key, title, part)
    study.write()


if __name__ == "__main__":
    run(command(main, NETWORKS, scale=0.001), "b_below_and_above_1_tev.py")
