"""Peaks fitted to variables of samples: figures, plots, text, conditions, and what cannot be."""

from __future__ import annotations

import numpy as np
import pytest

from rootml.errors import DataError, InputError
from rootml.tagged import validate_files
from rootml.validation import read_study, write_study
from rootml.validation.gates.conditions import check_gates

MASS = "Mass [GeV]=90 + 2 * y:80:100:40"
"""Selected events have a Gaussian ``y`` of width 1.5 above -3: a peak at 90, 3 wide."""


@pytest.fixture(scope="module")
def study(mine):
    return validate_files(
        {"Simulation": mine.path},
        mine.card,
        data={"Data": mine.path},
        against=[MASS, "far=x:1000,2000,3000"],
        fits={"Mass": "gaussian", "far": "gaussian+linear"},
        select="y > -2.9",
        weight="w",
        events=0,
        inputs=False,
    )


def test_the_peak_of_each_sample_is_where_it_was_put(study):
    for report in study.reports:
        fit = report.figures["variables"]["Mass"]["peak"]
        mean, width = (fit["parameters"][name] for name in ("mean", "width"))
        assert mean["value"] == pytest.approx(90, abs=4 * (mean["high"] - mean["value"]))
        assert width["value"] == pytest.approx(3, abs=4 * (width["high"] - width["value"]))
        assert fit["valid"]
        assert fit["p_value"] > 1e-3
    weighted, data = (r.figures["variables"]["Mass"]["peak"]["entries"] for r in study.reports)
    assert weighted != pytest.approx(data)
    assert data == round(data)


def test_a_fit_that_cannot_be_is_said(study):
    for report in study.reports:
        assert "no judged event has a far" in report.not_drawn["variable_far_peak"]
        assert report.figures["variables"]["far"]["peak"] is None


def test_data_and_simulation_stand_beside_each_other(study, tmp_path):
    (plot,) = (one for one in study.plots if one.family == "variable_peak")
    assert [study.reports[i].sample["role"] for i in plot.reports] == ["simulation", "data"]
    write_study(study, tmp_path, formats=["svg"])
    assert (tmp_path / "variable_Mass_peak_samples.svg").exists()
    assert (tmp_path / "mine" / "Data" / "variable_Mass_peak.svg").exists()
    assert "Fit of a gaussian: mean 9" in (tmp_path / "report.md").read_text()
    read = read_study(tmp_path).reports[1].figures["variables"]["Mass"]["peak"]
    assert len(read["expected"]) == 40
    assert np.sum(read["expected"]) == pytest.approx(read["entries"], rel=0.01)


def test_conditions_on_peaks(study):
    conditions = ("peak_mean[Mass] > 95", "peak_width[Mass] < 4", "peak_mean[far] > 0")
    shifted, narrow, unknown = check_gates(study, conditions)
    assert not shifted.failed
    assert narrow.failed
    assert "no peak is fitted to a variable 'far'" in unknown.message
    with pytest.raises(InputError, match=r"write peak_mean\[variable\]"):
        check_gates(study, ["peak_mean > 95"])


@pytest.mark.parametrize(
    ("fits", "error", "message"),
    [
        ({"Mass": "gausian"}, DataError, "did you mean 'gaussian'"),
        ({"Mass": "gaussian+linaer"}, DataError, "did you mean 'linear'"),
        ({"Mass": "gaussian(widht=2)"}, DataError, "did you mean 'width'"),
        ({"Mass": "gaussian(width=wide)"}, DataError, "no peak is spelt"),
        ({"Mass": "gaussian(width)+linear"}, DataError, "no peak is spelt"),
        ({"Mass": "gaussian*linear"}, DataError, "no peak is spelt"),
        ({"Mas": "gaussian"}, InputError, "did you mean 'Mass'"),
        ({"pt": "gaussian"}, InputError, "between edges"),
    ],
)
def test_fits_that_cannot_be_asked_for(mine, fits, error, message):
    with pytest.raises(error, match=message):
        validate_files(mine.path, mine.card, against=[MASS, "pt"], fits=fits)


def test_parameters_can_be_kept(mine):
    peak = "breit_wigner_gauss(gamma=2.5, mean=90) + constant"
    made = validate_files(
        mine.path, mine.card, against=MASS, fits={"Mass": peak}, events=0, inputs=False
    )
    fit = made.reports[0].figures["variables"]["Mass"]["peak"]
    assert fit["background"] == "constant"
    for name, value in (("gamma", 2.5), ("mean", 90)):
        assert fit["parameters"][name] == {"value": value, "low": value, "high": value}
