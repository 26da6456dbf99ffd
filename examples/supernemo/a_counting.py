"""(a) Tracks counted in fresh clean events: what is taken for what, beside the talk.

\b
    python examples/supernemo/a_counting.py
"""

from __future__ import annotations

from counted.accuracy import accuracies, confusion
from counted.events import counted, opened, test_sample
from counted.options import Options, command
from counted.study import Study

from rootml.cli import run


def main(options: Options) -> None:
    study = Study("a", "a_counting", "Tracks of clean events", options)
    model = study.network(opened(options.model))
    found = counted(test_sample(options.test_events, options.seed), model)
    study.note(events=len(found.truth), accuracy=accuracies(found), confusion=confusion(found))
    study.write()


if __name__ == "__main__":
    run(command(main), "a_counting.py")
