"""Simulation of electrons and protons in the calorimeter of AMS-02, one stage a file."""

from rootml_ams.simulation.datasets import OPTIONS
from rootml_ams.simulation.generate import simulate

__all__ = ["OPTIONS", "simulate"]
