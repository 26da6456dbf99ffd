"""(f) CvT on what lies around the track, on limited simulation and limited flight data (sets 3, 4).

\b
    python examples/ams/f_phys_cvt.py --scale 0.002
"""

from __future__ import annotations

from common.judged import Judged
from common.options import Options, command
from common.study import Study

from rootml.cli import run

NETWORKS = ("cvt", "phys_cvt", "phys_cvt_small", "resnet18", "resnet10", "cnn")
LIMITED = 0.05
"""Share of the training events, as in the talk (0.29 of 5.7 million)."""
AMOUNTS = (("full", 1.0, "all training events"), ("limited", LIMITED, "5 % of the training events"))


def main(options: Options) -> None:
    study = Study("f", "f_phys_cvt", "Around the track: limited data", options)
    train, test = (study.sample("tracker", part) for part in ("train", "test"))
    for amount, share, about in AMOUNTS:
        judged = Judged.of(test, study.train_all(train, share=share))
        for key, title, part in judged.at_1_tev():
            study.compare(f"{amount}_{key}", f"{title}, {about}", part)
    models = study.train_all(study.sample("flight", "train", own=False))
    judged = Judged.of(study.sample("flight", "test", own=False), models)
    study.compare("flight", "50-70 GeV, trained on flight data", judged)
    study.write()


if __name__ == "__main__":
    run(command(main, NETWORKS, scale=0.002), "f_phys_cvt.py")
