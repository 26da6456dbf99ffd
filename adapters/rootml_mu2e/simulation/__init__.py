"""Simulation of electron tracks in Mu2e, one stage a file."""

from rootml_mu2e.simulation.generate import OPTIONS, simulate

__all__ = ["OPTIONS", "simulate"]
