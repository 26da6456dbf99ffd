r"""Scores of electrons in two experiments, by one coffea processor.

    python ../cms_nanoaod/make_networks.py nano_dy.root cms
    python ../atlas_physlite/make_networks.py PHYSLITE_example.root atlas
    python electron_scores.py scores.png \
        nano_dy.root cms/electron_id.card.yaml PHYSLITE_example.root atlas/electron_id.card.yaml

The networks are trained on the handful of events that they judge here: this shows the mechanism,
not physics. Needs coffea (pip install "rootml[coffea]").
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import awkward as ak
import hist
import matplotlib.pyplot as plt
import mplhep
from coffea.nanoevents import NanoAODSchema, PHYSLITESchema
from coffea.processor import IterativeExecutor, ProcessorABC, Runner

import rootml
from rootml.runtime.model import Model


@dataclass(frozen=True)
class Experiment:
    """Where coffea puts the electrons, and which of them are signal."""

    title: str
    schema: type
    tree: str
    collection: str
    truth: str
    signal: int
    meaning: str


CMS = Experiment("CMS NanoAOD", NanoAODSchema, "Events", "Electron", "genPartFlav", 1, "prompt")
ATLAS = Experiment(
    "ATLAS PHYSLITE", PHYSLITESchema, "CollectionTree", "Electrons", "truthType", 2, "isolated"
)


class ElectronScores(ProcessorABC):
    """A histogram of the scores of electrons, by whether they are signal."""

    def __init__(self, model: Model, experiment: Experiment):
        self.model = model
        self.experiment = experiment

    def process(self, events: ak.Array) -> dict[str, Any]:
        events = rootml.annotate(events, self.model)
        electrons = events[self.experiment.collection]
        electrons = ak.flatten(electrons[electrons.electron_id_score >= 0])  # the others are NaN
        scores = hist.Hist.new.Bool(name="signal").Reg(10, 0, 1, name="score").Double()
        scores.fill(
            signal=electrons[self.experiment.truth] == self.experiment.signal,
            score=electrons.electron_id_score,
        )
        return {"scores": scores, "events": len(events)}

    def postprocess(self, accumulator: Any) -> Any:
        return accumulator


def scores_of(file: str, card: str, experiment: Experiment) -> hist.Hist:
    """What the processor gives; any other executor gives the same."""
    executor = IterativeExecutor(status=False)
    run = Runner(executor, schema=experiment.schema, chunksize=100, savemetrics=False)
    processor = ElectronScores(rootml.load(card), experiment)
    fileset = {experiment.title: {"files": {file: experiment.tree}}}
    return run(fileset, processor)["scores"]


def draw(axes: plt.Axes, scores: hist.Hist, experiment: Experiment) -> None:
    for signal, label in ((True, experiment.meaning), (False, "other")):
        mplhep.histplot(scores[signal, :], yerr=True, ax=axes, label=label)
    axes.set(xlim=(0, 1), xlabel="score", ylabel="electrons / 0.1", title=experiment.title)
    axes.set_ylim(bottom=0)
    axes.legend()


def main(target: str, *words: str) -> None:
    figure, panels = plt.subplots(1, 2, figsize=(10, 4), layout="constrained")
    pairs = zip(words[::2], words[1::2], strict=True)
    for axes, (file, card), experiment in zip(panels, pairs, (CMS, ATLAS), strict=True):
        draw(axes, scores_of(file, card, experiment), experiment)
    figure.savefig(target, dpi=150)


if __name__ == "__main__":
    main(*sys.argv[1:])
