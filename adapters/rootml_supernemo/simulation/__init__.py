"""Simulation of tracks in the SuperNEMO demonstrator, one stage a file."""

from rootml_supernemo.simulation.generate import simulate
from rootml_supernemo.simulation.options import OPTIONS

__all__ = ["OPTIONS", "simulate"]
