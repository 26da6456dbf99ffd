"""(a) Simple learners against deep networks on data set 1: accuracies and rejections.

\b
    python examples/ams/a_simple_against_deep.py --scale 0.002
"""

from __future__ import annotations

from common.judged import Judged
from common.options import Options, command
from common.study import Study

from rootml.cli import run

NETWORKS = ("logistic", "svm", "histgb", "histgb_shower", "mlp", "cnn", "resnet18")


def main(options: Options) -> None:
    study = Study("a", "a_simple_against_deep", "Simple against deep networks", options)
    models = study.train_all(study.sample("generated", "train"))
    judged = Judged.of(study.sample("generated", "test"), models)
    study.compare("all", "200-600 GeV generated", judged)
    study.write()


if __name__ == "__main__":
    run(command(main, NETWORKS, scale=0.002), "a_simple_against_deep.py")
