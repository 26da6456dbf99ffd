"""Networks that judged the same events are compared on them; others as independent samples."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from scipy.special import expit

import rootml
from rootml.rootio.chunks import read_together
from rootml.tagged import SampleFiles, validate_files
from rootml.validation import Style, paired_ratio, read_study, write_study
from rootml.validation.comparing.best import rankings
from rootml.validation.comparing.overlay import series_of
from rootml.validation.comparing.pairs import over
from rootml.validation.comparing.series import ratio_errors
from rootml.validation.plots import FAMILIES
from rootml.validation.plots.canvas import drawing, settings
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.matched import ratio_of_counts
from rootml.validation.text import to_markdown

EDGES = [0, 20, 50, 200]
AGAINST = {"against": ["pt:0,20,50,200"], "inputs": False, "events": 0}


@pytest.fixture(scope="module")
def cards(make_card):
    """Cards of three networks whose scores are written by hand."""
    return [make_card(name) for name in ("old", "new", "partial")]


@pytest.fixture(scope="module")
def columns():
    """Two correlated scores of 4000 events; a third one of those with ``pt`` above 5."""
    rng = np.random.default_rng(11)
    truth = np.arange(4000, dtype="i4") % 2
    shared, own, other = rng.normal(size=(3, 4000))
    pt = rng.exponential(40, 4000).astype("f4")
    new = expit(3.5 * truth - 1.5 + shared + 0.4 * own).astype("f4")
    old = expit(2.8 * truth - 1.5 + shared + 0.4 * other).astype("f4")
    return {
        "x": rng.normal(size=4000).astype("f4"),
        "y": np.zeros(4000, "f4"),
        "pt": pt,
        "w": rng.gamma(2, 0.5, 4000),
        "truth": truth,
        "old_score": old,
        "new_score": new,
        "partial_score": np.where(pt > 5, new, np.nan).astype("f4"),
    }


@pytest.fixture(scope="module")
def path(columns, write, tmp_path_factory):
    return write(tmp_path_factory.mktemp("pairs") / "both.root", columns)


@pytest.fixture(scope="module")
def study(path, cards):
    return validate_files(path, cards, **AGAINST)


@pytest.fixture(scope="module")
def two(path, cards):
    return validate_files(path, cards[:2], **AGAINST)


def cut_at(report, efficiency):
    rows = report.figures["outputs"]["score"]["working_points"]
    return next(row["threshold"] for row in rows if row["target"] == efficiency)


def at(figures, efficiency):
    return next(r["ratio"] for r in figures["efficiencies"] if r["target"] == efficiency)


@pytest.mark.parametrize("efficiency", [0.5, 0.9, 0.99])
def test_ratios_are_those_of_the_events(study, columns, efficiency):
    background = columns["truth"] == 0
    passed = [
        columns[f"{report.model['name']}_score"][background] > cut_at(report, efficiency)
        for report in study.reports[:2]
    ]
    expected = paired_ratio(*passed)
    assert at(over(study, 0, 1, "score"), efficiency) == pytest.approx(vars(expected))
    inverse = at(over(study, 1, 0, "score"), efficiency)
    assert inverse == pytest.approx(vars(paired_ratio(*passed[::-1])))
    assert len(study.pairs) == 1


def test_ratios_in_bins_have_the_cuts_of_the_bins(study, columns):
    found = over(study, 1, 0, "score")["against"]
    for name, edges in (("pt", EDGES), ("energy", None)):
        made = [
            one.figures["outputs"]["score"]["against"][name]["flat_efficiency"]["rows"]
            for one in study.reports[:2]
        ]
        rows = [(a, b) for a, b in zip(*made, strict=True) if a["cut"]]
        if edges:
            assert [(a["low"], a["high"]) for a, _ in rows] == list(pairwise(edges))
        for row, (old, new) in zip(found[name], rows, strict=True):
            inside = (columns["pt"] >= old["low"]) & (columns["pt"] < old["high"])
            background = inside & (columns["truth"] == 0)
            passed = [
                columns[f"{key}_score"][background] > cut["cut"]["threshold"]
                for key, cut in (("new", new), ("old", old))
            ]
            assert row["ratio"] == pytest.approx(vars(paired_ratio(*passed)), nan_ok=True)


def test_neither_chunks_nor_files_matter(two, columns, cards, write, tmp_path, monkeypatch):
    def small(*args, **options):
        return read_together(*args, **options | {"chunk_bytes": 6000})

    monkeypatch.setattr("rootml.tagged.counting.read_together", small)
    parts = [
        write(tmp_path / f"part{i}.root", {name: c[rows] for name, c in columns.items()})
        for i, rows in enumerate((slice(700), slice(700, None)))
    ]
    done = []
    split = validate_files(
        {"both": parts}, cards[:2], **AGAINST, progress=lambda *step: done.append(step)
    )
    assert done[-1] == (8000, 8000)
    assert split.to_dict()["pairs"] == two.to_dict()["pairs"]


def test_weights_count(path, columns, cards):
    study = validate_files(path, cards[:2], weight="w", select="pt > 10", **AGAINST)
    rows = (columns["truth"] == 0) & (columns["pt"] > 10)
    old, new = (
        columns[f"{one.model['name']}_score"][rows] > cut_at(one, 0.9) for one in study.reports
    )
    w = columns["w"][rows]
    sums = [Counts(np.sum(w[p]), np.sum(w[p] ** 2)) for p in (old, new, old & new)]
    assert at(over(study, 0, 1, "score"), 0.9) == pytest.approx(vars(ratio_of_counts(*sums)))


def test_other_events_are_not_paired(study):
    """One network judged fewer events: nothing claims that they are the same."""
    assert [pair.reports for pair in study.pairs] == [(0, 1)]
    assert over(study, 2, 0, "score") is over(study, 2, 1, "score") is None
    said = [note.text for note in study.notes if note.level == "info"]
    assert sum("partial@1.0 did not judge the same background" in text for text in said) == 2
    plot = next(p for p in study.plots if p.name == "score_rejection_models")
    paired = {one.title: one.paired for one in series_of(study, plot)[1:]}
    assert ratio_errors(paired) == "Ratio: paired errors (same events), independent: partial 1.0"


def test_two_samples_are_independent(path, columns, cards, write, tmp_path):
    other = write(tmp_path / "other.root", {name: c[:2000] for name, c in columns.items()})
    study = validate_files([f"a={path}", f"b={other}"], cards[:1], **AGAINST)
    assert not study.pairs
    plot = next(p for p in study.plots if p.name == "score_rejection_samples")
    paired = {one.title: one.paired for one in series_of(study, plot)[1:]}
    assert ratio_errors(paired) == "Ratio: independent errors"


@pytest.fixture(scope="module")
def apart(mine, make_card, tmp_path_factory):
    """One file tagged twice: into two files by a network each, and into one by both."""
    folder = tmp_path_factory.mktemp("apart")
    models = [make_card("one"), make_card("other", weight=-0.1)]
    paths = [folder / f"{name}.root" for name in ("a", "b", "both")]
    for path, networks in zip(paths, (models[:1], models[1:], models), strict=True):
        rootml.tag_file(mine.source, path, networks, plots=False)
    return models, paths


def test_two_taggings_of_a_file_are_of_the_same_events(apart):
    models, (a, b, both) = apart
    study = validate_files([a, b], models, **AGAINST)
    expected = validate_files(both, models, **AGAINST)
    assert [pair.reports for pair in study.pairs] == [(0, 1)]
    assert study.to_dict()["pairs"] == expected.to_dict()["pairs"]
    assert {p.name for p in study.plots} == {p.name for p in expected.plots}
    assert not study.notes
    ((_, rivals),) = rankings(study)
    assert rivals[1].paired
    assert "## The best score on a, b" in to_markdown(study)


def test_files_of_outputs_alone_are_read_beside_what_they_were_made_from(apart, mine, tmp_path):
    models, (*_, both) = apart
    paths = [tmp_path / "a.root", tmp_path / "b.root"]
    for path, network in zip(paths, models, strict=True):
        rootml.tag_file(mine.source, path, network, output="friend", plots=False)
    study = validate_files(paths, models, weight="w*w", **AGAINST)
    expected = validate_files(both, models, weight="w*w", **AGAINST)
    assert study.to_dict()["pairs"] == expected.to_dict()["pairs"]
    assert study.pairs
    assert not study.notes


def test_files_of_other_events_or_weights_are_not(apart, mine, write, tmp_path):
    """Another file of the same size is no pair, nor is the same one with weights."""
    models, (a, b, _) = apart
    moved = {name: column[::-1] for name, column in mine.branches.items()}
    source = write(tmp_path / "moved.root", moved)
    rootml.tag_file(source, tmp_path / "c.root", models[1], plots=False)
    assert not validate_files([a, tmp_path / "c.root"], models, **AGAINST).pairs
    weighted = [SampleFiles("a", (str(a),)), SampleFiles("b", (str(b),), weight="w")]
    assert not validate_files(weighted, models, **AGAINST).pairs


@pytest.mark.parametrize("weight", ["", "1e-12*w"])
def test_events_that_only_seem_the_same_are_found_out(
    apart, mine, write, tmp_path, monkeypatch, weight
):
    """Entries in another order, all of them judged: other ones pass the cuts."""
    models, _ = apart
    branches = {**mine.branches, "y": np.zeros_like(mine.branches["y"])}
    moved = {name: np.roll(column, 100) for name, column in branches.items()}
    for name, columns, model in (("a", branches, models[0]), ("b", moved, models[1])):
        source = write(tmp_path / f"{name}_in.root", columns)
        rootml.tag_file(source, tmp_path / f"{name}.root", model, plots=False)
    monkeypatch.setattr("rootml.tagged.survey._origins", lambda tree: [("the same", "events")])
    files = [tmp_path / "a.root", tmp_path / "b.root"]
    study = validate_files(files, models, weight=weight, **AGAINST)
    assert not study.pairs
    assert any("did not judge the same background" in note.text for note in study.notes)


def test_the_best_is_named_with_how_much_better_it_is(two):
    ((output, (best, other)),) = rankings(two)
    assert (output, best.report, other.report) == ("score", 1, 0)
    expected = at(over(two, 1, 0, "score"), 0.9)
    assert (other.ratio.value, other.p_value) == (expected["value"], expected["p_value"])
    assert other.ratio.value == pytest.approx(best.rejection.value / other.rejection.value)
    assert (best.ratio, other.paired) == (None, True)


def test_tables_say_which_errors_ratios_have(study, two, tmp_path):
    text = to_markdown(two)
    table = text[text.index("## The best score on both") :].split("\n## ")[0]
    assert "| same events |" in table
    assert "| pt [GeV] | best over old 1.0 |" in table
    assert to_markdown(study).count("| independent |") == 2  # the third is of fewer events
    write_study(two, tmp_path, formats=())
    page = (tmp_path / "index.html").read_text()
    assert "score: background rejection at 90 % signal efficiency, in bins of pt" in page
    read = read_study(tmp_path)
    assert to_markdown(read) == text
    assert read.to_dict()["pairs"] == two.to_dict()["pairs"]


@pytest.mark.mpl_image_compare(
    baseline_dir="baseline",
    style=[settings(Style())],
    savefig_kwargs={"dpi": 50, "metadata": {"Software": None}},
    tolerance=8,
    deterministic=True,
)
@pytest.mark.parametrize("name", ["score_rejection_models", "score_rejection_vs_pt_models"])
def test_plots(two, name):
    plot = next(plot for plot in two.plots if plot.name == name)
    with drawing(Style()):
        return FAMILIES[plot.family](series_of(two, plot), plot.subject, Style())


def test_the_command_prints_the_comparison(path, cards, tmp_path, command):
    done = command(
        "validate", path, "-m", cards[0], "-m", cards[1], "-o", tmp_path / "out", "--no-inputs",
        "--formats", "", "--no-page", "--events", 0,
    )  # fmt: skip
    assert done.code == 0
    table = done.out[done.out.rindex("score: background rejection at 90 %") :].splitlines()
    assert table[2].startswith("new 1.0")
    assert table[3].startswith("old 1.0")
    assert table[3].rstrip().endswith("same events")
