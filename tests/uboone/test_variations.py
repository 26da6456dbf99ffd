"""The scale of the energy loss, of variables that may not have been measured."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

from rootml_uboone import ADAPTER

UNSET = np.finfo(np.float32).min


@pytest.mark.parametrize("view", ADAPTER.views.values(), ids=[*ADAPTER.views])
def test_what_was_not_measured_is_not_scaled(view):
    values = np.array([2.0, UNSET, -1.0, 0.0], np.float32)
    columns = ak.zip(dict.fromkeys(view.columns, values), depth_limit=1)
    with np.errstate(all="raise"):
        found = view.variations["dedx_scale"].apply(columns, 1.05, 0)
    for name in view.columns:
        expected = [2.1, UNSET, -1, 0] if "dedx" in name else values
        np.testing.assert_allclose(found[name], expected, rtol=1e-6)
        assert ak.to_numpy(found[name]).dtype == np.float32
