"""Events as the inputs of the published boosters, in their order.

Orders: ``TRAINVAR`` and ``TRAINVARZP`` of github.com/ubneutrinos/PELEE, ``load_data_run123.py``;
the module ``BDT`` of searchingfornues has the same.
"""

from __future__ import annotations

from collections.abc import Mapping

import awkward as ak
import numpy as np

from rootml.adapter import Summary, Variation, View
from rootml.spec import Array, Batch, TensorSpec
from rootml.variations import scaled

PROTONS = (
    "shr_score",
    "tksh_distance",
    "tksh_angle",
    "shr_tkfit_dedx_max",
    "trkfit",
    "trkpid",
    "subcluster",
    "shrmoliereavg",
    "trkshrhitdist2",
    "hits_ratio",
    "secondshower_Y_nhit",
    "secondshower_Y_vtxdist",
    "secondshower_Y_dot",
    "anglediff_Y",
    "CosmicIPAll3D",
    "CosmicDirAll3D",
)
_SECOND = ("secondshower_{}_nhit", "secondshower_{}_vtxdist", "secondshower_{}_dot", "anglediff_{}")
NO_PROTONS = (
    "shrmoliereavg",
    "shr_score",
    "trkfit",
    "subcluster",
    "CosmicIPAll3D",
    "CosmicDirAll3D",
    *(name.format(plane) for plane in ("Y", "V", "U") for name in _SECOND),
    *(f"shr_tkfit_2cm_dedx_{plane}" for plane in ("U", "V", "Y")),
    *(f"shr_tkfit_gap10_dedx_{plane}" for plane in ("U", "V", "Y")),
    "shrMCSMom",
    "DeltaRMS2h",
    "shrPCA1CMed_5cm",
    "CylFrac2h_1cm",
)


def _view(name: str, columns: tuple[str, ...], chosen: str, doc: str) -> View:
    """A view with one vector of ``columns``, of the events for which ``chosen`` is true."""

    def build(events: ak.Array) -> Batch:
        judged = ak.to_numpy(events[chosen])
        features = np.empty((int(judged.sum()), len(columns)), np.float32)
        for place, column in enumerate(columns):
            features[:, place] = ak.to_numpy(events[column])[judged]
        return Batch({"features": features}, judged)

    def summary(column: str, text: str) -> Summary:
        place = columns.index(column)

        def compute(tensors: Mapping[str, Array]) -> Array:
            values: Array = tensors["features"][:, place].astype(np.float64)
            return values

        return Summary(column, compute, doc=text)

    return View(
        name=name,
        columns=(*columns, chosen),
        tensors=(TensorSpec("features", (len(columns),), columns=columns, allow_nan=True),),
        build=build,
        summaries=(
            summary("shr_score", "score of the shower, 0 shower to 1 track"),
            summary("trkfit", "share of the shower's points that a track fit takes"),
            summary("subcluster", "pieces of the shower"),
        ),
        doc=doc,
        variations={
            "dedx_scale": Variation(
                scaled(*(name for name in columns if "dedx" in name), where=lambda dedx: dedx > 0),
                nominal=1,
                doc="factor of the energy loss at the shower's start, where it was measured: "
                "calibration of the charge (C. Adams et al., JINST 15 (2020) P03022)",
            )
        },
    )


NUE_NP = _view(
    "nue_np",
    PROTONS,
    "with_tracks",
    "16 variables of a shower with at least one track: electron neutrinos with protons.",
)
NUE_0P = _view(
    "nue_0p",
    NO_PROTONS,
    "without_tracks",
    "28 variables of a shower without tracks: electron neutrinos without visible protons.",
)
VIEWS = {view.name: view for view in (NUE_NP, NUE_0P)}
