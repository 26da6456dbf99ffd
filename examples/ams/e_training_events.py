"""(e) Rejection against the number of training events, and what that extrapolates to (data set 2).

\b
    python examples/ams/e_training_events.py --scale 0.005

A power law is fitted to the numbers of protons that pass; where it does not describe them (each
training starts from other weights), its errors are scaled.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from common.draw import TALK_EVENTS, against_events, look_of
from common.judged import Judged, numbers
from common.learning import Point, PowerLaw, fit_power_law
from common.options import Options, command
from common.study import Study
from common.trainings import Trained

from rootml.cli import run

NETWORKS = ("cvt",)
SHARES = (1 / 32, 1 / 16, 1 / 8, 1 / 4, 1 / 2, 1)
"""Of the events to train on; all are validated and tested on the same ones."""


def main(options: Options) -> None:
    study = Study("e", "e_training_events", "Amount of training data", options)
    train, test = (study.sample("reconstructed", part) for part in ("train", "test"))
    for network in options.networks:
        models = {f"{share:g}": study.train(network, train, share=share) for share in SHARES}
        judged = Judged.of(test, {share: counted(model) for share, model in models.items()})
        for key, title, part in judged.at_1_tev():
            learn(study, network, f"{network}_{key}", f"{models['1'].title}, {title}", part, models)
    study.write()


def events(model: Trained) -> int:
    """Events that it was trained on."""
    return model.card.training.events["train"]


def counted(model: Trained) -> Trained:
    """Called by the number of its training events."""
    return replace(model, title=f"{events(model):,} training events")


def learn(
    study: Study,
    network: str,
    key: str,
    title: str,
    judged: Judged,
    models: Mapping[str, Trained],
) -> None:
    """Record, fit and draw the rejections of one network trained on more and more events."""
    study.compare(key, title, judged)
    points = [Point.of(judged, share, events(model)) for share, model in models.items()]
    others = [Point.of(judged, name, 0) for name in judged.scores if name not in models]
    names = [judged.titles[name] for name in judged.scores if name not in models]
    lines = {
        name: one.rejection.value
        for name, one in zip(names, others, strict=True)
        if math.isfinite(one.rejection.value)
    }
    law = fit_power_law(points)
    study.draw(
        f"events_{key}",
        f"Proton rejection against training events, {title}",
        lambda style: against_events(style, title, look_of(network), points, law, lines),
    )
    study.note(**{key: told(law, lines)})


def told(law: PowerLaw, lines: Mapping[str, float]) -> dict[str, object]:
    """The fit for JSON, and what it extrapolates to."""
    needed = {name: law.needed(height) for name, height in lines.items()}
    return {
        "exponent": law.exponent,
        "exponent_error": math.sqrt(law.covariance[1, 1]),
        "chi2": law.chi2,
        "ndf": law.ndf,
        "extrapolated": {"events": TALK_EVENTS, **numbers(law.at(TALK_EVENTS))},
        "events_to_reach": {n: e if math.isfinite(e) else None for n, e in needed.items()},
    }


if __name__ == "__main__":
    run(command(main, NETWORKS, scale=0.005), "e_training_events.py")
