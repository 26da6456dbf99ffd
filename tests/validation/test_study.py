"""A study of several networks and samples in a folder, and read back from it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
import uproot

from rootml.errors import InputError
from rootml.validation import Collector, Gate, Note, Plot, Sample, Study, read_study, write_study

MODEL = {"name": "net", "version": "1", "sha256": "0"}
EMPTY = {"model": MODEL, "sample": {}, "checks": [], "figures": {}, "plots": [], "not_drawn": {}}
SAMPLES = (
    Sample("a", "First", files=({"path": "a.root", "entries": 300},), weight="w", scale=0.5),
    Sample("b", "Second", role="variation", of="a"),
)


@pytest.fixture(scope="module")
def study(collect_once) -> Study:
    """Two versions of a network on two samples, each with one plot."""
    reports = [
        replace(report, plots=report.plots[:1])
        for version in ("1.0", "2.0")
        for sample in SAMPLES
        for report in [collect_once(version, sample)]
    ]
    return Study(
        title="Both",
        samples=SAMPLES,
        reports=tuple(reports),
        notes=(Note("warning", "half of it is missing", "a.root"),),
        gates=(Gate("auc > 0.9", failed=False, message="auc 0.95 > 0.9", values={"auc": 0.95}),),
        provenance={"command": ["rootml", "validate"]},
        plots=(Plot("score_roc_models", "roc", "score", (0, 2)),),
    )


@pytest.fixture(scope="module")
def collect_once(adapter, make_card, sample):
    def collect(version, named):
        card = make_card(version=version, domain=())
        collector = Collector(card, adapter, branches={"score": f"net_{version}"})
        events = sample(300, np.random.default_rng(len(version)))
        collector.fill(events.events, events.batch, events.outputs)
        return collector.report(named)

    return collect


@pytest.fixture(scope="module")
def written(study, tmp_path_factory):
    folder = tmp_path_factory.mktemp("study")
    paths = write_study(study, folder, formats=("svg",), page=False)
    assert set(paths) == {path for path in folder.rglob("*") if path.is_file()}
    return folder


def test_reports_of_versions_have_places_of_their_own(study, written):
    places = [study.place(i) for i in range(4)]
    assert places == ["net_toy-1.0/a", "net_toy-1.0/b", "net_toy-2.0/a", "net_toy-2.0/b"]
    assert all((written / place / "score_distribution.svg").is_file() for place in places)
    assert (written / "score_roc_models.svg").is_file()
    assert Study.of(study.reports[0]).place(0) == ""


def test_histograms_lie_by_place(study, written):
    with uproot.open(written / "histograms.root") as file:
        for i, report in enumerate(study.reports):
            stored = file[f"{study.place(i)}/score_electron"]
            assert np.array_equal(stored.values(), report.hists["score_electron"].values())


@pytest.mark.parametrize("kind", ["json", "zip"])
def test_a_study_reads_back(study, written, tmp_path, kind):
    folder = written
    if kind == "zip":
        folder = tmp_path
        write_study(study, folder, formats=(), page=False, histograms="zip")
        assert not (folder / "histograms.json").exists()
    read = read_study(folder)
    assert read.to_dict() == study.to_dict()
    assert (read.samples, read.notes, read.gates) == (study.samples, study.notes, study.gates)
    for mine, theirs in zip(read.reports, study.reports, strict=True):
        assert mine.hists == theirs.hists
    assert read_study(folder / "report.json").to_dict() == study.to_dict()


def test_a_study_that_was_read_is_written_again(collect, sample, tmp_path):
    events = sample(400, np.random.default_rng(1), separation=40)  # no proton passes: no upper end
    one = Study.of(replace(collect(events).report(), plots=()))
    write_study(one, tmp_path / "a", formats=(), page=False)
    write_study(read_study(tmp_path / "a"), tmp_path / "b", formats=(), page=False)
    for name in ("report.json", "report.md", "histograms.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_a_report_alone_reads_back_without_histograms(written, tmp_path):
    (tmp_path / "report.json").write_bytes((written / "report.json").read_bytes())
    study = read_study(tmp_path)
    assert study.reports[0].hists == {}
    before = sorted(tmp_path.iterdir())
    with pytest.raises(InputError, match=r"no plots without its histograms.*histograms\.json"):
        write_study(study, tmp_path)
    assert sorted(tmp_path.iterdir()) == before


def test_what_was_written_before_goes_and_the_rest_stays(study, tmp_path):
    write_study(study, tmp_path, formats=("svg",), histograms="zip")
    outside = tmp_path.parent / "score_roc.svg"
    for path in (outside, tmp_path / "mine.svg", tmp_path / "net_toy-1.0" / "mine.svg"):
        path.write_text("precious")
    before = json.loads((tmp_path / "report.json").read_text())
    before["plots"].append({**before["plots"][0], "name": "../score_roc"})
    (tmp_path / "report.json").write_text(json.dumps(before))
    write_study(Study.of(study.reports[0]), tmp_path, formats=(), page=False)
    kept = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
    histograms = {"histograms.json", "histograms.root"}
    assert kept - histograms - {"net_toy-1.0", "net_toy-2.0"} == {
        "report.json",
        "report.md",
        "mine.svg",
        "net_toy-1.0/mine.svg",
    }
    assert outside.read_text() == "precious"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"schema": "other"}, "no report of `rootml validate`"),
        ({"schema_version": 1}, "validate its files again"),
        ({"schema_version": 3}, "update rootml"),
        ({"schema_version": "x"}, "schema version 'x'"),
        ({"reports": [{}]}, "damaged"),
        ({"reports": [EMPTY]}, "damaged: KeyError.'outputs'"),
        ({"reports": [EMPTY | {"figures": {"outputs": []}}]}, "damaged"),
        ({"reports": [EMPTY | {"model": None, "figures": {"outputs": {}}}]}, "damaged"),
        ({"reports": [EMPTY | {"figures": {"outputs": {"score": 3}}}]}, "damaged"),
        ({"reports": [EMPTY | {"model": {}, "figures": {"outputs": {}}}]}, "damaged.*'name'"),
        ({"samples": [{"name": 1, "colour": 2}]}, "damaged"),
    ],
)
def test_reports_of_another_kind_are_refused(written, tmp_path, change, said):
    data = json.loads((written / "report.json").read_text())
    (tmp_path / "report.json").write_text(json.dumps(data | change))
    with pytest.raises(InputError, match=said) as error:
        read_study(tmp_path)
    assert str(tmp_path / "report.json") in str(error.value)


@pytest.mark.parametrize("text", ["{", '{"a": 3}'])
def test_histograms_that_are_damaged_are_refused(written, tmp_path, text):
    (tmp_path / "report.json").write_bytes((written / "report.json").read_bytes())
    (tmp_path / "histograms.json").write_text(text)
    with pytest.raises(InputError, match=r"histograms.json: it is damaged"):
        read_study(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"), [("", "is no JSON"), ("[]", "no report of"), (None, "no such")]
)
def test_what_is_no_report_is_refused(tmp_path, text, said):
    if text is not None:
        (tmp_path / "report.json").write_text(text)
    with pytest.raises(InputError, match=f"(?i){said}"):
        read_study(tmp_path)


def test_root_shows_the_errors_of_weights(collect_weighted, tmp_path):
    ROOT = pytest.importorskip("ROOT", reason="the root wheel is not installed")
    report = collect_weighted.report()
    write_study(Study.of(report), tmp_path, formats=(), page=False)
    file = ROOT.TFile.Open(str(tmp_path / "histograms.root"))
    for name in ("score_electron", "variable_energy_electron"):
        shown, hist = file.Get(name), report.hists[name]
        bins = range(hist.axes[0].size + 2)
        values, variances = hist.values(flow=True), hist.variances(flow=True)
        assert [shown.GetBinContent(i) for i in bins] == pytest.approx(values)
        assert [shown.GetBinError(i) for i in bins] == pytest.approx(np.sqrt(variances))
        assert shown.GetEntries() == pytest.approx(values.sum() ** 2 / variances.sum())
        assert shown.GetEffectiveEntries() == pytest.approx(
            hist.values().sum() ** 2 / hist.variances().sum()
        )
    image, mean = file.Get("image_image_electron"), report.hists["image_image_electron"].values()
    assert image.GetBinContent(1, 2) == pytest.approx(mean[0, 1])
    assert image.GetBinError(1, 2) == 0
    file.Close()


@pytest.fixture
def collect_weighted(adapter, make_card, sample):
    collector = Collector(make_card(), adapter, branches={"score": "s"}, weighted=True)
    events = sample(300, np.random.default_rng(1))
    weights = np.random.default_rng(2).normal(1, 1, 300)
    collector.fill(events.events, events.batch, events.outputs, weights=weights)
    return collector
