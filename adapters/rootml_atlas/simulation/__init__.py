"""Simulation of electrons and photons in the barrel calorimeter of ATLAS, one stage a file."""

from rootml_atlas.simulation.generate import simulate
from rootml_atlas.simulation.options import OPTIONS

__all__ = ["OPTIONS", "simulate"]
