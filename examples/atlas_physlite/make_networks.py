r"""Two networks for ATLAS PHYSLITE, and their cards.

    python make_networks.py PHYSLITE_example.root models
    rootml-tag PHYSLITE_example.root tagged.root --model models/electron_id.card.yaml \
        --model models/electron_pair.card.yaml

The inputs are computed here by hand, as in a training far from rootml; the cards say the same in a
few lines. The same cards read PHYSLITE as an RNTuple. A file of some dozen events trains no network
worth its name: this shows the mechanism, not physics. Needs scikit-learn and skl2onnx
(pip install "rootml[sklearn]").
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import awkward as ak
import numpy as np
import uproot
import vector
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from rootml.spec import TensorSpec
from rootml.training.sklearn_export import export_estimator

HERE = Path(__file__).parent
ELECTRONS = "AnalysisElectronsAuxDyn"
PROPERTIES = (
    "pt", "eta", "phi", "charge", "f1", "topoetcone20", "DFCommonElectronsLHLoose", "truthType"
)  # fmt: skip


def main(source: str, folder: str) -> None:
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    electrons = read_electrons(source)
    for name, inputs in {"electron_id": electron_inputs, "electron_pair": pair_inputs}.items():
        columns, is_signal = inputs(electrons)
        model = make_pipeline(StandardScaler(), LogisticRegression()).fit(columns, is_signal)
        network = target / f"{name}.onnx"
        export_estimator(model, [TensorSpec("features", columns.shape[1:])], network)
        seal(network)


def seal(network: Path) -> None:
    """Put the card beside the network, with the sha256 in the place that is still open."""
    card = (HERE / f"{network.stem}.card.yaml").read_text()
    sha256 = hashlib.sha256(network.read_bytes()).hexdigest()
    network.with_suffix(".card.yaml").write_text(card.replace("sha256: !TODO", f"sha256: {sha256}"))


def read_electrons(source: str) -> ak.Array:
    """The electrons of each event, as four-vectors in GeV."""
    file = uproot.open(source)
    tree, sign = (file["EventData"], ":") if "EventData" in file else (file["CollectionTree"], ".")
    fields = {name: tree[f"{ELECTRONS}{sign}{name}"].array() for name in PROPERTIES}
    fields["pt"] = fields["pt"] / 1000
    return vector.zip(fields | {"mass": ak.full_like(fields["pt"], 0.000511)})


def electron_inputs(electrons: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """(electrons, 5), and whether each is an isolated electron."""
    e = ak.flatten(electrons)
    isolation = np.clip(e.topoetcone20 / 1000 / e.pt, -1, 2)
    return table([e.pt, abs(e.eta), e.f1, isolation, e.DFCommonElectronsLHLoose]), e.truthType == 2


def pair_inputs(electrons: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """(events with two electrons, 5), and whether both are isolated electrons."""
    electrons = electrons[ak.num(electrons) >= 2]
    first, second = electrons[:, 0], electrons[:, 1]
    columns = [
        (first + second).mass, first.pt, second.pt, first.deltaR(second),
        first.charge * second.charge,
    ]  # fmt: skip
    return table(columns), (first.truthType == 2) & (second.truthType == 2)


def table(columns: list[ak.Array]) -> np.ndarray:
    """(rows, columns) in float32."""
    return np.stack([ak.to_numpy(column) for column in columns], axis=1).astype("f4")


if __name__ == "__main__":
    main(*sys.argv[1:])
