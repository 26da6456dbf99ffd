"""Gates: conditions on figures of a report and of a reference, decided or refused."""

from __future__ import annotations

import re

import pytest

from rootml.errors import InputError
from rootml.validation import Report, Study
from rootml.validation.gates.conditions import check_gates
from rootml.validation.study import Sample


def estimate(value, low, high):
    return {"value": value, "low": low, "high": high}


def score(auc=0.97, rejection=20.0, error=1.0):
    rejections = [1.0, 0.5 * rejection, rejection, float("inf")]
    return {
        "branch": "net_score",
        "auc": estimate(auc, auc - 0.01, auc + 0.01) | {"error": 0.01},
        "working_points": [
            {
                "target": 0.9,
                "threshold": 0.4,
                "efficiency": estimate(0.9, 0.89, 0.91),
                "rejection": estimate(rejection, rejection - error, rejection + 2 * error),
            },
            {"target": 0.5, "threshold": 0.8, "rejection": estimate(float("inf"), 300, None)},
        ],
        "against": against(),
        "card_working_points": [
            {"name": "loose", "threshold": 0.3, "efficiency": estimate(0.95, 0.94, 0.96)}
        ],
        "curve": {
            "threshold": [0.1, 0.3, 0.4, 0.8],
            "efficiency": [1.0, 0.95, 0.9, 0.5],
            "efficiency_low": [0.99, 0.94, 0.89, 0.48],
            "efficiency_high": [1.0, 0.96, 0.91, 0.52],
            "rejection": rejections,
            "rejection_low": [1.0, 9.0, 19.0, 300.0],
            "rejection_high": [1.0, 11.0, 22.0, float("inf")],
        },
    }


def bins(*rows):
    return [
        {"low": low, "high": 2 * low, **row} for low, row in zip((10.0, 20.0), rows, strict=True)
    ]


def against():
    cuts = bins({"cut": {"rejection": estimate(7.0, 6.0, 8.0)}}, {"cut": None})
    loose = bins({"cut": {"efficiency": estimate(0.8, 0.7, 0.9)}}, {"cut": None})
    return {
        "energy": {
            "flat_efficiency": {"target": 0.9, "rows": cuts},
            "flat_cut": {"name": "loose", "rows": loose},
        }
    }


def momentum(width):
    own = {"median": estimate(0.0, -0.1, 0.1), "width": estimate(width, 0.9 * width, 1.1 * width)}
    fit = {"name": "residual_momentum_fit", "width": estimate(9.0, 8.0, 10.0)}
    rows = bins(
        {"estimators": {"residual_momentum": own}}, {"estimators": {"residual_momentum": None}}
    )
    return {
        "residual": {"estimators": [{"name": "residual_momentum", **own}, fit]},
        "against": {"pt": {"residual": rows}},
    }


AXIS = {"ks": 0.03, "wasserstein": 0.05, "drifts": False}


def report(model="net", sample="test", outputs=None, role="sample", not_drawn=None, **domain):
    return Report(
        model={"name": model, "version": "1.0", "title": "", "sha256": "0" * 64},
        sample={"name": sample, "role": role, "classes": ["proton", "electron"]},
        checks=(),
        figures={
            "events": {"units": 200, "judged": 190},
            "outputs": {"score": score()} if outputs is None else outputs,
            "domain": {"fraction": estimate(0.01, 0.0, 0.02), "axes": {"energy": AXIS, "x": None}}
            | domain,
        },
        hists={},
        not_drawn=not_drawn or {},
    )


def study(*reports):
    return Study("test", tuple(Sample(r.sample["name"], "") for r in reports), reports)


def gate(text, here=None, reference=None):
    (made,) = check_gates(
        here or study(report()), [text], study(report()) if reference is None else reference
    )
    assert made.expression == text
    return made


HERE = study(report(outputs={"score": score(auc=0.96, rejection=18.0)}))


@pytest.mark.parametrize(
    ("text", "failed"),
    [
        ("auc < 0.98", True),
        ("auc<0.95", False),
        ("auc.high < 0.98", True),
        ("auc.error > 0.02", False),
        ("rejection@0.9 < 0.95*ref", True),
        ("rejection@0.9 < 0.85*ref", False),
        ("rejection@0.9.high < ref.low", False),
        ("rejection@0.9 < ref - 2*ref.error", False),
        ("rejection@0.9 < ref(rejection@0.9).low && auc < ref(auc) || auc < 0.5", True),
        ("!(score:auc >= ref(score:auc))", True),
        ("rejection@0.5.low < 299", False),
        ("rejection@0.95 > 8.9", True),  # from the curve: 9
        ("efficiency@15 < 0.91", True),
        ("efficiency@1000 < 0.51", True),
        ("efficiency@loose.low < 0.95", True),
        ("threshold@0.9 != ref", False),
        ("judged < 0.96", True),
        ("judged.high < 0.96", False),
        ("outside > 0.05 || drifted > 0", False),
        ("outside.high > 0.015", True),
        ("ks[energy] > 0.02", True),
        ("rejection@0.9[energy=10:20] > 6.5", True),
        ("rejection@0.9[energy = 10 : 20].high > ref", True),
        ("efficiency@loose[energy=10:20].low > 0.75", False),
        ("abs(auc - ref)/ref > 0.02", False),
        ("max(auc, ref) < 1e-3", False),
        ('"net":auc < 0.98', True),
        ("net:test:score:auc < 0.98", True),
    ],
)
def test_conditions(text, failed):
    made = gate(text, HERE)
    assert made.failed == failed
    assert "cannot be decided" not in made.message


def test_a_gate_says_what_it_compared():
    made = gate("rejection@0.9 < 0.95*ref", HERE)
    assert made.message == "rejection@0.9 = 18 [17, 20], ref = 20 [19, 22]"
    assert made.values == {"rejection@0.9": 18.0, "ref": 20.0}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rejections@0.9 < 3", "'rejections' is no metric; did you mean 'rejection'"),
        ("auc", "no condition"),
        ("auc + 1", "no condition"),
        ("1 < 2", "no condition"),
        ("0.1 < auc < 0.9", "write a < b < c as"),
        ("auc <", "cannot be read at '<'"),
        ("auc < eval(1)", "eval"),
        ("rejection < 3", "write rejection@"),
        ("rejection@90 < 3", "at most 1"),
        ("efficiency@0.9 < 3", "a background rejection is 1 or more"),
        ("auc@0.9 < 3", "write auc"),
        ("ks < 0.1", r"write ks\[input\]"),
        ("auc[energy=1:2] < 1", "not given in bins"),
        ("rejection@0.9[energy] < 1", "write a bin as in"),
        ("old:auc < 0.9", "nothing is called 'old'"),
        ("auc < rejection@0.9 * ref", "write ref"),
        ("ref < 0.9", "write ref"),
        ("auc < ref(auk)", "no metric; did you mean 'auc'"),
        ("term0 < 1", "'term0' is no metric"),
    ],
)
def test_mistakes_of_the_user(text, message):
    with pytest.raises(InputError, match=message) as caught:
        gate(text)
    assert repr(text) in str(caught.value)


def test_residuals_are_the_networks_own():
    here = study(report(outputs={"momentum": momentum(2.0)}))
    earlier = study(report(outputs={"momentum": momentum(1.8)}))
    assert gate("width > 1.05*ref", here, earlier).failed
    assert not gate("abs(bias) > 0.05", here).failed
    assert gate("width[pt=10:20] > 1.9", here).failed
    assert "no width[pt=20:40]" in gate("width[pt=20:40] > 1.9", here).message


def test_a_reference_must_be_given_where_it_is_needed():
    with pytest.raises(InputError, match="none was given"):
        check_gates(HERE, ["auc < ref"])
    assert not check_gates(HERE, ["auc < 0.5"])[0].failed


OTHER_OUTPUT = study(report(outputs={"prob": score()}))
OTHER_CLASSES = study(report())
OTHER_CLASSES.reports[0].sample["classes"] = ["pion", "electron"]
NO_TRUTH = study(report(outputs={"score": {}}, not_drawn={"score_roc": "the file has no label"}))
EDITED = study(report(outputs={"score": {"auc": {"value": "0.9", "low": "a", "high": "b"}}}))
NONE_JUDGED = study(report(fraction=estimate(None, 0.0, 1.0)))


@pytest.mark.parametrize(
    ("text", "here", "reference", "message"),
    [
        ("auc < 0.5", NO_TRUTH, None, "auc: the file has no label"),
        ("auc < 0.5*ref", None, NO_TRUTH, "ref: reference: the file has no label"),
        ("auc < 0.5*ref", None, OTHER_OUTPUT, "no output 'score'"),
        ("auc < 0.5*ref", None, OTHER_CLASSES, "classes pion, electron"),
        ("auc < 0.5*ref", None, study(report("a"), report("b")), "which of the 2"),
        ("rejection@0.5 < 3", None, None, "only a lower limit is known, 300; '.low'"),
        ("rejection@0.5.high < 3", None, None, "it has no high"),
        ("rejection@tight < 3", None, None, "no working point 'tight'"),
        ("auc/(judged - judged) < 3", None, None, "not a finite number"),
        ("outside > 1", NONE_JUDGED, None, "outside: it has no number"),
        ("auc < 1", study(), None, "there is no report"),
        ("auc < ref", None, study(), "which of the 0 reports"),
        ("ks[energie] > 1", None, None, "no input 'energie'.*did you mean 'energy'"),
        ("ks[x] > 1", None, None, "no input 'x'"),
        ("rejection@0.9[energy=20:40] > 1", None, None, "too few events"),
        ("rejection@0.9[energy=10:30] > 1", None, None, r"no bin 10:30 \(bins: 10:20, 20:40\)"),
        ("rejection@0.5[energy=10:20] > 1", None, None, "are at 0.9, not at 0.5"),
        ("rejection@0.9[energie=10:20] > 1", None, None, "did you mean 'energy'"),
        ("accuracy < 0.1", None, None, "the report has no accuracy"),
        ("auc < ref", None, EDITED, "ref: it has no number"),
    ],
)
def test_what_cannot_be_decided_has_failed(text, here, reference, message):
    made = gate(text, here, reference)
    assert made.failed
    assert made.message.startswith("cannot be decided: ")
    assert re.search(message, made.message)


def test_of_several_reports_one_must_be_named():
    both = study(report("old"), report("new", outputs={"score": score(auc=0.9)}))
    with pytest.raises(InputError, match="any of old:test:score, new:test:score: write old:test"):
        gate("auc < 0.95", both)
    assert gate("new:auc < old:auc", both).failed
    assert gate("new:auc < 0.95", both).values == {"new:auc": 0.9}
    assert gate("new:auc < ref", both, both).failed is False  # the reference's own new


def test_training_and_data_give_way_to_the_sample():
    several = study(report(sample="train", role="train", outputs={"score": score(0.99)}), report())
    assert gate("auc < 0.98", several).failed
    assert not gate("train:auc < 0.98", several).failed
    assert gate("train:auc - auc > 0.015", several).failed


def test_an_older_version_under_another_name_may_be_the_reference():
    assert gate("auc < ref", HERE, study(report("net_old"))).failed
