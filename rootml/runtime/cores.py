"""The cores that are this process's share, and what they can do."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def available_cores() -> int:
    """Cores that this process may run on, which a batch system may have limited.

    HTCondor and dask do so by the variable OMP_NUM_THREADS
    (https://htcondor.readthedocs.io, STARTER_NUM_THREADS_ENV_VARS), others by the affinity.
    """
    asked = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    limit = int(asked) if asked.isdecimal() and int(asked) else sys.maxsize
    if hasattr(os, "sched_getaffinity"):
        return min(limit, len(os.sched_getaffinity(0)))
    return min(limit, os.cpu_count() or 1)


def has_amx() -> bool:
    """Whether the processor multiplies matrices in bfloat16 at once (AMX); Linux alone tells."""
    try:
        return " amx_bf16" in Path("/proc/cpuinfo").read_text()
    except OSError:
        return False
