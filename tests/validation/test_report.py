"""Reports and their files: complete, readable elsewhere, and the same each time."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import awkward as ak
import matplotlib as mpl
import numpy as np
import pytest
import uproot

from rootml.card import DomainAxis, Output
from rootml.errors import OutputError
from rootml.spec import Batch
from rootml.validation import Collector, Study, write_study
from rootml.validation.store import read_histograms

SCORE_PLOTS = {
    "score_distribution",
    "score_roc",
    "score_rejection",
    "score_rejection_vs_energy",
    "score_cut_vs_energy",
    "score_precision_recall",
    "score_reliability",
    "score_confusion",
}
OTHER_PLOTS = {"image_image", "domain"}
PANELS = {"domain_total_energy", "domain_hit_cells"}


@pytest.fixture(scope="module")
def events(sample):
    return sample(3000, np.random.default_rng(1))


def write(report, folder, *, formats=("png", "pdf")):
    """The files of a report by itself; its page has tests of its own."""
    return write_study(Study.of(report), folder, formats=formats, page=False)


def only(events, keep, columns=("truth_label", "energy")):
    keep = np.asarray(keep)
    judged = events.batch.judged
    return type(events)(
        events.events[keep][list(columns)],
        Batch({"image": events.batch.tensors["image"][keep[judged]]}, judged[keep]),
        {"score": events.outputs["score"][keep]},
    )


def test_every_plot_is_drawn_or_explained(collect, events, tmp_path):
    label = np.asarray(events.events["truth_label"])
    cases = {
        "all": (events, set(), ""),
        "no truth": (only(events, label >= 0, ["energy"]), SCORE_PLOTS, "no truth label"),
        "no energy": (
            only(events, label >= 0, ["truth_label"]),
            {"score_rejection_vs_energy", "score_cut_vs_energy"},
            "no energy",
        ),
        "one class": (only(events, label == 1), SCORE_PLOTS, "no judged event of the class proton"),
        "few": (only(events, np.arange(3000) < 12), {"score_rejection_vs_energy"}, "no energy bin"),
        "none": (only(events, label < 0), SCORE_PLOTS | OTHER_PLOTS, "no events"),
        "unjudged": (
            only(events, ~events.batch.judged),
            SCORE_PLOTS | OTHER_PLOTS,
            "could judge none",
        ),
    }
    for name, (part, missing, reason) in cases.items():
        report = collect(part).report()
        missing = missing - ({"score_distribution"} if name in ("no truth", "one class") else set())
        drawn = {plot.name for plot in report.plots}
        assert drawn == (SCORE_PLOTS | OTHER_PLOTS) - missing, name
        if "domain" in missing:
            missing = missing - {"domain"} | PANELS
        assert report.not_drawn.keys() == missing, name
        assert all(reason in text for text in report.not_drawn.values()), name
        shown = report.plots if name == "all" else report.plots[:2]
        written = write(replace(report, plots=shown), tmp_path / name, formats=("svg",))
        assert [path.stem for path in written if path.suffix == ".svg"] == [p.name for p in shown]
        stored = json.loads((tmp_path / name / "report.json").read_text())
        assert stored["reports"][0]["not_drawn"].keys() == missing


def test_a_collector_without_events_reports(collect, tmp_path):
    report = collect().report()
    assert not report.plots
    assert not {check.name: check for check in report.checks}["judged"].passed
    assert write(report, tmp_path)


def test_a_card_without_a_domain_says_so(collect, make_card, events):
    report = collect(events, card=make_card(domain=())).report()
    assert "no training domain" in report.not_drawn["domain"]


def test_a_domain_of_many_summaries_has_pages(collect, make_card, adapter, events, tmp_path):
    names = [f"sum_{i}" for i in range(20)]
    view, axis = adapter.views["image"], make_card().domain[0]
    sums = tuple(replace(view.summaries[0], name=name) for name in names)
    wide = replace(adapter, views={"image": replace(view, summaries=sums)})
    card = make_card(domain=tuple(axis.model_copy(update={"name": name}) for name in names))
    collector = Collector(card, wide, branches={"score": "net_score"})
    collector.fill(events.events, events.batch, events.outputs)
    report = collector.report()
    pages = report.figures["domain"]["pages"]
    assert [len(page) for page in pages] == [7, 7, 6]
    assert [name for page in pages for name in page] == names
    few = replace(report, plots=tuple(p for p in report.plots if p.name == "domain_3"))
    assert (tmp_path / "domain_3.svg") in write(few, tmp_path, formats=("svg",))
    assert [p.name for p in report.plots if p.family == "domain"] == [
        "domain",
        "domain_2",
        "domain_3",
    ]


def test_the_last_bin_of_a_domain_holds_its_upper_edge(collect, make_card, events):
    """As that of the training does: shares often end at exactly 1."""
    cells = np.count_nonzero(events.batch.tensors["image"], axis=(1, 2, 3))
    edges = tuple(float(edge) for edge in np.linspace(0, cells.max(), 5))
    counts, _ = np.histogram(cells, edges)
    axis = DomainAxis(
        name="hit_cells",
        low=0,
        high=edges[-1],
        edges=edges,
        fractions=tuple(counts / counts.sum()),
    )
    made = collect(events, card=make_card(domain=(axis,))).report()
    assert np.array_equal(made.hists["domain_hit_cells"].values(), counts)
    assert made.hists["domain_hit_cells"].axes[0].label == "cells with a deposit"
    assert made.figures["domain"]["axes"]["hit_cells"]["ks"] == pytest.approx(0)


def test_a_domain_the_view_cannot_compute_is_named(collect, make_card, events):
    axis = DomainAxis(name="hit_cell", low=0, high=1, edges=(0.0, 1.0), fractions=(1.0,))
    report = collect(events, card=make_card(domain=(axis,))).report()
    assert "did you mean 'hit_cells'" in report.not_drawn["domain_hit_cell"]


def test_events_outside_the_domain_fail_the_check(collect, events):
    far = Batch({"image": events.batch.tensors["image"] * 50}, events.batch.judged)
    report = collect(type(events)(events.events, far, events.outputs)).report()
    assert not {check.name: check for check in report.checks}["domain"].passed
    outside = report.figures["domain"]["fraction"]
    assert outside["low"] < outside["value"] <= outside["high"] <= 1
    assert report.figures["domain"]["axes"]["total_energy"]["ks"] > 0.5


def test_json_is_strict_and_holds_every_number(collect, events):
    report = collect(events).report()
    text = Study.of(report).to_json()
    study = json.loads(text, parse_constant=lambda constant: pytest.fail(constant))
    assert (study["schema"], study["schema_version"]) == ("rootml.validation.report", 2)
    (data,) = study["reports"]
    assert data["model"] == {"name": "net_toy", "version": "1.0", "title": "", "sha256": "0" * 64}
    assert data["sample"]["status"] == "Simulation"
    made = data["figures"]["outputs"]["score"]
    assert {"auc", "curve", "working_points", "against"} <= made.keys()
    assert None in made["curve"]["rejection_high"]  # a lower limit has no upper end


def test_histograms_read_back_equal(collect, events, tmp_path):
    report = collect(events).report()
    write(report, tmp_path, formats=())
    stored = read_histograms(tmp_path / "histograms.json")
    assert stored == dict(report.hists)
    with uproot.open(tmp_path / "histograms.root") as file:
        assert set(file.keys(cycle=False)) == report.hists.keys()
        for name, hist in report.hists.items():
            assert np.array_equal(file[name].values(), hist.values()), name
            assert np.allclose(file[name].axis(0).edges(), hist.axes[0].edges), name


def test_root_reads_the_histograms(collect, events, tmp_path):
    ROOT = pytest.importorskip("ROOT", reason="the root wheel is not installed")
    report = collect(events).report()
    write(report, tmp_path, formats=())
    file = ROOT.TFile.Open(str(tmp_path / "histograms.root"))
    score, counts = file.Get("score_electron"), report.hists["score_electron"].values(flow=True)
    assert score.ClassName() == "TH1D"
    assert [score.GetBinContent(i) for i in range(counts.size)] == list(counts)
    assert [score.GetBinError(i) for i in range(counts.size)] == pytest.approx(np.sqrt(counts))
    assert score.GetEntries() == counts.sum()
    assert score.GetXaxis().GetTitle() == "log(p/(1-p))"
    energy = file.Get("score_vs_energy_electron")
    assert energy.GetXaxis().GetTitle() == "reconstructed energy [GeV]"
    assert energy.GetEntries() == counts.sum()
    image = file.Get("image_image_electron")
    assert (image.ClassName(), image.GetNbinsX(), image.GetNbinsY()) == ("TH2D", 6, 8)
    file.Close()


def test_text_gives_intervals_and_limits(collect, sample, tmp_path):
    events = sample(400, np.random.default_rng(1), separation=40)
    write(collect(events).report(), tmp_path, formats=())
    text = (tmp_path / "report.md").read_text()
    assert "| 0.9 | " in text
    assert "| > " in text  # no proton passes
    assert "inf" not in text


def test_the_same_report_gives_the_same_bytes(collect, events, tmp_path):
    report = collect(events).report()
    report = replace(report, plots=report.plots[:1])
    formats = ("png", "pdf", "svg")
    first, second = (write(report, tmp_path / n, formats=formats) for n in "ab")
    for a, b in zip(first, second, strict=True):
        if a.suffix != ".root":  # ROOT files hold the time and a UUID
            assert a.read_bytes() == b.read_bytes(), a.name


def test_drawing_leaves_no_state_behind(collect, events, tmp_path):
    from matplotlib import pyplot

    before, figures = dict(mpl.rcParams), pyplot.get_fignums()
    report = collect(events).report()
    write(replace(report, plots=report.plots[:1]), tmp_path, formats=("png",))
    assert dict(mpl.rcParams) == before
    assert pyplot.get_fignums() == figures


def test_plots_of_an_earlier_report_do_not_stay(collect, events, tmp_path):
    report = collect(events).report()
    write(replace(report, plots=report.plots[:2]), tmp_path, formats=("svg",))
    (tmp_path / "mine.svg").write_text("precious")
    write(replace(report, plots=report.plots[1:2]), tmp_path, formats=("svg",))
    kept = {path.name for path in tmp_path.glob("*.svg")}
    assert kept == {"mine.svg", f"{report.plots[1].name}.svg"}


def test_outputs_of_other_roles_are_drawn(collect, make_card, events, tmp_path):
    card = make_card(
        domain=(),
        outputs=(
            Output(name="energy", role="energy", unit="GeV"),
            Output(name="kind", role="probabilities", shape=(3,)),
            Output(name="tracks", role="multiplicity", dtype="int32"),
            Output(name="z", unit="cm"),
            Output(name="flat"),
        ),
        working_points=(),
    )
    rng, n = np.random.default_rng(1), len(events.events)
    z = rng.normal(10, 30, n)
    outputs = {
        "energy": np.asarray(events.events["energy"]),
        "kind": rng.dirichlet((1, 2, 3), n),
        "tracks": rng.poisson(2, n).astype(np.int32),
        "z": z,
        "flat": np.zeros(n),
    }
    report = collect(type(events)(events.events, events.batch, outputs), card=card).report()
    written = write(report, tmp_path, formats=("svg",))
    assert {f"{o.name}_distribution" for o in card.outputs} <= {path.stem for path in written}
    hist = report.hists["z_electron"]
    label = np.asarray(events.events["truth_label"])
    expected = np.histogram(z[(label == 1) & events.batch.judged], hist.axes[0].edges)[0]
    assert hist.sum(flow=True) == np.count_nonzero((label == 1) & events.batch.judged)
    assert np.abs(hist.values() - expected).sum() < 0.05 * len(z)


def test_extreme_values_are_drawn_or_explained(collect, make_card, events, tmp_path):
    n, rows = len(events.events), events.batch.rows
    blank = Batch({"image": np.zeros((rows, 1, 6, 8), np.float32)}, events.batch.judged)
    outputs = (
        Output(name="score", role="score"),
        Output(name="energy", role="energy", unit="GeV"),
        Output(name="huge"),
        Output(name="pair", shape=(2,)),
    )
    card = make_card(outputs=outputs, working_points=())
    label = np.asarray(events.events["truth_label"])
    values = {"score": label.astype(float), "energy": np.full(n, -1.0), "huge": np.full(n, 1e30)}
    values["pair"] = np.stack((np.full(n, np.nan), np.arange(n, dtype=float)), axis=1)
    report = collect(type(events)(events.events, blank, values), card=card).report()
    write(report, tmp_path, formats=("svg",))
    assert "within the range" in report.not_drawn["energy_distribution"]
    assert "within the range" in report.not_drawn["huge_distribution"]
    assert (tmp_path / "score_distribution.svg").exists()
    assert (tmp_path / "image_image.svg").exists()
    assert (tmp_path / "pair_distribution.svg").exists()
    assert report.hists["pair_1_electron"].sum(flow=True) == report.hists["score_electron"].sum(
        flow=True
    )


def test_a_folder_that_cannot_be_written_is_one_clear_error(collect, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="taken"):
        write(collect().report(), tmp_path / "taken")


def test_numbers_need_no_drawing():
    code = (
        "import sys, rootml.validation\n"
        "loaded = {'matplotlib', 'mplhep', 'uproot', 'awkward', 'torch'} & set(sys.modules)\n"
        "assert not loaded, loaded"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_missing_columns_are_no_error(collect, events):
    bare = ak.Array({"other": np.arange(len(events.events))})
    report = collect(type(events)(bare, events.batch, events.outputs)).report()
    assert report.figures["events"]["judged"] == events.batch.rows
    assert report.sample["status"] == ""
