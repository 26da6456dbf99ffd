"""Whether what is read is checked, and how a file that fails is refused."""

from __future__ import annotations

import os
from typing import Final

from rootml.errors import DataError

VARIABLE: Final = "ROOTML_AMS_CHECKS"
"""Environment variable; ``off`` lets files pass unchecked."""


def switched_off() -> bool:
    """Whether the user asks to have files read as they are."""
    return os.environ.get(VARIABLE, "").lower() in ("off", "no", "0")


def refusal(problem: str) -> DataError:
    """The error that names a ``problem`` of a whole file, and what to do."""
    return DataError(f"{problem}. Correct the file; {VARIABLE}=off reads it as it is")
