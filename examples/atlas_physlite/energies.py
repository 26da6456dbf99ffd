r"""Energies of electrons in ATLAS PHYSLITE by a network, in the place of those of the file.

    python energies.py PHYSLITE_example.root tagged.root

The network is the default one of the format. Its energies lie in the same order as the tree's own
electrons, so that they take their place in any expression: here in the mass of pairs. The network
was trained on a simulation that is not ATLAS's: this shows the mechanism, not a calibration.
"""

from __future__ import annotations

import sys

import awkward as ak
import numpy as np
import uproot
import vector

import rootml

ELECTRON_MASS = 0.000511
"""GeV."""


def main(source: str, target: str, model: str | None = None) -> None:
    """Tag the file; print how many electrons were judged, and the masses of pairs."""
    result = rootml.tag_file(source, target, model, plots=False)
    (network,) = result.plan.models
    with uproot.open(target) as file:
        electrons = read_electrons(file[result.plan.tree], network.card.name)
    judged = electrons[~np.isnan(electrons.network)]
    print(f"{network.card.name}: {ak.count(judged.pt)} of {ak.count(electrons.pt)} electrons")
    for name in ("calibrated", "network"):
        masses = pair_masses(judged, judged[name])
        print(f"{name}: {len(masses)} pairs, median mass {np.median(masses):.1f} GeV")


def read_electrons(tree: uproot.TTree, network: str) -> ak.Array:
    """The electrons of each event; energies in GeV as calibrated, by the network, and its error."""
    sign = "." if isinstance(tree, uproot.TTree) else ":"
    names = ("pt", "eta", "phi", "charge")
    own = {name: tree[f"AnalysisElectronsAuxDyn{sign}{name}"].array() for name in names}
    own["pt"] = own["pt"] / 1000
    return ak.zip(
        own
        | {
            "calibrated": own["pt"] * np.cosh(own["eta"]),
            "network": tree[f"Electron_{network}_energy"].array(),
            "error": tree[f"Electron_{network}_error"].array(),
        }
    )


def pair_masses(electrons: ak.Array, energy: ak.Array) -> np.ndarray:
    """Masses in GeV of all pairs of opposite charge in an event, with these energies in GeV."""
    p4 = vector.zip(
        {
            "pt": energy / np.cosh(electrons.eta),
            "eta": electrons.eta,
            "phi": electrons.phi,
            "mass": ak.full_like(energy, ELECTRON_MASS),
            "charge": electrons.charge,
        }
    )
    first, second = ak.unzip(ak.combinations(p4, 2))
    opposite = first.charge * second.charge < 0
    masses: np.ndarray = ak.to_numpy(ak.flatten((first + second).mass[opposite]))
    return masses


if __name__ == "__main__":
    main(*sys.argv[1:])
