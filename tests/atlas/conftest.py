"""Electrons of ATLAS: real files in shared data, and a few electrons written as ntuples."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot
import yaml

from rootml.adapter import Adapter
from rootml.rootio.source import open_source
from rootml.rootio.writing import Shape, write_tree
from rootml_atlas import ADAPTER
from rootml_atlas.ntuple import TREE

COUNT = 12
MAX = 13
"""Tracks of the electron that has most."""


@pytest.fixture
def adapter() -> Adapter:
    return ADAPTER


@pytest.fixture
def read(adapter) -> Callable:
    """``read(path, column, ...)``: logical columns of all entries of a file."""

    def columns(path: str | Path, *names: str, tree: str | None = None) -> ak.Array:
        with open_source(path, [adapter], tree=tree) as source:
            return source.read(names, 0, source.num_entries)

    return columns


@pytest.fixture
def electrons() -> dict[str, np.ndarray | ak.Array]:
    """Twelve electrons of 20 to 120 GeV as branches of the ntuple; the first has no track."""
    return make_electrons(np.random.default_rng(3))


@pytest.fixture
def ntuple(tmp_path) -> Callable[..., Path]:
    """``ntuple(branches)``: a ROOT file with them."""

    def write(branches: dict, name: str = "electrons.root") -> Path:
        tracks = {key: values for key, values in branches.items() if key.startswith("p_tracks_")}
        flat = {key: values for key, values in branches.items() if key not in tracks}
        zipped = ak.zip({key.removeprefix("p_tracks_"): values for key, values in tracks.items()})
        shape = Shape(TREE, lambda events: flat | {"p_tracks": zipped})
        write_tree(tmp_path / name, shape, [ak.Array(flat)])
        return tmp_path / name

    return write


def make_electrons(rng: np.random.Generator) -> dict[str, np.ndarray | ak.Array]:
    """The branches of some electrons: a shower of two cells width, tracks around it."""
    gev = rng.uniform(20, 120, COUNT)
    eta, phi = rng.uniform(-1.3, 1.3, COUNT), rng.uniform(-np.pi, np.pi, COUNT)
    shares = (0.08, 0.25, 0.65, 0.02)
    images = {
        f"em_barrel_Lr{layer}": share * gev[:, None, None] * _blob(layer)
        for layer, share in enumerate(shares)
    }
    counts = np.arange(COUNT) % (MAX + 1)
    counts[1] = MAX
    total = counts.sum()
    accordion = sum(image.sum(axis=(1, 2)) for image in list(images.values())[1:])
    scalars = {
        "p_eAccCluster": accordion * 1000,
        "p_cellIndexCluster": np.floor(np.abs(eta) / 0.025),
        "p_f0Cluster": images["em_barrel_Lr0"].sum(axis=(1, 2)) / accordion,
        "p_R12": np.full(COUNT, shares[1] / shares[2]),
        "p_pt_track": gev / np.cosh(eta) * rng.uniform(600, 1000, COUNT),
        "p_fTG3": np.zeros(COUNT),
        "p_eTileGap3Cluster": np.zeros(COUNT),
        "p_eta": eta,
        "p_phi": phi,
        "p_deltaPhiRescaled2": rng.normal(0, 0.002, COUNT),
        "p_etaModCalo": np.abs(eta) % 0.025,
        "p_deltaEta2": rng.normal(0, 0.001, COUNT),
        "p_poscs2": rng.uniform(-1, 1, COUNT),
        "p_dPhiTH3": (2 * np.pi + phi) % (np.pi / 32) - np.pi / 32,
        "averageInteractionsPerCrossing": rng.uniform(10, 60, COUNT),
        "p_nTracks": np.maximum(counts, 1),
        "NvtxReco": rng.integers(5, 40, COUNT),
        "p_e": gev * 1000 * rng.normal(1, 0.03, COUNT),
        "p_truth_E": gev * 1000,
    }
    tracks = {
        "pt": rng.uniform(500, 60_000, total),
        "charge": rng.choice([-1.0, 1.0], total),
        "d0": rng.normal(0, 0.02, total),
        "sigmad0": np.full(total, 0.015),
        "vertex": rng.integers(-1, 3, total).astype(float),
        "z0": rng.normal(0, 40, total),
        "eta": np.repeat(eta, counts) + rng.normal(0, 0.1, total),
        "phi": np.repeat(phi, counts) + rng.normal(0, 0.1, total),
        "pixhits": rng.integers(2, 6, total).astype(float),
        "scthits": rng.integers(6, 10, total).astype(float),
        "trthits": rng.integers(0, 40, total).astype(float),
    }
    branches = images | {f"time_{name}": (image > 0) * 0.5 for name, image in images.items()}
    branches |= scalars | {"eventNumber": np.arange(COUNT) // 2}
    branches = {name: values.astype("f4") for name, values in branches.items()}
    lists = {f"p_tracks_{k}": ak.unflatten(v.astype("f4"), counts) for k, v in tracks.items()}
    return branches | lists


def _blob(layer: int) -> np.ndarray:
    """A shower's shape in a layer, adding up to 1: strips by pixel, the others by middle cell."""
    rows = 56 if layer == 1 else 7
    eta = np.exp(-np.abs(np.linspace(-3, 3, rows)))[:, None]
    image = eta * np.exp(-np.abs(np.arange(11) - 5.0))
    return image / image.sum()


@pytest.fixture
def write_hdf5(tmp_path) -> Callable[..., Path]:
    """``write_hdf5({"train": branches})``: an HDF5 file, its tracks as lists or zero padded."""
    h5py = pytest.importorskip("h5py")

    def write(groups: dict[str, dict], *, padded: bool = False) -> Path:
        path = tmp_path / "electrons.h5"
        with h5py.File(path, "w") as file:
            for group, branches in groups.items():
                for name, values in branches.items():
                    if isinstance(values, np.ndarray):
                        file[f"{group}/{name}"] = values
                    elif padded:
                        filled = ak.fill_none(ak.pad_none(values, MAX, axis=1), 0)
                        file[f"{group}/{name}"] = ak.to_numpy(filled).astype("f4")
                    else:
                        place = f"{group}/{name}"
                        made = file.create_dataset(place, len(values), h5py.vlen_dtype("f4"))
                        made[:] = np.array([*map(np.asarray, values), None], object)[:-1]
        return path

    return write


@pytest.fixture
def physlite(shared) -> Callable[[str], str]:
    """``physlite("TTree")`` or ``physlite("RNTuple")``: PHYSLITE of 100 events."""
    files = {
        "TTree": "atlas/PHYSLITE_example.root",
        "RNTuple": "atlas/uproot-physlite-rntuple_v1-0-0-0.root",
    }
    return lambda kind: str(shared(files[kind]))


@pytest.fixture
def tree_of() -> Callable:
    """``tree_of(path)``: the tree of PHYSLITE, open in uproot."""

    def tree(path: str):
        file = uproot.open(path)
        return file["CollectionTree" if "CollectionTree" in file else "EventData"]

    return tree


@pytest.fixture(scope="session")
def mini(tmp_path_factory) -> Callable[[str], Path]:
    """``mini(view)``: the card of a network that says 1.02 times the calibrated energy.

    Its error is 10 % / sqrt(E).
    """

    def make(view: str) -> Path:
        network = tmp_path_factory.mktemp("mini") / "mini.onnx"
        network.write_bytes(_network())
        said = {
            "name": "mini",
            "version": "1.0",
            "adapter": "atlas",
            "view": view,
            "network": {
                "file": network.name,
                "sha256": hashlib.sha256(network.read_bytes()).hexdigest(),
            },
            "outputs": [
                {"name": "energy", "role": "energy", "unit": "GeV", "estimates": "truth_energy"},
                {"name": "error", "role": "uncertainty", "unit": "GeV", "error_of": "energy"},
            ],
            "training": {"data": "none"},
        }
        card = network.with_name("mini.card.yaml")
        card.write_text(yaml.safe_dump(said))
        return card

    return make


def _network() -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    constants = {"scale": 1.02, "sampling": 0.1}
    nodes = [
        helper.make_node("Mul", ["calibrated", "scale"], ["energy"]),
        helper.make_node("Sqrt", ["calibrated"], ["root"]),
        helper.make_node("Mul", ["root", "sampling"], ["error"]),
    ]
    ports = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ("n", 1))
        for name in ("calibrated", "energy", "error")
    ]
    values = [numpy_helper.from_array(np.float32([v]), name) for name, v in constants.items()]
    graph = helper.make_graph(nodes, "mini", ports[:1], ports[1:], values)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return model.SerializeToString()
