"""Declared adapters at work on events made up on the spot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import awkward as ak
import pytest
import yaml

from rootml.adapter import Adapter
from rootml.declared.adapter import declare
from rootml.declared.schema import VIEW, Declaration
from rootml.spec import Batch
from rootml.testing.samples import build, decode, decoder_of


@pytest.fixture(scope="session")
def declared() -> Callable[..., Adapter]:
    """``declared(text)``: the adapter of a YAML text (or of its keys), called "mine"."""

    def make(text: str | Mapping[str, Any]) -> Adapter:
        keys = yaml.safe_load(text) if isinstance(text, str) else text
        return declare(Declaration.model_validate(keys), "mine")

    return make


@pytest.fixture(scope="session")
def judge(declared) -> Callable[..., Batch]:
    """``judge(text, x=..., y=...)``: the batch that the declared view makes of such branches."""

    def make(text: str | Mapping[str, Any], **branches: Any) -> Batch:
        adapter = declared(text)
        return build(adapter, adapter.views[VIEW], _events(branches))

    return make


@pytest.fixture(scope="session")
def column(judge) -> Callable[..., list[Any]]:
    """``column("log(x)", x=...)``: what an expression gives for each event, None where missing."""

    def make(text: str, *, missing: float = -99999.0, **branches: Any) -> list[Any]:
        keys = {"tensors": {"t": [{"value": text, "missing": missing}]}}
        values = judge(keys, **branches).tensors["t"][:, 0].tolist()
        return [None if value == missing else value for value in values]

    return make


@pytest.fixture(scope="session")
def logical(declared) -> Callable[..., ak.Array]:
    """``logical(text, "truth_label", x=...)``: one logical column of such events."""

    def make(text: str, name: str, **branches: Any) -> ak.Array:
        events = _events(branches)
        return decode(decoder_of(declared(text), events), events, name)[name]

    return make


@pytest.fixture
def write_declared(tmp_path: Path, write_network, write_card) -> Callable[..., Path]:
    """``write_declared(name, columns, adapter)``: a network with an input ``t``, and its card."""

    def write(name: str, columns: int, adapter: Any, **changes: Any) -> Path:
        if isinstance(adapter, str) and "\n" in adapter:
            adapter = yaml.safe_load(adapter)
        network = write_network(
            tmp_path / f"{name}.onnx", cells="t", shape=("n", columns), weight=0.01
        )
        return write_card(network, adapter=adapter, view=VIEW, **changes)

    return write


def _events(branches: Mapping[str, Any]) -> ak.Array:
    return ak.zip({name: ak.Array(values) for name, values in branches.items()}, depth_limit=1)
