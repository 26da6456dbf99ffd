"""(h) A coffea processor with ``rootml.annotate``; the scores become a friend tree."""

import sys

import awkward as ak
import uproot
from coffea.nanoevents import BaseSchema
from coffea.processor import IterativeExecutor, ProcessorABC, Runner, column_accumulator

import rootml

source, card, target = sys.argv[1:]


class Scores(ProcessorABC):
    def __init__(self):
        self.model = rootml.load(card)

    def process(self, events):
        events = rootml.annotate(events, self.model)
        return {"score": column_accumulator(ak.to_numpy(events.flat_score))}

    def postprocess(self, accumulator):
        return accumulator


run = Runner(IterativeExecutor(status=False), schema=BaseSchema, savemetrics=False)
found = run({"flat": {"files": {source: "tree"}}}, Scores())
with uproot.recreate(target) as out:
    out.mktree("tree", {"score": "f4"}).extend({"score": found["score"].value})
