"""(b) The talk's networks and rootml's, all trained on the same few events for as long.

\b
    python examples/supernemo/b_talk_networks.py --events 12500 --epochs 8

They are tested on the events of (a).
"""

from __future__ import annotations

from counted.accuracy import accuracies, difference
from counted.draw import classes
from counted.events import counted, test_sample
from counted.options import Options, command
from counted.study import Study
from counted.trainings import chosen, trained, training_sample

from rootml.cli import run

OURS = "ntracks_supernemo"


def main(options: Options) -> None:
    study = Study("b", "b_talk_networks", "Networks of the talk, trained small", options)
    titles = chosen(options)
    sample = training_sample(options)
    models = {
        title: study.network(trained(options, name, sample), title)
        for name, title in titles.items()
    }
    events = test_sample(options.test_events, options.seed)
    found = {title: counted(events, model) for title, model in models.items()}
    study.note(
        events=len(events), accuracy={title: accuracies(one) for title, one in found.items()}
    )
    if OURS in titles:
        ours = found.pop(titles[OURS])
        behind = {title: difference(ours, one) for title, one in found.items()}
        study.note(ours=titles[OURS], behind=behind)
    study.draw(
        "classes",
        "Events counted wrong by true number of tracks; the lines are those of the talk",
        lambda style: classes(style, study.record["numbers"]["accuracy"]),
    )
    study.write()


if __name__ == "__main__":
    run(command(main), "b_talk_networks.py")
