"""(a) The engine alone: tensors in memory, one thread; prints its own seconds."""

import json
import sys
import time

import numpy as np
import onnxruntime as ort
import uproot

source, network = sys.argv[1:]
names = [f"x{i:02d}" for i in range(30)]
columns = uproot.open(f"{source}:tree").arrays(names, library="np")
x = np.stack([columns[name] for name in names], axis=1)
options = ort.SessionOptions()
options.intra_op_num_threads = 1
session = ort.InferenceSession(network, options, providers=["CPUExecutionProvider"])
session.run(None, {"x": x[:1024]})
start, start_cpu = time.perf_counter(), time.process_time()
for i in range(0, len(x), 1024):
    session.run(None, {"x": x[i : i + 1024]})
print(json.dumps([time.perf_counter() - start, time.process_time() - start_cpu]))
