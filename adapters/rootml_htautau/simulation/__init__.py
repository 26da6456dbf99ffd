"""Events with a lepton and a hadronic tau decay, in four-vectors: Higgs bosons and background."""

from rootml_htautau.simulation.generate import OPTIONS, simulate

__all__ = ["OPTIONS", "simulate"]
