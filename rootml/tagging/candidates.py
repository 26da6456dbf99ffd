"""The experiments a file may be from, where nobody said which."""

from __future__ import annotations

import warnings

from rootml.adapter import Adapter
from rootml.errors import RegistryError, RootmlWarning
from rootml.registry import get_adapter, list_adapters


def candidates() -> list[Adapter]:
    """Every installed adapter; one that cannot be loaded is left out with a warning."""
    sound = []
    for name in list_adapters():
        try:
            sound.append(get_adapter(name))
        except RegistryError as error:
            warnings.warn(f"left out: {error}", RootmlWarning, stacklevel=2)
    return sound
