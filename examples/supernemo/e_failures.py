"""(e) Events that are counted wrong: what they look like, and what they have in common.

\b
    python examples/supernemo/e_failures.py

Of the events of (a), and more of the same kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from counted.accuracy import share
from counted.draw import gallery
from counted.events import Counted, counted, opened, test_sample
from counted.failures import TRAITS, surest, traits
from counted.options import Options, command
from counted.pictures import hits
from counted.study import Study

from rootml.cli import run
from rootml.spec import Array

SHOWN = 6


def main(options: Options) -> None:
    study = Study("e", "e_failures", "Events counted wrong", options)
    model = study.network(opened(options.model))
    events = test_sample(options.test_events, options.seed)
    found = counted(events, model)
    wrong = surest(found)
    several = found.truth > 1
    sure = np.max(found.probabilities, axis=1)
    study.note(
        events=len(events),
        wrong=len(wrong),
        sure={name: share(sure[which] > 0.9) for name, which in _halves(found).items()},
        several=int(several.sum()),
        traits=compared(traits(events[several]), found.right[several]),
    )
    pictures = [(hits(events[int(at)]), said(found, int(at))) for at in wrong[:SHOWN]]
    study.draw(
        "gallery", "The surest of the events that are counted wrong", lambda s: gallery(s, pictures)
    )
    study.write()


def _halves(found: Counted) -> dict[str, Array]:
    return {"right": found.right, "wrong": ~found.right}


def compared(found: dict[str, Array], right: Array) -> dict[str, Any]:
    """How often events with and without each trait are counted wrong, and how many have it."""
    texts = {**TRAITS, "any": "one of these"}
    return {
        text: {
            "of_wrong": share(found[name][~right]),
            "of_right": share(found[name][right]),
            "wrong_with": share(~right[found[name]]),
            "wrong_without": share(~right[~found[name]]),
        }
        for name, text in texts.items()
    }


def said(found: Counted, at: int) -> str:
    """What stands over the picture of an event."""
    count = int(found.count[at])
    sure = found.probabilities[at, count]
    percent = f"{100 * sure:.1f}" if sure < 0.9995 else ">99.9"
    return f"{found.truth[at]} tracks, counted {count} ({percent} %)"


if __name__ == "__main__":
    run(command(main, test_events=60_000), "e_failures.py")
