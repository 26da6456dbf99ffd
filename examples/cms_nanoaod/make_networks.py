r"""Two networks for CMS NanoAOD, made by two libraries, and their cards.

    python make_networks.py nano_dy.root models
    rootml-tag nano_dy.root tagged.root --model models/electron_id.card.yaml \
        --model models/light_leptons.card.yaml

The inputs are computed here by hand, as in a training far from rootml; the cards say the same in a
few lines. A file of some dozen events trains no network worth its name: this shows the mechanism,
not physics. Needs scikit-learn, skl2onnx and torch (pip install "rootml[sklearn,torch]").
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

import awkward as ak
import numpy as np
import torch
import uproot
import vector
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import Tensor, nn

from rootml.spec import TensorSpec
from rootml.training.sklearn_export import export_estimator

HERE = Path(__file__).parent
JETS = 4


def main(source: str, folder: str) -> None:
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    branches = ["/(Electron|Muon|Jet|LHEPart)_.*/", "MET_pt"]
    events = uproot.open(source)["Events"].arrays(filter_name=branches)
    make_electron_id(events, target / "electron_id.onnx")
    make_light_leptons(events, target / "light_leptons.onnx")
    for network in target.glob("*.onnx"):
        seal(network)


def seal(network: Path) -> None:
    """Put the card beside the network, with the sha256 in the place that is still open."""
    card = (HERE / f"{network.stem}.card.yaml").read_text()
    sha256 = hashlib.sha256(network.read_bytes()).hexdigest()
    network.with_suffix(".card.yaml").write_text(card.replace("sha256: !TODO", f"sha256: {sha256}"))


def electron_inputs(events: ak.Array) -> tuple[np.ndarray, np.ndarray]:
    """(electrons, 8), and whether each electron is prompt."""
    e = ak.flatten(collection(events, "Electron"))
    e = e[e.pt > 5]
    columns = [
        np.log(e.pt), abs(e.eta), e.sieie, np.clip(e.hoe, 0, 2), e.r9, e.eInvMinusPInv,
        np.clip(e.pfRelIso03_all, 0, 5), np.minimum(abs(e.dxy), 0.5),
    ]  # fmt: skip
    return table(columns), ak.to_numpy(e.genPartFlav == 1)


def event_inputs(events: ak.Array) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """event (n, 4), jets (n, 4, 3) with their mask (n, 4); whether no tau is in the event."""
    electrons, muons, jets = (collection(events, name) for name in ("Electron", "Muon", "Jet"))
    mass = ak.where(ak.num(electrons) >= 2, pair_mass(electrons), pair_mass(muons))
    leptons = ak.num(electrons) + ak.num(muons)
    ht = ak.sum(jets.pt[jets.pt > 30], axis=1)
    event = table([mass, leptons, events.MET_pt, ht])
    jets = jets[jets.pt > 20]
    jets = jets[ak.argsort(-jets.pt, axis=1, stable=True)][:, :JETS]
    distance = ak.min(jets[:, :, None].deltaR(electrons[:, None]), axis=2)
    near = np.minimum(ak.fill_none(distance, 4), 4)
    columns = np.stack([padded(x) for x in (np.log(jets.pt), abs(jets.eta), near)], axis=2)
    mask = ak.to_numpy(ak.num(jets))[:, None] > np.arange(JETS)
    is_light = ~ak.any(abs(events.LHEPart_pdgId) == 15, axis=1)
    return {"event": event, "jets": columns, "jets_mask": mask}, ak.to_numpy(is_light)


def table(columns: list[ak.Array]) -> np.ndarray:
    """(rows, columns) in float32."""
    return np.stack([ak.to_numpy(column) for column in columns], axis=1).astype("f4")


def collection(events: ak.Array, name: str) -> ak.Array:
    """The objects called ``name``, as four-vectors."""
    fields = [field for field in events.fields if field.startswith(f"{name}_")]
    return vector.zip({field.removeprefix(f"{name}_"): events[field] for field in fields})


def pair_mass(objects: ak.Array) -> ak.Array:
    """Mass of the first two objects of each event in GeV; 0 where there are fewer."""
    pair = ak.pad_none(objects, 2)
    return ak.fill_none((pair[:, 0] + pair[:, 1]).mass, 0)


def padded(values: ak.Array) -> np.ndarray:
    """(events, JETS), zeros behind the last."""
    return ak.to_numpy(ak.fill_none(ak.pad_none(values, JETS, clip=True), 0)).astype("f4")


def make_electron_id(events: ak.Array, path: Path) -> None:
    """A logistic regression of scikit-learn, exported by skl2onnx."""
    inputs, is_prompt = electron_inputs(events)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(inputs, is_prompt)
    export_estimator(model, [TensorSpec("features", inputs.shape[1:])], path)


class LightLeptons(nn.Module):
    """The jets that are there, summed up, beside four numbers of the event."""

    def __init__(self) -> None:
        super().__init__()
        self.each = nn.Sequential(nn.Linear(3, 8), nn.ReLU())
        self.all = nn.Sequential(nn.Linear(8 + 4, 8), nn.ReLU(), nn.Linear(8, 1))
        self.register_buffer("scale", torch.tensor([100.0, 1.0, 50.0, 100.0]))

    def forward(self, event: Tensor, jets: Tensor, jets_mask: Tensor) -> Tensor:
        seen = (self.each(jets) * jets_mask[..., None]).sum(dim=1)
        return torch.sigmoid(self.all(torch.cat([event / self.scale, seen], dim=1)))[:, 0]


def make_light_leptons(events: ak.Array, path: Path) -> None:
    """A sum over jets, trained for some steps with torch and exported to ONNX."""
    arrays, is_light = event_inputs(events)
    inputs = {name: torch.from_numpy(array) for name, array in arrays.items()}
    truth = torch.from_numpy(is_light.astype("f4"))
    torch.manual_seed(1)
    model = LightLeptons()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(100):
        optimizer.zero_grad()
        nn.functional.binary_cross_entropy(model(**inputs), truth).backward()
        optimizer.step()
    batch = {name: {0: torch.export.Dim("n")} for name in inputs}
    torch.onnx.export(
        model.eval(), kwargs=inputs, f=path, input_names=[*inputs], output_names=["score"],
        dynamic_shapes=batch, dynamo=True, external_data=False, verbose=False,
    )  # fmt: skip


if __name__ == "__main__":
    main(*sys.argv[1:])
