"""The branches of PHYSLITE that are read: ATLAS's Event Data Model (xAOD), in MeV, mm and rad."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rootml.adapter import Branch


def _branches(container: str, names: Mapping[str, Branch]) -> dict[str, Branch]:
    """Branches of a container, as TTrees and RNTuples spell them."""
    return {
        key: Branch(
            (f"{container}AuxDyn.{branch.names[0]}", f"{container}AuxDyn:{branch.names[0]}"),
            branch.unit,
            branch.optional,
            branch.doc,
        )
        for key, branch in names.items()
    }


BRANCHES: Final = {
    **_branches(
        "AnalysisElectrons",
        {
            "pt": Branch(("pt",), "MeV", doc="calibrated"),
            "eta": Branch(("eta",)),
            "phi": Branch(("phi",), "rad"),
            "clusters": Branch(("caloClusterLinks",), doc="links to egammaClusters"),
            "tracks": Branch(("trackParticleLinks",), doc="links to GSFTrackParticles"),
            "truth_key": Branch(("TruthLink.m_persKey",), optional=True, doc="link to truth"),
            "truth_index": Branch(("TruthLink.m_persIndex",), optional=True),
        },
    ),
    **_branches(
        "egammaClusters",
        {
            "cluster_eta": Branch(("calEta",)),
            "cluster_phi": Branch(("calPhi",), "rad"),
            "eta_calo": Branch(("ETACALOFRAME",), doc="eta in the calorimeter's frame"),
            "samplings": Branch(("e_sampl",), "MeV", doc="energies of the layers hit"),
        },
    ),
    **_branches(
        "GSFTrackParticles",
        {
            "d0": Branch(("d0",), "mm"),
            "z0": Branch(("z0",), "mm"),
            "track_phi": Branch(("phi",), "rad"),
            "theta": Branch(("theta",), "rad"),
            "q_over_p": Branch(("qOverP",), "e/MeV"),
            "covariance": Branch(("definingParametersCovMatrixDiag",), doc="d0, z0, phi, theta"),
            "pixel": Branch(("numberOfPixelHits",)),
            "sct": Branch(("numberOfSCTHits",)),
        },
    ),
    **_branches("EventInfo", {"mu": Branch(("averageInteractionsPerCrossing",), doc="<mu>")}),
    **_branches("EventInfo", {"event": Branch(("eventNumber",), optional=True)}),
    **_branches("PrimaryVertices", {"vertex_type": Branch(("vertexType",))}),
    **_branches(
        "TruthElectrons", {"truth_e": Branch(("e",), "MeV", optional=True, doc="after radiation")}
    ),
}
