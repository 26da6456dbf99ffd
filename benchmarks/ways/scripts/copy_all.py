"""(c) The same by hand with all branches in one file: everything is read and written again."""

import sys

import numpy as np
import onnxruntime as ort
import uproot

source, network, target, compression = sys.argv[1:]
options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
names = [f"x{i:02d}" for i in range(30)]
kept = [*names, "jet_pt"]
types = dict.fromkeys(names, "float32") | {"jet_pt": "var * float32", "score": "float32"}
with uproot.recreate(target, compression=getattr(uproot, compression)(1)) as out:
    tree = out.mktree("tree", types)
    for chunk in uproot.iterate(f"{source}:tree", kept, step_size="16 MB"):
        x = np.stack([chunk[name].to_numpy() for name in names], axis=1)
        starts = range(0, len(x), 1024)
        scores = [session.run(None, {"x": x[i : i + 1024]})[0] for i in starts]
        columns = {name: chunk[name] for name in kept}
        tree.extend(columns | {"score": np.concatenate(scores).ravel()})
