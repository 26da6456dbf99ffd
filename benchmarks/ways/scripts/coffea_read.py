"""A coffea processor that reads the network's columns and does nothing else."""

import sys

import awkward as ak
from coffea.nanoevents import BaseSchema
from coffea.processor import IterativeExecutor, ProcessorABC, Runner

NAMES = [f"x{i:02d}" for i in range(30)]


class Means(ProcessorABC):
    def process(self, events):
        return {name: float(ak.mean(events[name])) for name in NAMES}

    def postprocess(self, accumulator):
        return accumulator


run = Runner(IterativeExecutor(status=False), schema=BaseSchema, savemetrics=False)
run({"flat": {"files": {sys.argv[1]: "tree"}}}, Means())
