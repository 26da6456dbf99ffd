"""Higgs bosons that decay into taus: an experiment's package that is a declaration.

``htautau.adapter.yaml`` says what is read and what a network sees; the simulation is added.
"""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import as_file, files

from rootml.declared.adapter import declare
from rootml.declared.reading import read_declaration
from rootml.rootio.writing import Shape, SimulationWriter, flat_branches
from rootml_htautau.simulation import OPTIONS, simulate

__all__ = ["ADAPTER"]

with as_file(files(__name__) / "htautau.adapter.yaml") as _path:
    _DECLARED = declare(read_declaration(_path), "htautau")

ADAPTER = replace(
    _DECLARED,
    default_model="xgboost_htautau",
    simulate=simulate,
    simulation_options=OPTIONS,
    write=SimulationWriter(
        "htautau", simulate, {_DECLARED.layouts[0].name: Shape("higgsml", flat_branches)}
    ),
)
