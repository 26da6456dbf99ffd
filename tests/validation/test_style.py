"""How plots look: legends off the data, colours for all eyes, labels of every style."""

from __future__ import annotations

import functools
import itertools
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_rgb
from matplotlib.text import Text
from PIL import Image
from scipy import stats

from rootml.errors import RegistryError
from rootml.validation.comparing.overlay import overlays, series_of
from rootml.validation.comparing.series import alone
from rootml.validation.comparing.stacking import sources, stack
from rootml.validation.plots import FAMILIES, draw_study
from rootml.validation.plots.canvas import drawing, settings
from rootml.validation.report import Report
from rootml.validation.study import Sample, Study
from rootml.validation.style import COLOURS, STYLES, Style, look

COLUMN = 8 / 2.54
"""Width in inches at which plots are printed in a column."""

SMALLEST = 6.0
"""Points that one can read."""

BLIND = {
    "protanopia": ((0.1523, 1.0526, -0.2049), (0.1145, 0.7863, 0.0992), (-0.0039, -0.0481, 1.052)),
    "deuteranopia": ((0.3673, 0.8606, -0.228), (0.2801, 0.6725, 0.0474), (-0.0118, 0.0429, 0.9689)),
    "tritanopia": ((1.2555, -0.0767, -0.1788), (-0.0784, 0.9308, 0.1476), (0.0047, 0.6914, 0.3039)),
}
"""What is seen, of linear RGB (G. M. Machado et al., IEEE TVCG 15 (2009) 1291, table 1)."""

FLAT = ("confusion", "domain", "image", "importance")
"""Families without a legend on their panels."""

LONG = "Protons and electrons of the second production, physics list number {}"


@pytest.fixture(scope="module")
def report_of(collect, sample):
    """``report_of(i)``: the report of a sample that separates less well the larger i is."""

    @functools.cache
    def report_of(i: int) -> Report:
        part = sample(1000, np.random.default_rng(i), separation=5 - 0.2 * i)
        return collect(part).report()

    return report_of


@pytest.fixture
def studied(report_of):
    """A study of one network on samples, by the role of each."""

    def studied(*roles: str, title: str = "Sample {}") -> Study:
        samples = [
            Sample(f"s{i}", title.format(i), role, "s1", scale=0.5 if role != "data" else 1.0)
            for i, role in enumerate(roles)
        ]
        made = [report_of(i) for i in range(len(samples))]
        reports = [
            replace(report, sample={**report.sample, "name": one.name, "role": one.role})
            for one, report in zip(samples, made, strict=True)
        ]
        study = Study("study", tuple(samples), tuple(reports))
        return replace(study, plots=overlays(study))

    return studied


def covered(figure):
    """How many pixels of the data lie under the legends and labels of the panels."""
    boxes = []
    for ax in figure.axes:
        over = [*ax.texts, *filter(None, [ax.get_legend()])]
        boxes += [one.get_window_extent() for one in over]
        for one in (*over, *ax.spines.values(), ax.xaxis, ax.yaxis):
            one.set_visible(False)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    drawn = (np.asarray(canvas.buffer_rgba())[::-1, :, :3] < 250).any(axis=2)
    places = (np.clip(box.extents, 0, None).astype(int) for box in boxes)
    return sum(int(drawn[y0 : y1 + 1, x0 : x1 + 1].sum()) for x0, y0, x1, y1 in places)


def outside(figure):
    """How far anything drawn reaches beyond the figure, in inches."""
    box, (width, height) = figure.get_tightbbox(), figure.get_size_inches()
    return max(-box.x0, -box.y0, box.x1 - width, box.y1 - height)


@pytest.mark.parametrize("name", STYLES)
def test_nothing_covers_data_or_leaves_the_figure(report_of, name):
    style = Style(name, status="Preliminary", lumi="140", energy="13.6")
    report = report_of(0)
    with drawing(style):
        for plot in report.plots if name == "atlas" else report.plots[:3]:
            figure = FAMILIES[plot.family](alone(report), plot.subject, style)
            assert outside(figure) < 0.01, plot.name
            if plot.family not in FLAT:
                assert covered(figure) == 0, plot.name


@pytest.mark.parametrize("family", ["confusion", "image"])
def test_a_label_above_panels_is_clear_of_them(report_of, family):
    report = report_of(0)
    style = Style("cms", status="Preliminary", lumi="140", energy="13.6")
    plot = next(plot for plot in report.plots if plot.family == family)
    with drawing(style):
        figure = FAMILIES[family](alone(report), plot.subject, style)
    strip = next(ax for ax in figure.axes if not ax.axison)
    assert len(strip.texts) == 4
    lowest = min(text.get_window_extent().y0 for text in strip.texts)
    assert lowest > max(ax.get_window_extent().y1 for ax in figure.axes if ax is not strip)
    assert outside(figure) < 0.01


def test_many_series_of_long_titles_cover_no_data(studied):
    study = studied(*["simulation"] * 6, title=LONG)
    with drawing(Style()):
        for plot in study.plots[:3]:
            figure = FAMILIES[plot.family](series_of(study, plot), plot.subject, Style())
            assert outside(figure) < 0.01, plot.name
            assert covered(figure) == 0, plot.name


def test_every_text_can_be_read_in_a_column(report_of):
    report = report_of(0)
    with drawing(Style()):
        for plot in report.plots:
            figure = FAMILIES[plot.family](alone(report), plot.subject, Style())
            printed = min(COLUMN / figure.get_figwidth(), 0.5) if plot.family != "domain" else 0.5
            for text in figure.findobj(Text):
                assert text.get_fontsize() * printed >= SMALLEST or not text.get_text(), text


def test_colours_are_told_apart_by_every_eye():
    def lab(colour, seen):
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
        to_xyz = (0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505)
        xyz = np.array(to_xyz) @ np.clip(np.array(seen) @ linear, 0, 1) / (0.9505, 1, 1.089)
        x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
        return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])

    for name, seen in BLIND.items():
        for one, other in itertools.combinations(COLOURS, 2):
            distance = np.linalg.norm(lab(to_rgb(one), seen) - lab(to_rgb(other), seen))
            assert distance > 15, f"{one} and {other} with {name}"


def test_series_are_told_apart_without_colours():
    looks = [look(i) for i in range(len(COLOURS))]
    assert len({str(one.dashes) for one in looks}) == len({one.marker for one in looks}) == 7


def test_many_series_all_look_different():
    looks = [look(i) for i in range(40)]
    assert len({(one.colour, str(one.dashes)) for one in looks}) == 40
    assert len({(one.colour, one.marker) for one in looks}) == 40


def labels(report, style):
    with drawing(style):
        figure = FAMILIES["roc"](alone(report), "score", style)
    return [text.get_text().strip() for text in figure.axes[0].texts]


@pytest.mark.parametrize("name", STYLES)
def test_the_label_is_the_experiments_own(report_of, name):
    report = report_of(0)
    assert labels(report, Style(name))[:2] == ["Toy calorimeter", "Simulation"]


def test_the_label_that_is_asked_for(report_of):
    report = report_of(0)
    asked = labels(report, Style("atlas", "ATLAS", "Internal", "140", "13.6"))
    assert asked[:3] == ["ATLAS", "Internal", "√s = 13.6 TeV, 140 fb$^{-1}$"]
    cms = labels(report, Style("cms", "CMS", "Preliminary", "59.8", "13 TeV"))
    assert {"CMS", "Preliminary", "59.8 fb$^{-1}$ (13 TeV)"} <= set(cms)
    assert "test beam, 3 days" in labels(report, Style(lumi="3 days", energy="test beam"))


def test_an_unknown_style_is_refused():
    with pytest.raises(RegistryError, match=r"no plot style 'cmss'.*did you mean 'cms'"):
        Style("cmss")


def test_data_have_no_status_beside_simulation(studied):
    study = studied("data", "simulation")
    plot = next(plot for plot in study.plots if plot.name == "score_stack")
    with drawing(Style()):
        figure = FAMILIES["stack"](series_of(study, plot), "score", Style())
    assert "Simulation" not in [text.get_text() for text in figure.axes[0].texts]


def test_overlays_are_of_networks_of_samples_and_of_data(studied):
    study = studied("data", "simulation", "variation", "train")
    found = {plot.name: plot.reports for plot in study.plots}
    assert found["score_roc_samples"] == (3, 1)
    assert "score_distribution_samples" not in found
    assert found["score_stack"] == found["domain_hit_cells_stack"] == (0, 1, 2)
    other = [replace(one, model={**one.model, "version": "2.0"}) for one in study.reports]
    both = replace(study, reports=(*study.reports, *other))
    found = {plot.name: plot.reports for plot in overlays(both)}
    assert found["score_roc_models_s1"] == (1, 5)
    assert found["score_stack_net_toy_2_0"] == (4, 5, 6)


def test_a_stack_adds_scaled_samples_and_their_variations(studied):
    study = studied("data", "simulation", "simulation", "variation")
    plot = next(plot for plot in study.plots if plot.name == "score_stack")
    series = series_of(study, plot)
    made = stack(series, "score")
    counted = [one.report.figures["events"]["judged"] for one in series]
    assert made.data.values.sum() == counted[0]
    assert made.total.sum() == pytest.approx(0.5 * (counted[1] + counted[2]))
    parts = {part.title: part for part in made.parts}
    assert list(parts) == sorted(parts, key=lambda title: parts[title].values.sum())
    changed = stack([series[0], replace(series[3], sample=series[1].sample)], "score").total
    change = changed - stack([series[0], series[1]], "score").total
    statistical = 0.25 * made.total / 0.5
    np.testing.assert_allclose(made.up**2, statistical + np.maximum(change, 0) ** 2)
    np.testing.assert_allclose(made.down**2, statistical + np.minimum(change, 0) ** 2)


def test_up_and_down_are_one_source_and_variations_of_one_title_one_shift(studied):
    study = studied("data", "simulation", "simulation")
    data, one, other = series_of(study, next(p for p in study.plots if p.family == "stack"))
    nominal = [stack([data, part], "score").total for part in (one, other)]

    def reaches(*variations):
        varied = [
            replace(
                of,
                sample=replace(
                    of.sample,
                    title=title,
                    role="variation",
                    of=of.sample.name,
                    scale=of.sample.scale * factor,
                ),
            )
            for title, of, factor in variations
        ]
        made = stack([data, one, other, *varied], "score")
        statistical = 0.5 * made.total
        return np.sqrt(np.maximum([made.down**2 - statistical, made.up**2 - statistical], 0))

    none = np.zeros_like(nominal[0])
    same_way = reaches(("jes_up", one, 1.3), ("jes_down", one, 1.2))
    np.testing.assert_allclose(same_way, [none, 0.3 * nominal[0]], atol=1e-5)
    two_sources = reaches(("jes", one, 1.4), ("pileup", one, 1.3))
    np.testing.assert_allclose(two_sources, [none, 0.5 * nominal[0]], atol=1e-5)
    shift = 0.3 * nominal[0] - 0.2 * nominal[1]
    shifted = reaches(("jes_up", one, 1.3), ("jes_up", other, 0.8))
    np.testing.assert_allclose(shifted, [(-shift).clip(0), shift.clip(0)], atol=1e-5)


@pytest.mark.parametrize(
    "titles",
    ["jes_up jes_down", "jesUp jesDown", "JES__1up JES__1down", "jes-UP jes-down", "jes"],
)
def test_variations_of_a_source_are_told_by_their_ends(titles):
    titles = titles.split()
    assert sources([*titles, "pileup"]) == {
        next(iter(sources(titles))): titles,
        "pileup": ["pileup"],
    }


def test_errors_of_data_are_those_of_poisson_means(studied):
    study = studied("data", "simulation")
    plot = next(plot for plot in study.plots if plot.name == "score_stack")
    with drawing(Style()):
        figure = FAMILIES["stack"](series_of(study, plot), plot.subject, Style())
    bars = figure.axes[0].containers[-1].lines[2][0].get_segments()
    values = stack(series_of(study, plot), "score").data.values
    tail = stats.norm.sf(1)
    for (_, low), (_, high), n in [
        (*bar, n) for bar, n in zip(bars, values[values > 0], strict=True)
    ]:
        assert low == pytest.approx(stats.gamma.ppf(tail, n))
        assert high == pytest.approx(stats.gamma.isf(tail, n + 1))


def test_a_drawn_study_lies_where_it_says(studied, tmp_path):
    study = studied("train", "sample")
    few = [replace(report, plots=report.plots[:1]) for report in study.reports]
    study = replace(study, reports=tuple(few), plots=study.plots[:1])
    drawn = draw_study(study, tmp_path, formats=("png", "pdf"))
    assert list(drawn) == [
        "score_distribution_samples",
        "net_toy/s0/score_distribution",
        "net_toy/s1/score_distribution",
    ]
    again = draw_study(study, tmp_path / "again", formats=("png", "pdf"))
    for key, paths in drawn.items():
        assert [path.read_bytes() for path in paths] == [path.read_bytes() for path in again[key]]
    assert b"/Type3" in drawn["score_distribution_samples"][1].read_bytes()
    image = Image.open(drawn["score_distribution_samples"][0]).convert("RGB")
    assert image.getpixel((0, 0)) == (255, 255, 255)


def image(name):
    return pytest.mark.mpl_image_compare(
        baseline_dir="baseline",
        style=[settings(Style(name))],
        savefig_kwargs={"dpi": 50, "metadata": {"Software": None}},
        tolerance=8,
        deterministic=True,
    )


@pytest.mark.parametrize("family", ["distribution", "rejection", "image"])
@pytest.mark.parametrize("name", [pytest.param(n, marks=image(n)) for n in STYLES if n != "atlas"])
def test_styles(studied, name, family):
    """One distribution, one ratio and one map in each style; the default's are elsewhere."""
    style = Style(name, status="Preliminary", lumi="140", energy="13.6")
    study = studied("train", "sample")
    with drawing(style):
        if family == "image":
            return FAMILIES["image"](alone(study.reports[0]), "image", style)
        plot = next(plot for plot in study.plots if plot.family == family)
        return FAMILIES[family](series_of(study, plot), plot.subject, style)


@image("atlas")
@pytest.mark.parametrize("name", ["score_stack", "domain_total_energy_stack"])
def test_stack(studied, name):
    study = studied("data", "simulation", "simulation", "variation")
    plot = next(plot for plot in study.plots if plot.name == name)
    with drawing(Style()):
        return FAMILIES["stack"](series_of(study, plot), plot.subject, Style())
