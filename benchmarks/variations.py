"""How much the efficiency of a cut moves with each variation of the AMS inputs.

    python benchmarks/variations.py -n 20000

Simulates events that no network was trained on, judges them once as they are and once with each
variation, and prints the table of docs/how-to/variations.md. The errors are those of the difference
of two efficiencies on the same events (Q. McNemar, Psychometrika 12 (1947) 153).
"""

from __future__ import annotations

import argparse
import math

import numpy as np
import numpy.typing as npt

import rootml
from rootml.registry import get_adapter
from rootml.spec import Array

VARY = {
    "cell_scale": (0.98, 1.02),
    "cell_spread": (0.024,),
    "noise": (0.6,),
    "dead_cells": (10,),
}


def efficiency(passed: npt.NDArray[np.bool_]) -> str:
    """In percent, with its binomial error."""
    share = passed.mean()
    return f"({100 * share:.2f} +- {100 * math.sqrt(share * (1 - share) / len(passed)):.2f}) %"


def change(before: Array, after: Array) -> str:
    """Of the efficiency, in percent of all, with its error; how many were won and lost."""
    n, won, lost = len(before), int((after & ~before).sum()), int((before & ~after).sum())
    shift = (won - lost) / n
    error = math.sqrt((won + lost) / n - shift**2) / math.sqrt(n)
    return f"{100 * shift:+.2f} +- {100 * error:.2f}   {won:,} won, {lost:,} lost"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("-n", type=int, default=20_000, help="events")
    parser.add_argument("--seed", type=int, default=9001)
    parser.add_argument("--model", default="mlp_ams")
    parser.add_argument("--cut", default="pass90", help="working point of its card")
    asked = parser.parse_args()
    events = get_adapter("ams").simulate(asked.n, np.random.default_rng(asked.seed))
    judged = rootml.annotate(events, asked.model, working_points=[asked.cut], vary=VARY)
    name = f"{asked.model}_{asked.cut}"
    cuts = [field for field in judged.fields if field.startswith(name)]
    for label, what in ((1, "electrons"), (0, "protons")):
        of_class = judged[judged.truth_label == label]
        before, *others = (of_class[field].to_numpy() for field in cuts)
        print(f"{len(before):,} {what}, {name} keeps {efficiency(before)}")
        for field, after in zip(cuts[1:], others, strict=True):
            print(f"  {field.removeprefix(name + '_'):20} {change(before, after)}")


if __name__ == "__main__":
    main()
