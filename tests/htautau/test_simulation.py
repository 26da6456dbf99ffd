"""Decays, kinematics and shares of the simulated events."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import DataError
from rootml.testing.samples import build
from rootml_htautau.simulation import decays, processes

Z, W, TOP, FUSION, VBF = range(5)


def test_decays_conserve_momentum():
    rng = np.random.default_rng(2)
    higgs = decays.boson(np.full(500, 125.0), rng.gamma(2, 40, 500), rng.normal(0, 1, 500), rng)
    np.testing.assert_allclose(higgs.mass, 125)
    first, second = decays.two_body(higgs, decays.TAU_GEV, rng)
    for part in ("px", "py", "pz", "E"):
        np.testing.assert_allclose(getattr(first + second, part), getattr(higgs, part), atol=1e-6)
    np.testing.assert_allclose(first.mass, decays.TAU_GEV, rtol=1e-3)
    np.testing.assert_allclose(second.mass, decays.TAU_GEV, rtol=1e-3)


def test_energy_fractions_of_tau_decays():
    rng = np.random.default_rng(3)
    leptonic = decays.leptonic_fraction(100_000, rng)
    assert leptonic.mean() == pytest.approx(0.35, abs=4 * leptonic.std() / np.sqrt(1e5))
    assert np.quantile(leptonic, 0.5) == pytest.approx(0.3196, abs=0.005)  # of F(x) = 1/2
    hadronic, mass = decays.hadronic_fraction(100_000, rng)
    assert (hadronic >= (mass / decays.TAU_GEV) ** 2).all()
    assert (hadronic <= 1).all()
    pions = mass < 0.1396
    assert pions.mean() == pytest.approx(0.108 / 0.545, abs=0.01)
    assert hadronic[pions].mean() == pytest.approx((1 + 0.0062) / 2, abs=0.01)


@pytest.mark.parametrize("draw", [processes.vector_boson_fusion, processes.top_pairs])
def test_jets_balance_the_rest(draw):
    final = draw(400, np.random.default_rng(4))
    jets = final.jets[:, :2]
    for place, function in enumerate((np.cos, np.sin)):
        seen = (final.lepton.px, final.lepton.py)[place] + (final.tau.px, final.tau.py)[place]
        total = (
            seen + final.neutrinos[:, place] + (jets[..., 0] * function(jets[..., 2])).sum(axis=1)
        )
        np.testing.assert_allclose(total, 0, atol=1.0)  # the mass of the taus is left out


def of(columns, name, *numbers):
    values = columns[name][np.isin(columns["Process"], numbers)]
    return values[values != -999]


def test_masses_tell_higgs_from_z(columns):
    z, higgs = of(columns, "DER_mass_MMC", Z), of(columns, "DER_mass_MMC", FUSION, VBF)
    assert np.median(higgs) == pytest.approx(125, abs=15)
    assert np.median(higgs) - np.median(z) > 20
    assert (columns["DER_mass_MMC"][columns["Process"] == W] == -999).mean() > 0.3


def test_processes_look_as_they_should(columns):
    transverse = of(columns, "DER_mass_transverse_met_lep", W)
    assert np.median(transverse) == pytest.approx(72, abs=6)  # the Jacobian peak of W bosons
    assert np.median(of(columns, "DER_mass_transverse_met_lep", FUSION)) < 25
    assert np.median(of(columns, "DER_deltaeta_jet_jet", VBF)) > 3
    assert np.median(of(columns, "DER_deltaeta_jet_jet", TOP)) < 2
    assert (columns["PRI_jet_num"][columns["Process"] == TOP] >= 2).mean() > 0.8


def test_selection(columns):
    assert columns["PRI_lep_pt"].min() > 26
    assert columns["PRI_tau_pt"].min() > 20
    assert np.abs(columns["PRI_lep_eta"]).max() < 2.47
    jets = columns["PRI_jet_leading_pt"]
    assert jets[jets != -999].min() >= 30
    assert len([name for name in columns if name.startswith(("DER_", "PRI_"))]) == 30
    for name in columns:
        assert np.isfinite(columns[name]).all(), name


def test_shares(adapter):
    events = adapter.simulate(3000, np.random.default_rng(5), signal_fraction=0.2)
    label = ak.to_numpy(events["Label"])
    assert label.mean() == pytest.approx(0.2, abs=4 * np.sqrt(0.16 / 3000))
    np.testing.assert_array_equal(label, ak.to_numpy(events["Process"]) >= FUSION)
    with pytest.raises(DataError, match="signal_fraction is -1"):
        adapter.simulate(3, np.random.default_rng(5), signal_fraction=-1)


def test_the_network_sees_what_is_declared(adapter, columns, events):
    view = adapter.views["declared"]
    (tensor,) = view.tensors
    batch = build(adapter, view, events)
    assert tensor.columns[:3] == ("DER_mass_MMC", "DER_mass_transverse_met_lep", "DER_pt_h")
    assert len(tensor.columns) == 12
    for place, name in enumerate(tensor.columns):
        expected = np.where(columns[name] == -999, np.nan, columns[name])
        np.testing.assert_array_equal(batch.tensors["features"][:, place], expected)


def test_events_below_the_thresholds_are_not_judged(adapter, events):
    soft = ak.with_field(events[:6], np.float32([20, 26, 26.5, 50, 50, 50]), "PRI_lep_pt")
    soft = ak.with_field(soft, np.float32([50, 50, 50, 19, 20, 20.5]), "PRI_tau_pt")
    judged = build(adapter, adapter.views["declared"], soft).judged
    assert judged.tolist() == [False, False, True, False, False, True]


def test_files(adapter, tmp_path):
    adapter.write(tmp_path / "h.root", 200, np.random.default_rng(6))
    with uproot.open(tmp_path / "h.root") as file:
        assert file["higgsml"].num_entries == 200
        assert file["higgsml/DER_mass_MMC"].typename == "float"
        assert file["higgsml/PRI_jet_num"].typename == "int32_t"
