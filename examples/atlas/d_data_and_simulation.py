"""(d) Trained on simulation, on 'data' with the mass of the Z as label, and on both together.

\b
    python examples/atlas/d_data_and_simulation.py --events 60000 --epochs 6

The same network, the same number of electrons of each sample, the same number of epochs. What each
gains in width of the Z, in simulation and in 'data', is of the same events; so the errors of what
both gain more than the sum of each are known.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from energies import zee
from energies.draw import improvements
from energies.errors import BASELINE, Judged
from energies.options import Options, command
from energies.resampling import told
from energies.study import Study
from energies.trainings import Trained

from rootml.cli import run
from rootml.registry import get_recipe
from rootml.spec import Array

MC, DATA, BOTH = "trained on simulation", "trained on 'data'", "trained on both"


def main(options: Options) -> None:
    study = Study("d", "d_data_and_simulation", "Trained on data and simulation", options)
    models = train(study)
    for name in zee.SAMPLES:
        found = zee.show(study, name, models, (BOTH,))
        if name == "data_test":  # of which the talk speaks
            study.record["numbers"][name] |= {
                "excess": told(excess(found)),
                "beyond": told(beyond(found)),
            }
        sample = study.sample(name)
        if np.isfinite(sample.electrons().truth).any():
            judged = Judged.of(sample, models)
            study.record["numbers"][name]["truth"] = judged.record(judged.ranges())
    study.draw(
        "improvements",
        "Improvement of the width of the Z, by sample and by what the network was trained on",
        lambda style: improvements(style, pictured(study), "Improvement of the width [%]"),
    )
    study.write()


def train(study: Study) -> dict[str, Trained]:
    """The same network by what it is trained on."""
    mc, data = (study.sample(name) for name in ("mc_train", "data_train"))
    with_truth, with_z = (get_recipe(name) for name in ("film_atlas", "film_atlas_data"))
    return {
        MC: study.train(with_truth, mc, MC),
        DATA: study.train(with_z, data, DATA),
        BOTH: study.train(with_truth, mc, BOTH, {"data": data}),
    }


def excess(widths: Mapping[str, Array]) -> Array:
    """By how much the improvement of both is beyond the sum of each, (1 + r,)."""
    gained = gains(widths)
    return np.asarray(gained[BOTH] - gained[MC] - gained[DATA])


def beyond(widths: Mapping[str, Array]) -> Array:
    """By how much the improvement of both is beyond that of the better of the two, (1 + r,)."""
    gained = gains(widths)
    better = max((MC, DATA), key=lambda name: float(gained[name][0]))
    return np.asarray(gained[BOTH] - gained[better])


def gains(widths: Mapping[str, Array]) -> dict[str, Array]:
    """Improvements on the baseline, (1 + r,)."""
    return {name: 1 - widths[name] / widths[BASELINE] for name in (MC, DATA, BOTH)}


def pictured(study: Study) -> dict[str, dict[str, tuple[float, float]]]:
    """Improvements and errors of each network, in each sample."""
    found: dict[str, dict[str, tuple[float, float]]] = {}
    for name in zee.SAMPLES:
        made = study.record["numbers"][name]
        for title, row in made["fits"].items():
            if title != BASELINE:
                one = row["improvement"]
                found.setdefault(title, {})[made["title"]] = one["value"], one["error"]
    return found


if __name__ == "__main__":
    run(command(main), "d_data_and_simulation.py")
