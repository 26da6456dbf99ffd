"""What was measured on: processor, cores, memory, versions of libraries."""

from __future__ import annotations

import json
import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

from contest import BENCH, PYTHON

PACKAGES = ["numpy", "awkward", "uproot", "onnxruntime", "openvino", "coffea", "torch"]
PACKAGES += ["weaver-core", "root"]

ASK = """
import json, sys
from importlib.metadata import PackageNotFoundError, version
found = {}
for name in sys.argv[1:]:
    try:
        found[name] = version(name)
    except PackageNotFoundError:
        pass
print(json.dumps(found))
"""


def describe() -> dict[str, object]:
    """The machine, and versions of what takes part; without the date equal for equal conditions."""
    python = BENCH if shutil.which(BENCH) else PYTHON
    asked = subprocess.run([python, "-c", ASK, *PACKAGES], capture_output=True, check=True)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "memory GB": round(memory / 2**30),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "rootml": revision(),
        "packages": json.loads(asked.stdout),
    }


def today() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d")


def processor() -> str:
    """Name and family of the processor, and whether it has units for matrices."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    said = {key.strip(): value.strip() for key, value in fields.items()}
    name = said.get("model name", platform.machine())
    extras = [flag for flag in ("avx512f", "amx_bf16") if flag in said.get("flags", "").split()]
    model = f"family {said.get('cpu family')} model {said.get('model')}"
    return ", ".join([name, model, *extras])


def revision() -> str:
    """The commit that is checked out, with ``-dirty`` where files of the library differ."""
    here = Path(__file__).parent
    command = ["git", "-C", str(here), "describe", "--always", "--dirty", "--abbrev=7"]
    said = subprocess.run(command, capture_output=True, text=True, check=False)
    return said.stdout.strip() or "unknown"
