"""(c) The peak of Z -> ee before and after the network, in simulation and in 'data'.

\b
    python examples/atlas/c_z_peak.py --model film_atlas
"""

from __future__ import annotations

from energies import zee
from energies.options import Options, command
from energies.study import Study

from rootml.cli import run


def main(options: Options) -> None:
    study = Study("c", "c_z_peak", "The peak of the Z", options)
    model = study.model()
    for name in filter(study.has, zee.SAMPLES):
        zee.show(study, name, {model.title: model})
    study.write()


if __name__ == "__main__":
    run(command(main), "c_z_peak.py")
