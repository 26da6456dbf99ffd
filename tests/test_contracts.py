"""Every adapter and model that is installed keeps its contract: to register one is to test it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from rootml.errors import MissingExtra, MissingNetwork
from rootml.registry import find_card, get_adapter, list_adapters, list_models, load
from rootml.testing import AdapterContract, ModelContract

PLUGINS = str(Path(__file__).parent / "plugins")
BOOSTERS = Path(__file__).resolve().parents[2] / "shared" / "data" / "microboone"
"""Published networks that do not travel with their cards; without them their checks are skipped."""


def _names() -> tuple[list[str], list[str]]:
    """Names known with the toy experiment installed, whose package is not imported for it."""
    sys.path.insert(0, PLUGINS)
    try:
        of_packages = [e for e in list_models() if "entry point" in e.origin]
        names = [f"{e.name}@{e.card.version}" if e.card else e.name for e in of_packages]
        return list_adapters(), [*names, "toy"]
    finally:
        sys.path.remove(PLUGINS)


ADAPTERS, MODELS = _names()


class TestAdapters(AdapterContract):
    @pytest.fixture(params=ADAPTERS)
    def adapter(self, request, toylab):
        return get_adapter(request.param)

    def test_default_models_read_their_layouts(self, adapter, own_places, write_model):
        write_model(own_places / "rootml/models")
        for layout in adapter.layouts:
            if default := adapter.default_of(layout):
                card = find_card(default).card
                assert card.adapter == adapter.name
                assert {*adapter.views[card.view].columns} <= layout.columns.keys(), layout.name


class TestModels(ModelContract):
    @pytest.fixture(params=MODELS)
    def model(self, request, toylab, own_places, write_model, monkeypatch):
        monkeypatch.setenv("ROOTML_OFFLINE", "1")
        if BOOSTERS.is_dir():
            monkeypatch.setenv("ROOTML_PATH", str(BOOSTERS))
        write_model(own_places / "rootml/models")
        try:
            return load(request.param)
        except (MissingNetwork, MissingExtra) as absent:
            pytest.skip(str(absent))
