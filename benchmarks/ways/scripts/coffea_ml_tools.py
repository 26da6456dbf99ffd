"""(d) A coffea processor with coffea's own wrapper of torch; the scores become a friend tree."""

import sys
import warnings

import awkward as ak
import numpy as np
import uproot
from coffea.ml_tools import torch_wrapper
from coffea.nanoevents import BaseSchema
from coffea.processor import IterativeExecutor, ProcessorABC, Runner, column_accumulator

source, network, target = sys.argv[1:]
NAMES = [f"x{i:02d}" for i in range(30)]


class Network(torch_wrapper):
    def prepare_awkward(self, events):
        return [np.stack([ak.to_numpy(events[name]) for name in NAMES], axis=1)], {}

    def validate_numpy_input(self, x):
        assert x.dtype == np.float32


class Scores(ProcessorABC):
    def __init__(self):
        self.network = Network(network)

    def process(self, events):
        return {"score": column_accumulator(ak.to_numpy(self.network(events)).ravel())}

    def postprocess(self, accumulator):
        return accumulator


warnings.simplefilter("ignore")
run = Runner(IterativeExecutor(status=False), schema=BaseSchema, savemetrics=False)
found = run({"flat": {"files": {source: "tree"}}}, Scores())
with uproot.recreate(target) as out:
    out.mktree("tree", {"score": "f4"}).extend({"score": found["score"].value})
