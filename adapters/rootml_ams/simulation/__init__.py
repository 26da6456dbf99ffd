"""Simulation of electrons and protons in the calorimeter of AMS-02, one stage a file."""

from rootml_ams.simulation.generate import OPTIONS, simulate

__all__ = ["OPTIONS", "simulate"]
