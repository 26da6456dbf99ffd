"""The columns of HiggsML against their definitions, and against events made by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
import vector

from rootml_htautau.simulation.mass import ditau_mass
from rootml_htautau.simulation.observables import Measured, columns

UNDEFINED = -999.0
OF_TWO_JETS = (
    "DER_deltaeta_jet_jet", "DER_mass_jet_jet", "DER_prodeta_jet_jet", "DER_lep_eta_centrality",
)  # fmt: skip


def measured(lepton, tau, met, jets=()):
    """One event: lepton and tau (pt, eta, phi), met (pt, phi), jets (pt, eta, phi)."""
    boxes = np.zeros((1, 4, 3))
    boxes[0, : len(jets)] = np.reshape(jets, (-1, 3))

    def massless(pt, eta, phi):
        made = vector.obj(pt=pt, eta=eta, phi=phi, mass=0)
        return vector.array({"px": [made.px], "py": [made.py], "pz": [made.pz], "E": [made.E]})

    missing = np.array([[met[0] * math.cos(met[1]), met[0] * math.sin(met[1])]])
    return Measured(
        massless(*lepton), massless(*tau), missing, np.array([7.0]), np.array([200.0]), boxes
    )


def of(*particles):
    return {name: float(values[0]) for name, values in columns(measured(*particles)).items()}


def reference(event):
    """The derived columns of one event from its primitive ones, in plain Python."""

    def flat(name):
        return [event[f"PRI_{name}_pt"] * f(event[f"PRI_{name}_phi"]) for f in (math.cos, math.sin)]

    tau, lep = (event[f"PRI_{name}_eta"] for name in ("tau", "lep"))
    phi_tau, phi_lep, phi_met = (event[f"PRI_{name}_phi"] for name in ("tau", "lep", "met"))
    pt_tau, pt_lep, met = event["PRI_tau_pt"], event["PRI_lep_pt"], event["PRI_met"]
    swing = (phi_tau - phi_lep + math.pi) % (2 * math.pi) - math.pi
    missing = [met * math.cos(phi_met), met * math.sin(phi_met)]
    higgs = [sum(parts) for parts in zip(flat("tau"), flat("lep"), missing, strict=True)]
    names = ["leading", "subleading"][: int(event["PRI_jet_num"])]
    jets = [flat(f"jet_{name}") for name in names]
    total = [sum(parts) for parts in zip(higgs, *jets, strict=True)]
    sign = math.copysign(1, math.sin(phi_tau - phi_lep))
    a, b = math.sin(phi_met - phi_lep) * sign, math.sin(phi_tau - phi_met) * sign
    made = {
        "DER_mass_transverse_met_lep": math.sqrt(
            2 * pt_lep * met * (1 - math.cos(phi_lep - phi_met))
        ),
        "DER_pt_h": math.hypot(*higgs),
        "DER_deltar_tau_lep": math.hypot(tau - lep, swing),
        "DER_pt_tot": math.hypot(*total),
        "DER_sum_pt": pt_tau + pt_lep + event["PRI_jet_all_pt"],
        "DER_pt_ratio_lep_tau": pt_lep / pt_tau,
        "DER_met_phi_centrality": (a + b) / math.hypot(a, b),
    }
    pair = dict.fromkeys(OF_TWO_JETS, UNDEFINED)
    if len(names) == 2:
        pts, etas, phis = (
            [event[f"PRI_jet_{name}_{what}"] for name in names] for what in ("pt", "eta", "phi")
        )
        first, second = (
            vector.obj(pt=pt, eta=eta, phi=phi, mass=0)
            for pt, eta, phi in zip(pts, etas, phis, strict=True)
        )
        width = etas[0] - etas[1]
        pair = {
            "DER_deltaeta_jet_jet": abs(width),
            "DER_mass_jet_jet": (first + second).mass,
            "DER_prodeta_jet_jet": etas[0] * etas[1],
            "DER_lep_eta_centrality": math.exp(-4 / width**2 * (lep - sum(etas) / 2) ** 2),
        }
    return made | pair


def test_derived_columns_follow_from_the_primitive_ones(columns_of_100):
    for place in range(100):
        event = {name: float(values[place]) for name, values in columns_of_100.items()}
        for name, value in reference(event).items():
            assert event[name] == pytest.approx(value, rel=2e-3, abs=2e-3), (place, name)


@pytest.fixture
def columns_of_100(columns):
    return {name: values[:100] for name, values in columns.items()}


@pytest.mark.parametrize(
    ("phi", "centrality"),
    [(0.5, math.sqrt(2)), (0.0, 1.0), (1.0, 1.0), (0.5 + math.pi, -math.sqrt(2))],
)
def test_missing_momentum_between_lepton_and_tau(phi, centrality):
    found = of((30, 0, 0.0), (40, 1, 1.0), (50, phi))["DER_met_phi_centrality"]
    assert found == pytest.approx(centrality)


@pytest.mark.parametrize(
    ("eta", "centrality"), [(0.5, 1), (2.5, math.exp(-1)), (-1.5, math.exp(-1))]
)
def test_lepton_between_the_jets(eta, centrality):
    jets = [(80, 2.5, 0.3), (60, -1.5, 2.0)]
    found = of((30, eta, 0.0), (40, 1, 1.0), (50, 0.5), jets)
    assert found["DER_lep_eta_centrality"] == pytest.approx(centrality)
    assert found["DER_deltaeta_jet_jet"] == pytest.approx(4)
    assert found["DER_prodeta_jet_jet"] == pytest.approx(-3.75)


def test_what_one_jet_does_not_give_is_undefined():
    found = of((30, 0, 0.0), (40, 1, 1.0), (50, 0.5), [(80, 2.5, 0.3)])
    undefined = {name for name, value in found.items() if value == UNDEFINED}
    assert undefined == {*OF_TWO_JETS, *(f"PRI_jet_subleading_{x}" for x in ("pt", "eta", "phi"))}
    assert found["PRI_jet_num"] == 1
    assert found["PRI_jet_all_pt"] == 80


def test_the_mass_of_taus_along_their_visible_parts():
    """Two taus with momenta known, seen without errors, have about the mass that they have."""
    first, second = (
        vector.obj(pt=pt, eta=0.0, phi=phi, mass=0) for pt, phi in ((90, 0), (80, 1.9))
    )
    true = (first + second).mass
    x1, x2 = 0.45, 0.65
    visible = true * math.sqrt(x1 * x2)
    lepton = np.array([[first.px * x1, first.py * x1]])
    tau = np.array([[second.px * x2, second.py * x2]])
    missing = np.array([[first.px + second.px, first.py + second.py]]) - lepton - tau
    mass = ditau_mass(np.array([visible]), lepton, tau, missing, np.array([2.5]))
    assert mass[0] == pytest.approx(true, rel=0.05)
    away = ditau_mass(np.array([visible]), lepton, tau, -3 * missing, np.array([2.5]))
    assert np.isnan(away[0])
