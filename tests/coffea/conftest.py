"""Events shaped like NanoAOD, and networks that judge electrons or events of them."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml
from click.testing import CliRunner

from rootml.commands.models import models

pytest.importorskip("coffea")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # of coffea, and of what it imports, on themselves
    import dask
    from coffea.nanoevents import BaseSchema, NanoAODSchema, NanoEventsFactory

ENTRIES = 300
ELECTRONS: dict[str, Any] = {
    "per": "Electron",
    "select": "Electron_pt > 5",
    "tensors": {"features": ["Electron_pt / 10", "abs(Electron_eta)"]},
    "variations": {"pt_scale": {"scale": ["Electron_pt"]}},
}
EVENTS: dict[str, Any] = {"tensors": {"features": ["MET_pt / 10", "nElectron + nMuon"]}}


@pytest.fixture(autouse=True)
def quiet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The file lacks what NanoAOD has beside; one optimisation fails with dask from 2025.4 on."""
    monkeypatch.setattr(NanoAODSchema, "warn_missing_crossrefs", False)
    with dask.config.set({"awkward.optimization.which": ["columns"]}):
        yield


@pytest.fixture(scope="session")
def content() -> dict[str, ak.Array]:
    rng = np.random.default_rng(3)

    def objects(mean: float) -> ak.Array:
        counts = rng.poisson(mean, ENTRIES)
        total = int(counts.sum())
        columns = {
            "pt": rng.exponential(20, total), "eta": rng.normal(0, 1.5, total),
            "phi": rng.uniform(-3, 3, total), "mass": np.full(total, 0.000511),
        }  # fmt: skip
        flat = {name: values.astype("f4") for name, values in columns.items()}
        flat["charge"] = rng.choice(np.array([-1, 1], "i4"), total)
        return ak.unflatten(ak.zip(flat), counts)

    return {
        "run": np.ones(ENTRIES, "u4"),
        "luminosityBlock": np.ones(ENTRIES, "u4"),
        "event": np.arange(ENTRIES, dtype="u8"),
        "Electron": objects(1.3),
        "Muon": objects(0.8),
        "MET_pt": rng.exponential(30, ENTRIES).astype("f4"),
        "MET_phi": rng.uniform(-3, 3, ENTRIES).astype("f4"),
    }


@pytest.fixture(scope="session")
def nano(tmp_path_factory: pytest.TempPathFactory, content: dict[str, ak.Array]) -> Path:
    path = tmp_path_factory.mktemp("nano") / "nano.root"
    types = {name: getattr(values, "dtype", None) or ak.type(values).content
             for name, values in content.items()}  # fmt: skip
    with uproot.recreate(path) as file:
        tree = file.mktree("Events", types)
        for start in range(0, ENTRIES, 100):
            tree.extend({name: values[start : start + 100] for name, values in content.items()})
    return path


@pytest.fixture(scope="session")
def make_card(
    tmp_path_factory: pytest.TempPathFactory, write_network: Callable[..., Path]
) -> Callable[..., Path]:
    """``make_card(name, adapter, weight=0.1)``: sigmoid(weight * sum of features).

    ``numbers``: that many times, as one output.
    """

    def make(
        name: str,
        adapter: dict[str, Any],
        folder: Path | None = None,
        numbers: int | None = None,
        **how: Any,
    ) -> Path:
        place = folder or tmp_path_factory.mktemp("cards")
        columns = len(adapter["tensors"]["features"])
        network = place / f"{name}.onnx"
        if numbers is not None:
            how |= {"scores": numbers, "score_shape": ("n", numbers)}
        write_network(network, cells="features", shape=("n", columns), **how)
        sha256 = hashlib.sha256(network.read_bytes()).hexdigest()
        card = {
            "card_version": 1,
            "name": name,
            "version": "1.0",
            "title": name,
            "adapter": {"title": "NanoAOD", "trees": ["Events"], **adapter},
            "network": {"file": network.name, "sha256": sha256},
            "outputs": [{"name": "score", "shape": [] if numbers is None else [numbers]}],
            "training": {"data": "none: the weights are all alike"},
        }
        path = place / f"{name}.card.yaml"
        path.write_text(yaml.safe_dump(card))
        return path

    return make


@pytest.fixture(scope="session")
def eid(make_card: Callable[..., Path]) -> Path:
    return make_card("eid", ELECTRONS)


@pytest.fixture(scope="session")
def known(eid: Path, nano: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The card of ``eid`` with a training domain, that of the file."""
    folder = tmp_path_factory.mktemp("known") / "eid"
    done = CliRunner().invoke(models, ["domain", str(eid), str(nano), "-o", str(folder)])
    assert done.exit_code == 0, done
    return folder / eid.name


@pytest.fixture(scope="session")
def kind(make_card: Callable[..., Path]) -> Path:
    return make_card("kind", EVENTS)


@pytest.fixture(scope="session")
def eid_scores(content: dict[str, ak.Array]) -> ak.Array:
    return judged(content["Electron"])


@pytest.fixture(scope="session")
def judge() -> Callable[[ak.Array], ak.Array]:
    """What the network ``eid`` says of electrons."""
    return judged


def judged(electrons: ak.Array) -> ak.Array:
    sums = electrons.pt / 10 + abs(electrons.eta)
    return ak.where(electrons.pt > 5, 1 / (1 + np.exp(-0.1 * sums)), np.nan)


@pytest.fixture(scope="session")
def kind_scores(content: dict[str, ak.Array]) -> np.ndarray:
    leptons = ak.num(content["Electron"]) + ak.num(content["Muon"])
    return ak.to_numpy(1 / (1 + np.exp(-0.1 * (content["MET_pt"] / 10 + leptons))))


@pytest.fixture
def opened(nano: Path) -> Callable[..., Any]:
    """``opened(mode="eager")``: the events of the file, by coffea."""

    def read(path: Path = nano, tree: str = "Events", schema: type = NanoAODSchema, **how: Any):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return NanoEventsFactory.from_root({path: tree}, schemaclass=schema, **how).events()

    return read


@pytest.fixture
def base() -> type:
    return BaseSchema
