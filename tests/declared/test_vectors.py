"""Quantities of four-vectors, compared with formulas written out."""

from __future__ import annotations

from math import cos, cosh, hypot, log, pi, sin, sinh, sqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rootml.errors import CardError, DataError

P4 = tuple[float, float, float, float]


def energy(p: P4) -> float:
    return sqrt((p[0] * cosh(p[1])) ** 2 + p[3] ** 2)


def mass(*of: P4) -> float:
    e = sum(map(energy, of))
    x = sum(p[0] * cos(p[2]) for p in of)
    y = sum(p[0] * sin(p[2]) for p in of)
    z = sum(p[0] * sinh(p[1]) for p in of)
    return sqrt(max(e * e - x * x - y * y - z * z, 0))


def delta_r(a: P4, b: P4) -> float:
    return hypot(a[1] - b[1], (a[2] - b[2] + pi) % (2 * pi) - pi)


def branches(name: str, events: list[list[P4]]) -> dict:
    coordinates = ("pt", "eta", "phi", "mass")
    return {f"{name}_{c}": [[p[i] for p in e] for e in events] for i, c in enumerate(coordinates)}


momentum = st.tuples(
    st.floats(1, 100), st.floats(-2.5, 2.5), st.floats(-3.1, 3.1), st.floats(0.1, 5)
)
collections = st.lists(st.lists(momentum, max_size=4), min_size=3, max_size=3)
ONE: P4 = (20.0, 0.5, 3.0, 1.0)
OTHER: P4 = (30.0, -1.0, -3.0, 2.0)


def quantity(judge, text: str, *, missing: float = -1.0, **given):
    keys = {
        "vectors": {"electrons": "Electron", "jets": "Jet"},
        "variables": {"q": {text.split(":")[0]: text.split(":")[1].split("|")}},
        "tensors": {"t": [{"value": "q", "missing": missing}]},
    }
    return judge(keys, **given).tensors["t"][:, 0].tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mass:electrons[0]|jets[0]", mass(ONE, OTHER)),
        ("mass:electrons[0]", 1.0),
        ("pt:electrons[0]", 20.0),
        ("eta:electrons[0]", 0.5),
        ("energy:electrons[0]|jets[0]", energy(ONE) + energy(OTHER)),
        ("deltaR:electrons[0]|jets[0]", delta_r(ONE, OTHER)),
        ("deltaeta:electrons[0]|jets[0]", 1.5),
        ("deltaphi:electrons[0]|jets[0]", 6 - 2 * pi),
        ("transverse_mass:electrons[0]|jets[0]", sqrt(2 * 20 * 30 * (1 - cos(6)))),
        (
            "rapidity:electrons[0]",
            0.5 * log((energy(ONE) + 20 * sinh(0.5)) / (energy(ONE) - 20 * sinh(0.5))),
        ),
        ("phi:electrons[0]", 3.0),
        ("mass:electrons[0]|jets[1]", -1),
    ],
)
def test_quantities(judge, text, expected):
    given = branches("Electron", [[ONE]]) | branches("Jet", [[OTHER]])
    assert quantity(judge, text, **given) == [pytest.approx(expected, rel=1e-6)]


@settings(deadline=None, max_examples=50)
@given(electrons=collections, jets=collections)
def test_the_nearest_is_that_of_a_loop(judge, electrons, jets):
    electrons, jets = [*electrons, [ONE]], [*jets, [OTHER]]
    keys = {
        "per": "Electron",
        "vectors": {"electrons": "Electron", "jets": "Jet"},
        "variables": {"q": {"nearest_deltaR": ["electrons", "jets"]}},
        "tensors": {"t": ["Electron_pt", {"value": "q", "missing": -1}]},
    }
    found = judge(keys, **branches("Electron", electrons), **branches("Jet", jets)).tensors["t"]
    expected = [
        min((delta_r(e, j) for j in js), default=-1)
        for es, js in zip(electrons, jets, strict=True)
        for e in es
    ]
    np.testing.assert_allclose(found[:, 1], expected, rtol=1e-5, atol=1e-6)


def test_no_one_is_its_own_neighbour(judge):
    keys = {
        "per": "Jet",
        "vectors": {"jets": "Jet"},
        "variables": {"q": {"nearest_deltaR": ["jets", "jets"]}},
        "tensors": {"t": [{"value": "q", "missing": -1}]},
    }
    found = judge(keys, **branches("Jet", [[ONE, OTHER], [ONE]])).tensors["t"][:, 0]
    assert found.tolist() == [pytest.approx(delta_r(ONE, OTHER), rel=1e-6)] * 2 + [-1]


def test_events_and_objects_mix(judge):
    text = """
    per: Electron
    vectors:
      electrons: Electron
      met: {pt: MET_pt, phi: MET_phi, eta: 0, mass: 0}
      beam: {px: 0, py: 0, pz: 100, energy: 100}
    variables:
      mt: {transverse_mass: [electrons, met]}
      far: {deltaphi: [electrons, met]}
      total: {mass: [electrons, beam]}
    tensors: {t: [mt, far]}
    """
    given = branches("Electron", [[ONE, OTHER], []]) | {"MET_pt": [10.0, 1.0], "MET_phi": [0.0, 1]}
    found = judge(text, **given).tensors["t"]
    assert found[:, 0].tolist() == [
        pytest.approx(sqrt(2 * p[0] * 10 * (1 - cos(p[2]))), rel=1e-6) for p in (ONE, OTHER)
    ]
    assert found[:, 1].tolist() == [pytest.approx(3), pytest.approx(-3)]


def test_a_number_is_the_mass_of_every_element(judge):
    text = """
    vectors: {taus: {pt: tau_pt, eta: tau_eta, phi: tau_phi, mass: 1.777}}
    variables: {pair: {mass: ["taus[0]", "taus[1]"]}}
    tensors: {t: [pair]}
    """
    taus = {"tau_pt": [[20.0, 30.0]], "tau_eta": [[0.5, -1.0]], "tau_phi": [[3.0, -3.0]]}
    expected = mass((20.0, 0.5, 3.0, 1.777), (30.0, -1.0, -3.0, 1.777))
    assert judge(text, **taus).tensors["t"][0, 0] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ({"m": {"mass": ["electron"]}}, "variable 'm': 'electron' is no vector; did you mean"),
        ({"m": {"mass": ["electrons + electrons"]}}, "is no vector"),
        ({"m": "electrons + 1"}, "'electrons' is a vector, not a number"),
        ({"m": "n + 1", "n": "x"}, "variable 'm': the variable 'n' can be used below it only"),
        ({"x": "x / 1000"}, "the variable 'x' can be used below it only, and no branch can"),
    ],
)
def test_names_that_do_not_fit(declared, variables, message):
    with pytest.raises(CardError, match=message):
        declared(
            {
                "vectors": {"electrons": "Electron"},
                "variables": variables,
                "tensors": {"t": ["x"]},
            }
        )


def test_vectors_are_made_of_branches(declared):
    with pytest.raises(CardError, match="vector 'v', pt: 'm': vectors are made of branches alone"):
        declared(
            {
                "vectors": {"v": {"pt": "m", "eta": "e", "phi": "p", "mass": 0}},
                "variables": {"m": {"mass": ["v"]}},
                "tensors": {"t": ["m"]},
            }
        )


def test_errors_name_the_variable(judge):
    given = branches("Electron", [[ONE]]) | branches("Jet", [[OTHER, ONE]])
    with pytest.raises(DataError, match="variable 'q': lists of 1 and of 2 elements do not match"):
        quantity(judge, "mass:electrons|jets", **given)
