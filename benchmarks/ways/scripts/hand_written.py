"""(b) What one writes by hand: the scores in a tree of their own, a friend of the input."""

import sys

import numpy as np
import onnxruntime as ort
import uproot

source, network, target = sys.argv[1:]
options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
names = [f"x{i:02d}" for i in range(30)]
with uproot.recreate(target) as out:
    tree = out.mktree("tree", {"score": "f4"})
    for chunk in uproot.iterate(f"{source}:tree", names, step_size="16 MB", library="np"):
        x = np.empty((len(chunk["x00"]), len(names)), np.float32)
        for i, name in enumerate(names):
            x[:, i] = chunk[name]
        starts = range(0, len(x), 1024)
        scores = [session.run(None, {"x": x[i : i + 1024]})[0] for i in starts]
        tree.extend({"score": np.concatenate(scores).ravel()})
