"""(d) One image of all layers against one image for each of the two views (data set 2).

\b
    python examples/ams/d_one_channel_against_two.py --scale 0.001
"""

from __future__ import annotations

from dataclasses import replace

from common.judged import Judged
from common.options import Options, command
from common.study import Study

from rootml.cli import run

NETWORKS = ("cnn", "cvt")


def main(options: Options) -> None:
    study = Study("d", "d_one_channel_against_two", "One channel against two", options)
    train = study.sample("reconstructed", "train")
    models = study.train_all(train)
    for name, model in study.train_all(train, view="image2").items():
        models[f"{name}_2"] = replace(model, title=f"{model.title}, 2 channels")
    judged = Judged.of(study.sample("reconstructed", "test"), models)
    for key, title, part in judged.at_1_tev():
        study.compare(key, title, part)
        study.oppose(key, part, [(f"{name}_2", name) for name in options.networks])
    study.write()


if __name__ == "__main__":
    run(command(main, NETWORKS, scale=0.001), "d_one_channel_against_two.py")
