"""Events with a lepton and a hadronic tau decay, in four-vectors: Higgs bosons and background."""

from rootml_htautau.simulation.generate import simulate

__all__ = ["simulate"]
