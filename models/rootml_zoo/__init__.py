"""Networks shipped with rootml."""

from __future__ import annotations

from importlib.resources import files

CARDS = files(__name__) / "weights"
"""Folder of the shipped cards."""
