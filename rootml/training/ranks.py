"""Which of several processes that train together this one is."""

from __future__ import annotations

import os

VARIABLES = ("RANK", "SLURM_PROCID", "NODE_RANK", "LOCAL_RANK")
"""What torchrun, SLURM and Lightning number their processes by."""


def is_first() -> bool:
    """Whether this process is the first one, which writes what all have trained."""
    return all(os.environ.get(name, "0") == "0" for name in VARIABLES)
