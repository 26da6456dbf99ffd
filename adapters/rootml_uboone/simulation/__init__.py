"""A fast model of selected events in MicroBooNE: neutrinos and cosmic particles."""

from rootml_uboone.simulation.generate import OPTIONS, simulate

__all__ = ["OPTIONS", "simulate"]
