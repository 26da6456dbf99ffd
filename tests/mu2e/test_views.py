"""Which tracks are judged, and what networks see of them."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest

NAMES = ["track_quality", "track_quality_tmva", "momentum"]
SOUND = {
    "fitted": 1.0,
    "nhits": 40.0,
    "nactive": 38.0,
    "ndactive": 15.0,
    "nnullambig": 2.0,
    "nmatactive": 41.0,
    "fitcon": 0.3,
    "t0err": 0.4,
    "momerr": 0.12,
    "fit_momentum": 104.0,
    "tandip": 0.8,
    "d0": 20.0,
    "rmax": 550.0,
}


def events(*changes):
    """A sound track, and one for each of ``changes``."""
    tracks = [SOUND, *(SOUND | change for change in changes)]
    return ak.Array({name: np.array([t[name] for t in tracks], np.float32) for name in SOUND})


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "change",
    [
        {"fitted": 0.0},
        {"nactive": 0.0},
        {"nhits": 0.0},
        {"momerr": 0.0},
        {"momerr": -1000.0},
        {"t0err": np.nan},
        {"t0err": np.inf},
        {"fitcon": -1.0},
        {"fitcon": 1.5},
        {"nmatactive": np.nan},
    ],
    ids=str,
)
def test_values_that_cannot_be_right_are_not_judged(adapter, name, change):
    batch = adapter.views[name].build(events(change))
    assert batch.judged.tolist() == [True, False]
    assert np.isfinite(batch.tensors["track"]).all()


@pytest.mark.parametrize("momentum", [0.0, 1e6, -104.0, np.nan])
def test_momenta_that_cannot_be_right_are_not_corrected(adapter, momentum):
    changed = events({"fit_momentum": momentum})
    assert adapter.views["momentum"].build(changed).judged.tolist() == [True, False]
    assert adapter.views["track_quality"].build(changed).judged.tolist() == [True, True]


def test_inputs_by_name(adapter):
    seen = {
        name: dict(
            zip(
                adapter.views[name].tensors[0].columns,
                adapter.views[name].build(events()).tensors["track"][0].tolist(),
                strict=True,
            )
        )
        for name in NAMES
    }
    quality = {
        "nactive": 38,
        "factive": 38 / 40,
        "t0err": 0.4,
        "fnullambig": 2 / 38,
        "fitcon": 0.3,
        "momerr": 0.12,
        "fstraws": 41 / 38,
    }
    assert seen["track_quality"] == pytest.approx(quality, rel=1e-6)
    assert seen["momentum"] == pytest.approx({"momentum": 104, "tandip": 0.8} | quality, rel=1e-6)
    assert seen["track_quality_tmva"]["Log10FitCon"] == pytest.approx(np.log10(0.3), rel=1e-6)
    assert seen["track_quality_tmva"]["DoubleHitFraction"] == pytest.approx(15 / 38, rel=1e-6)


def test_consistency_of_zero_has_a_floor(adapter):
    changed = events({"fitcon": 0.0}, {"fitcon": 1e-42}, {"fitcon": 1e-30})
    view = adapter.views["track_quality_tmva"]
    column = view.build(changed).tensors["track"][:, 2]
    assert column[1:].tolist() == pytest.approx([-50, -50, -30], rel=1e-6)


def test_summaries_are_the_inputs(adapter):
    for view in adapter.views.values():
        tensors = view.build(events()).tensors
        found = {summary.name: summary.compute(tensors)[0] for summary in view.summaries}
        assert [*found] == [*view.tensors[0].columns]
        assert list(found.values()) == tensors["track"][0].tolist()


@pytest.mark.parametrize(("pdg", "sign"), [(11, 1), (-11, -1), (13, 1), (-13, -1), (211, -1)])
def test_distances_are_times_minus_charge(read, tracks, pdg, sign):
    few = {name: tracks[name][:5] for name in tracks.fields}
    few["de.pdg"] = ak.full_like(few["de.pdg"], pdg)
    found = read("flat", few, "d0", "rmax")
    np.testing.assert_allclose(found["d0"], sign * few["deent.d0"], rtol=1e-6)
    expected = few["deent.d0"] + 2 / few["deent.om"]
    np.testing.assert_allclose(found["rmax"], sign * expected, rtol=1e-6)
