"""A toy experiment as a plug-in, with toy networks, and the command line, for all tests."""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

PLUGINS = Path(__file__).parent / "plugins"
SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
CELLS = 6


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def account(self) -> dict:
        return json.loads(self.out)


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """``shared("mu2e/file.root")``: a real file of an experiment; skips where it is not there."""

    def find(name: str) -> Path:
        if not (SHARED / name).exists():
            pytest.skip(f"the sample file ../shared/data/{name} is not there")
        return SHARED / name

    return find


@pytest.fixture
def toylab(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The toy experiment's package is installed; gives the folder it lies in."""
    monkeypatch.syspath_prepend(str(PLUGINS))
    yield PLUGINS
    for name in [name for name in sys.modules if name.partition(".")[0] == "toylab"]:
        del sys.modules[name]


@pytest.fixture
def own_places(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """No models of the person who runs the tests; gives what stands for their data folder."""
    home = tmp_path / "home"
    monkeypatch.setattr("platformdirs.user_data_path", lambda name: home / name)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda name: home / "cache" / name)
    for name in ("ROOTML_PATH", "ROOTML_CACHE", "ROOTML_OFFLINE", "HF_HUB_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    return home


@pytest.fixture(scope="session")
def write_network() -> Callable[..., Path]:
    """``write_network(path, **changes)``: activation(input @ weights), six cells to one score."""
    return _write_network


@pytest.fixture(scope="session")
def write_card() -> Callable[..., Path]:
    """``write_card(file, **changes)``: a card beside a toy network."""
    return _write_card


@pytest.fixture
def write_model(tmp_path: Path) -> Callable[..., Path]:
    """``write_model(folder, name, **changes)``: a toy network and its card; gives the card."""

    def write(folder: Path | None = None, name: str = "toy", **changes: Any) -> Path:
        place = tmp_path / "cards" if folder is None else folder
        place.mkdir(parents=True, exist_ok=True)
        return _write_card(_write_network(place / f"{name}.onnx"), **changes)

    return write


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., Outcome]:
    """``command("tag", "in.root", ...)`` runs ``rootml tag in.root ...`` to its exit code."""
    from rootml import cli

    monkeypatch.setattr("signal.signal", lambda *_: None)
    monkeypatch.setattr("warnings.showwarning", None)

    def run(*args: object) -> Outcome:
        with pytest.raises(SystemExit) as stop:
            cli.run(cli.rootml, "rootml", [str(arg) for arg in args])
        out, err = capfd.readouterr()
        return Outcome(int(stop.value.code or 0), out, err)

    return run


def _write_network(
    path: Path,
    *,
    cells: str = "cells",
    dtype: str = "FLOAT",
    shape: tuple[int | str, ...] = ("n", CELLS),
    score: str = "score",
    score_shape: tuple[int | str, ...] = ("n", 1),
    activation: tuple[str, ...] = ("Sigmoid",),
    weight: float = 0.1,
    scores: int = 1,
) -> Path:
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    kind = getattr(TensorProto, dtype)
    numpy_dtype = helper.tensor_dtype_to_np_dtype(kind)
    weights = numpy_helper.from_array(np.full((shape[-1], scores), weight, numpy_dtype), "weights")
    nodes = [helper.make_node("MatMul", [cells, "weights"], ["step0"])]
    for index, operator in enumerate(activation):
        nodes.append(helper.make_node(operator, [f"step{index}"], [f"step{index + 1}"]))
    nodes[-1].output[0] = score
    graph = helper.make_graph(
        nodes,
        "toy",
        [helper.make_tensor_value_info(cells, kind, shape)],
        [helper.make_tensor_value_info(score, kind, score_shape)],
        [weights],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path


def _write_card(file: Path, /, **changes: Any) -> Path:
    name = file.stem
    card: dict[str, Any] = {
        "name": name,
        "version": "1.0",
        "adapter": "toylab",
        "view": "cells",
        "network": {
            "file": file.name,
            "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        },
        "outputs": [{"name": "score", "role": "score", "doc": "1 is signal"}],
        "training": {"data": "none: the weights are all alike"},
    }
    card["network"] |= changes.pop("network", {})
    path = file.with_name(f"{name}.card.yaml")
    path.write_text(yaml.safe_dump(card | changes))
    return path
