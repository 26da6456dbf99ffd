"""Systematic variations of declared adapters."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml.declared.schema import VIEW
from rootml.errors import CardError
from rootml.testing import AdapterContract

TEXT = """
per: jet
sentinels: [-999.9]
missing: 0
variables: {ht: Sum$(jet_pt)}
tensors:
  features: [jet_pt, jet_eta, ht, {value: n, sentinels: [7]}]
variations:
  jet_scale: {scale: [jet_pt], doc: jet energy scale}
  count_scale: {scale: [n]}
"""
EVENTS = {
    "jet_pt": ak.values_astype(ak.Array([[100, -999.9], [], [50, 20, 10]]), np.float32),
    "jet_eta": ak.Array([[1.0, 2.0], [], [0.5, 0.25, 0.125]]),
    "n": np.array([3, 7, 7]),
}


def vary(adapter, name, value):
    """The tensor of all jets."""
    view = adapter.views[VIEW]
    events = ak.zip(EVENTS, depth_limit=1)[list(view.columns)]
    changed = view.variations[name].apply(events, value, 0)
    return view.build(changed).tensors["features"]


def test_what_is_made_of_a_branch_follows_it(declared):
    jet = vary(declared(TEXT), "jet_scale", 1.5)
    assert jet[:, 0] == pytest.approx([150, 0, 75, 30, 15])
    assert jet[:, 1] == pytest.approx([1, 2, 0.5, 0.25, 0.125])
    assert jet[:, 2] == pytest.approx([150, 150, 120, 120, 120])


def test_sentinels_stay_and_integers_are_not_cut(declared):
    jet = vary(declared(TEXT), "count_scale", 1.5)
    assert jet[:, 3] == pytest.approx([4.5, 4.5, 0, 0, 0])


def test_events_without_elements(declared):
    view = declared(TEXT).views[VIEW]
    columns = ak.zip({"jet_pt": [[], []], "jet_eta": [[], []], "n": [1, 2]}, depth_limit=1)
    changed = view.variations["jet_scale"].apply(columns, 1.5, 0)
    assert view.build(changed).tensors["features"].shape == (0, 4)


def test_a_branch_that_no_tensor_is_made_of(declared):
    with pytest.raises(
        CardError, match=r"'jet_scale': .* no branch 'jet_pT'; did you mean 'jet_pt'"
    ):
        declared(TEXT.replace("scale: [jet_pt]", "scale: [jet_pT]"))


class Jets(AdapterContract):
    def events(self, adapter):
        return ak.zip(EVENTS, depth_limit=1)


def test_they_keep_the_contract(declared):
    Jets().test_variations(declared(TEXT))
