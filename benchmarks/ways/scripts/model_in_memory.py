"""The engine that ``rootml-tag`` takes for a network of AMS, on images in memory."""

import json
import os
import sys
import time

import uproot

import rootml

source, name = sys.argv[1:]
model = rootml.load(name)
image = uproot.open(f"{source}:t1/edep_cell").array(library="np").reshape(-1, 1, 18, 72)
model({"image": image[:256]})
start, start_cpu = time.perf_counter(), os.times()
model({"image": image})
cpu = os.times()
seconds_cpu = cpu.user + cpu.system - start_cpu.user - start_cpu.system
print(json.dumps([time.perf_counter() - start, seconds_cpu]))
