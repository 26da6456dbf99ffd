"""(b) The network on held-out simulation: relative errors, in all and in bins.

\b
    python examples/atlas/b_held_out.py --model film_atlas

On electrons of Z decays and on single electrons of a wide range of energies, none of which it has
learned from.
"""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from energies.draw import Row, against_truth, differential, relative_errors
from energies.errors import BASELINE, Judged
from energies.options import Options, command
from energies.resampling import told
from energies.study import Study

from rootml.cli import run
from rootml.spec import Array

SAMPLES = ("mc_test", "electrons_test")
ETA = np.array([0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.37, 1.475])
ET = np.array([10.0, 20, 30, 40, 50, 70, 100, 150, 250, 500])
"""GeV."""
LEAST = 200
"""Electrons in a bin of which ranges are told."""


def main(options: Options) -> None:
    study = Study("b", "b_held_out", "On held-out simulation", options)
    model = study.model()
    for name in filter(study.has, SAMPLES):
        sample = study.sample(name)
        judged = Judged.of(sample, {model.title: model})
        show(study, name, sample.title, judged)
    study.write()


def show(study: Study, key: str, title: str, judged: Judged) -> None:
    """Record and draw everything of one sample."""
    record = judged.record(judged.ranges())
    binned = {
        "eta": in_bins(judged, np.abs(judged.eta), ETA),
        "et": in_bins(judged, judged.truth_et, ET),
    }
    study.note(**{key: {"title": title, **record, "bins": binned}})
    texts = {
        f"{name}: eIQR75 {100 * row['eiqr75']['value']:.2f} %": judged.errors[name]
        for name, row in record["estimates"].items()
    }
    study.draw(
        f"errors_{key}",
        f"Relative error of the energy, {title}",
        lambda style: relative_errors(style, texts, title),
    )
    et = {name: judged.truth_et * (1 + one) for name, one in judged.errors.items()}
    study.draw(
        f"truth_{key}",
        f"Estimated against true transverse energy, {title}",
        lambda style: against_truth(style, judged.truth_et, et),
    )
    labels = {"eta": r"$|\eta|$", "et": r"True $E_T$ [GeV]"}
    for variable, rows in binned.items():
        if not rows:
            continue
        points, ratios = drawn(rows)
        study.draw(
            f"{variable}_{key}",
            f"eIQR75 against {'pseudorapidity' if variable == 'eta' else 'energy'}, {title}",
            lambda style, p=points, r=ratios, v=variable: differential(
                style, p, r, labels[v], title
            ),
        )


def in_bins(judged: Judged, variable: Array, edges: Array) -> list[dict[str, Any]]:
    """eIQR75 of all estimates and their ratio to the baseline's in bins, for JSON."""
    found: list[dict[str, Any]] = []
    for low, high in itertools.pairwise(edges):
        inside = (variable >= low) & (variable < high)
        if inside.sum() < LEAST:
            continue
        ranges = judged.where(inside).ranges()
        rows = {
            name: {"eiqr75": told(one.eiqr75), "ratio": told(one.eiqr75 / ranges[BASELINE].eiqr75)}
            for name, one in ranges.items()
        }
        found.append({"low": low, "high": high, "electrons": int(inside.sum()), "estimates": rows})
    return found


def drawn(bins: list[dict[str, Any]]) -> tuple[dict[str, list[Row]], list[Row]]:
    """Points of all estimates, and the ratios of the network's to the baseline's."""
    points: dict[str, list[Row]] = {}
    ratios: list[Row] = []
    for one in bins:
        low, high, rows = one["low"], one["high"], one["estimates"]
        for name, row in rows.items():
            points.setdefault(name, []).append(Row(low, high, **row["eiqr75"]))
            if name != BASELINE:
                ratios.append(Row(low, high, **row["ratio"]))
    return points, ratios


if __name__ == "__main__":
    run(command(main), "b_held_out.py")
