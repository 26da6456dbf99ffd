"""Counts of parts, saved by any processes, are those of the whole."""

from __future__ import annotations

import json
import re
import zipfile
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rootml.card import Network
from rootml.errors import InputError
from rootml.validation import Collector, Variable
from rootml.validation.counting.tally import Tally

CUTS = st.lists(st.integers(0, 400), max_size=3)
VARIABLES = (Variable("depth", unit="mm", edges=(-1.0, 0.0, 0.5, 3.0)), Variable("time", unit="s"))
few = settings(
    max_examples=3, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def events(sample):
    return sample(400, np.random.default_rng(1), unjudged=0.1)


@pytest.fixture(scope="module")
def values():
    rng = np.random.default_rng(2)
    return {"depth": rng.normal(0, 1, 400), "time": rng.uniform(1e-3, 3e-3, 400)}


@pytest.fixture(scope="module")
def weights():
    return np.random.default_rng(3).normal(1, 0.6, 400)


@pytest.fixture(scope="module")
def empty(adapter, make_card):
    plain = replace(adapter, references=())

    def empty(variables=VARIABLES, weighted=False, **card) -> Collector:
        branches = {"score": "net_score"}
        made = make_card(**card)
        return Collector(made, plain, branches=branches, variables=variables, weighted=weighted)

    return empty


@pytest.fixture(scope="module")
def filled(empty, events, values, weights):
    def filled(start=0, stop=400, **changes) -> Collector:
        collector, part = empty(**changes), events.chunk(start, stop)
        weighted = collector.setting.weighted
        collector.fill(
            part.events,
            part.batch,
            part.outputs,
            weights=weights[start:stop] if weighted else None,
            variables={name: column[start:stop] for name, column in values.items()},
        )
        return collector

    return filled


def merged(empty, parts, folder):
    for i, part in enumerate(parts):
        part.save(folder / f"{i}.counts")
    total = empty(weighted=parts[0].setting.weighted)
    for i in range(len(parts)):
        total.merge(folder / f"{i}.counts")
    return total


@few
@given(cuts=CUTS)
def test_parts_that_were_saved_make_the_report_of_the_whole(empty, filled, tmp_path, cuts):
    parts = [filled(a, b) for a, b in pairwise([0, *sorted(cuts), 400])]
    report, whole = merged(empty, parts, tmp_path).report(), filled().report()
    assert report.to_dict() == whole.to_dict()
    assert report.hists.keys() == whole.hists.keys()
    for name, hist in whole.hists.items():
        assert np.allclose(report.hists[name].values(), hist.values(), rtol=1e-6), name
        assert name.startswith("image") or report.hists[name] == hist, name


@few
@given(cuts=CUTS)
def test_weighted_parts_do_to_rounding(empty, filled, tmp_path, cuts):
    parts = [filled(a, b, weighted=True) for a, b in pairwise([0, *sorted(cuts), 400])]
    report, whole = merged(empty, parts, tmp_path).report(), filled(weighted=True).report()
    assert numbers(report.to_dict()) == pytest.approx(numbers(whole.to_dict()), rel=1e-9, abs=1e-12)
    for name, hist in whole.hists.items():
        assert np.allclose(report.hists[name].values(True), hist.values(True), rtol=1e-6), name
        mine, theirs = report.hists[name].variances(True), hist.variances(True)
        assert mine is theirs is None or np.allclose(mine, theirs, rtol=1e-9), name


def numbers(data):
    """Every number of a report, in order."""
    match data:
        case dict():
            return [number for key in sorted(data) for number in numbers(data[key])]
        case list() | tuple():
            return [number for item in data for number in numbers(item)]
        case bool() | str() | None:
            return []
    return [data]


def test_what_was_merged_can_be_filled_further(empty, filled, events, values, tmp_path):
    total = merged(empty, [filled(0, 3)], tmp_path)
    rest = events.chunk(3, 400)
    later = {name: column[3:] for name, column in values.items()}
    total.fill(rest.events, rest.batch, rest.outputs, variables=later)
    assert total.report().to_dict() == filled().report().to_dict()


OTHERS = {
    "variables": (),
    "weighted": True,
    "working_points": (),
    "network": Network(file="net_toy.onnx", sha256="1" * 64),
}


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("variables", "variable depth (depth in bins -1.0, 0.0, 0.5, 3.0; not there)"),
        ("weighted", "different weight (none; one each unit)"),
        ("working_points", "working point loose (score > 0.5; not there)"),
        ("network", f"different network (net_toy, sha256 {'0' * 64}: net_score;"),
    ],
)
def test_counts_of_something_else_do_not_add(filled, tmp_path, name, said):
    other = filled(**{name: OTHERS[name]})
    other.save(tmp_path / "part.counts")
    with pytest.raises(InputError, match=re.escape(said)) as error:
        filled().merge(tmp_path / "part.counts")
    assert "part.counts" in str(error.value)
    with pytest.raises(ValueError, match=re.escape(said)):
        filled() + other


def test_counts_in_other_bins_do_not_add(filled, make_card, tmp_path):
    first, *others = make_card().domain
    coarse = first.model_copy(update={"edges": (0.0, 1.0), "fractions": (1.0,)})
    filled(domain=(coarse, *others)).save(tmp_path / "part.counts")
    with pytest.raises(InputError, match="counts of 'domain_total_energy' do not add"):
        filled().merge(tmp_path / "part.counts")


def test_files_that_hold_no_counts_are_refused(empty, filled, tmp_path):
    path = tmp_path / "part.counts"
    with pytest.raises(InputError, match=r"part.counts: the counts cannot be read"):
        empty().merge(path)
    path.write_text("no archive")
    with pytest.raises(InputError, match="holds no counts"):
        empty().merge(path)
    filled().save(path)
    with zipfile.ZipFile(path, "a") as file, pytest.warns(UserWarning, match="Duplicate"):
        file.writestr("counts.json", json.dumps({"schema": "other", "schema_version": 3}))
    with pytest.raises(InputError, match="found other 3"):
        empty().merge(path)


def test_saving_needs_no_pickle_and_leaves_nothing_behind(filled, tmp_path):
    filled().save(tmp_path / "part.counts")
    filled().save(tmp_path / "part.counts")
    assert [path.name for path in tmp_path.iterdir()] == ["part.counts"]
    with zipfile.ZipFile(tmp_path / "part.counts") as file:
        assert json.loads(file.read("counts.json"))["schema"] == "rootml.validation.counts"
        assert {name.rpartition(".")[2] for name in file.namelist()} == {"json", "npy"}
        for name in file.namelist():
            if name.endswith(".npy"):
                np.load(file.open(name), allow_pickle=False)


def test_the_largest_are_kept_whatever_the_order():
    rows = np.random.default_rng(1).integers(0, 5, (100, 3)).astype(float)
    whole, parts = Tally(), [Tally() for _ in range(3)]
    whole.keep("worst", rows, 10)
    for tally, part in zip(parts, np.array_split(rows[::-1], 3), strict=True):
        tally.keep("worst", part, 10)
    found = (parts[2] + parts[0] + parts[1]).tops["worst"].rows
    assert np.array_equal(found, whole.tops["worst"].rows)
    assert np.array_equal(found, np.array(sorted(rows.tolist(), reverse=True)[:10]))
