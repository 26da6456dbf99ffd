"""The page of a study: what it says, and what it does in a real browser."""

from __future__ import annotations

import base64
import io
import os
import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from urllib.parse import unquote

import numpy as np
import pytest
from matplotlib import colormaps
from PIL import Image

from rootml.validation import Collector
from rootml.validation.page import write_page
from rootml.validation.page.cells import cell
from rootml.validation.page.events import viewer_data
from rootml.validation.page.pictures import caption
from rootml.validation.page.summary import key_figures
from rootml.validation.page.tables import tables
from rootml.validation.plots import FAMILIES
from rootml.validation.report import Plot
from rootml.validation.study import Event, Gate, Note, Sample, Study

HOSTILE = "</script><img src=x onerror=alert(1)><script>alert(2)</script>'\"&{{7*7}}"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
IMAGE = np.arange(12, dtype=np.float32).reshape(3, 4)


class Elements(HTMLParser):
    """Every element of a page with its attributes, and all text outside of scripts and styles."""

    def __init__(self, text):
        super().__init__()
        self.found, self.text, self.inside = [], "", ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))
        self.inside = tag

    def handle_endtag(self, tag):
        self.inside = ""

    def handle_data(self, data):
        if self.inside not in ("script", "style"):
            self.text += data

    def all(self, tag):
        return [attributes for name, attributes in self.found if name == tag]


@pytest.fixture(scope="module")
def reports(adapter, make_card, sample):
    """Reports of one network on two samples."""

    def report(seed):
        collector = Collector(make_card(), adapter, branches={"score": "net_toy_score"})
        part = sample(400, np.random.default_rng(seed))
        collector.fill(part.events, part.batch, part.outputs)
        return collector.report()

    return report(0), report(1)


@pytest.fixture(scope="module")
def make_study(reports):
    """``make_study(*titles, **changes)``: a report for each sample title."""

    def make(*titles, **changes):
        titles = titles or ("Toys",)
        named = tuple(
            replace(report, sample={**report.sample, "name": f"s{i}", "sample_title": title})
            for i, (title, report) in enumerate(zip(titles, reports, strict=False))
        )
        samples = tuple(Sample(f"s{i}", title) for i, title in enumerate(titles))
        return Study(**({"title": "A toy study", "samples": samples, "reports": named} | changes))

    return make


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    """``page(study)``: its page, written beside small pictures in place of its plots."""

    def write(study):
        folder = tmp_path_factory.mktemp("page")
        plots = {}
        for index, report in enumerate(study.reports):
            place = study.place(index)
            for number, plot in enumerate(report.plots):
                name = f"{place}/{plot.name}" if place else plot.name
                plots[name] = folder / f"{name}.png"
                plots[name].parent.mkdir(parents=True, exist_ok=True)
                colour = (40 * index, 20 * number, 128, 255)
                Image.new("RGBA", (320, 240), colour).save(plots[name])
                plots[name].with_suffix(".pdf").write_bytes(b"%PDF")
        return write_page(study, plots, folder / "index.html")

    return write


@pytest.fixture(scope="module")
def two(make_study, page):
    """A page of two reports and three events."""
    return page(make_study("old", "new", events=events()))


def events():
    """Three events with an image each, of two classes and kinds; one was not judged."""
    axes = {"image": ("layer", "cell", "MeV")}
    return (
        Event(
            "first",
            {"truth": "proton", "score": 0.5},
            {"image": np.stack((IMAGE, 2 * IMAGE))},
            axes,
            kind="random",
        ),
        Event("second", {"truth": "electron", "score": 0.25}, {"image": IMAGE[::-1]}, axes),
        Event(
            "third",
            {"truth": "proton", "score": None},
            {},
            {"hits": ("x [cm]", "y [cm]", "GeV")},
            points={"hits": np.array([[0.0, 0.0, 1.0], [1.0, 2.0, 3.0]])},
            kind="not judged",
        ),
    )


def test_everything_is_on_the_page_and_nothing_is_elsewhere(make_study, page):
    study = make_study()
    path = page(study)
    text = path.read_text(encoding="utf-8")
    made = Elements(text)
    shown = [image for image in made.all("img") if "data-plot" in image]
    assert [image["data-plot"] for image in shown] == [plot.name for plot in study.reports[0].plots]
    assert all(image["src"].startswith("data:image/") and image["alt"] for image in shown)
    links = {unquote(a["href"]) for a in made.all("a") if not a["href"].startswith("#")}
    assert "score_roc.pdf" in links
    assert all((path.parent / link).exists() for link in links)
    anchors = {a["href"][1:] for a in made.all("a") if a["href"].startswith("#")}
    assert anchors <= {attributes.get("id") for _, attributes in made.found}
    assert not re.search(r"(src|href)=.?(https?:|//)|@import|url\(", text)
    assert "default-src 'none'" in text
    for expected in ("A toy study", "Toy calorimeter", "net_toy 1.0", "0" * 64, "working points"):
        assert expected in made.text, expected


def test_summary_says_what_failed(make_study, page):
    gates = (Gate("auc < 0.9", True, "auc is 0.8", {"auc": 0.8}), Gate("bias > 1", False, "0.1"))
    notes = (Note("warning", "weights are negative", "w.root"), Note("info", "no branch bdt"))
    study = make_study(gates=gates, notes=notes)
    text = Elements(page(study).read_text()).text
    for expected in (
        f"all {len(study.reports[0].checks)} checks hold",
        "1 of 2 gates failed",
        "auc < 0.9: auc is 0.8",
        "w.root: weights are negative",
        "no branch bdt",
    ):
        assert expected in text, expected


def test_key_figures_stand_side_by_side(reports):
    half = {"value": 0.5, "low": 0.4, "high": 0.6}
    estimators = [{"median": half}, {"median": {"value": 0.1, "low": 0.05, "high": 0.15}}]
    residual = {
        "relative": True,
        "unit": "",
        "estimators": [e | {"width": half} for e in estimators],
    }
    outputs = {"kind": {"confusion": {"accuracy": half}}, "energy": {"residual": residual}}
    other = replace(reports[1], figures=reports[1].figures | {"outputs": outputs, "domain": {}})
    made = key_figures(Study("", (), (reports[0], other)), ("old", "new"))
    assert made.head == ("figure", "old", "new")
    rows = {name.text: (old.text, new.text) for name, old, new in made.rows}
    assert rows["kind: accuracy"] == ("–", "0.50 ± 0.10")
    assert rows["energy: bias (median)"] == ("–", "10 ± 5 %")
    assert rows["energy: 68 % width"] == ("–", "50 ± 10 %")
    assert rows["Outside the training domain"][0].endswith(" %")
    assert rows["score: background rejection at 90 % efficiency"][1] == "–"
    assert " +0.00" in rows["score: AUC"][0]


def test_what_files_say_never_becomes_html(make_study, page):
    event = Event(HOSTILE, {HOSTILE: HOSTILE}, {"image": IMAGE}, {"image": (HOSTILE,) * 3})
    study = make_study(
        HOSTILE,
        "other",
        title=HOSTILE,
        notes=(Note("warning", HOSTILE, HOSTILE),),
        gates=(Gate(HOSTILE, True, HOSTILE, {HOSTILE: 1.0}),),
        events=(event,),
        provenance={HOSTILE: {HOSTILE: [HOSTILE]}},
    )
    report = study.reports[0]
    hostile = replace(
        report,
        model={**report.model, "title": HOSTILE},
        sample={**report.sample, "title": HOSTILE},
        figures={**report.figures, HOSTILE: {HOSTILE: 1}},
        not_drawn={HOSTILE: HOSTILE},
    )
    made = Elements(page(replace(study, reports=(hostile, study.reports[1]))).read_text())
    assert len(made.all("script")) == 2
    assert all(image.get("src", "data:").startswith("data:") for image in made.all("img"))
    assert not [name for _, attributes in made.found for name in attributes if name[:2] == "on"]
    assert made.text.count(HOSTILE) > 10


def test_the_same_study_gives_the_same_bytes(make_study, page):
    study = make_study(events=events(), provenance={"b": 1, "a": {"c": [1, 2]}})
    assert page(study).read_bytes() == page(study).read_bytes()


def test_a_study_of_nothing_has_a_page(make_study, page):
    text = page(Study("Nothing of a\udce4b.root", (), ())).read_text()
    assert "Nothing of a?b.root" in text
    assert "no checks" in Elements(text).text
    assert "<img src" not in text


def test_what_was_not_drawn_is_said(make_study, page, collect, sample):
    blind = sample(200, np.random.default_rng(1))
    blind = type(blind)(blind.events[["energy"]], blind.batch, blind.outputs)
    text = Elements(page(make_study(reports=(collect(blind).report(),))).read_text()).text
    assert "the file has no truth label (truth_label)" in text
    assert "could not be drawn" in text


def embedded(text):
    return [
        Image.open(io.BytesIO(base64.b64decode(image["src"].partition(",")[2])))
        for image in Elements(text).all("img")
        if "data-plot" in image
    ]


def test_pictures_keep_their_pixels(make_study, page):
    for number, image in enumerate(embedded(page(make_study()).read_text())):
        assert image.convert("RGB").getpixel((5, 5)) == (0, 20 * number, 128)


def test_plots_of_other_formats_are_linked(make_study, tmp_path):
    study = make_study()
    plots = {plot.name: tmp_path / f"{plot.name}.pdf" for plot in study.reports[0].plots}
    for path in plots.values():
        path.write_bytes(b"%PDF")
    made = Elements(write_page(study, plots, tmp_path / "index.html").read_text())
    assert not [image for image in made.all("img") if "data-plot" in image]
    assert {"href": "score_roc.pdf"} in made.all("a")


@pytest.mark.parametrize("family", FAMILIES)
def test_captions_are_for_readers(family):
    text = caption(Plot("name", family, "score:energy"))
    assert 15 < len(text) < 100
    assert not re.search(r"[`<>{}]|The same|series", text)


def test_an_output_may_be_called_like_other_figures(make_study, page):
    study = make_study()
    report = study.reports[0]
    outputs = {"events": {"branch": "net_events", "auc": None, "strange": 17}}
    figures = {**report.figures, "outputs": outputs}
    plots = (Plot("events_distribution", "values", "events"),)
    text = page(
        replace(study, reports=(replace(report, figures=figures, plots=plots),))
    ).read_text()
    titles = re.findall(r'-title">([^<]*)</h3>', text)
    assert titles[:2] == ["net_events", "Events"]
    places = [
        text.index(mark) for mark in ("net_events</h3>", "events_distribution", "Events</h3>")
    ]
    assert places == sorted(places)
    assert "strange" in text


def test_plots_of_variables_stand_with_their_table(make_study, page):
    study = make_study()
    variables = {"z": {"title": "Height", "unit": "cm", "missing": 0}}
    figures = {**study.reports[0].figures, "variables": variables}
    plots = (Plot("variable_z", "variable", "z"),)
    report = replace(study.reports[0], figures=figures, plots=plots)
    text = page(replace(study, reports=(report,))).read_text()
    assert text.index("Variables</h3>") < text.index('data-plot="variable_z"')
    assert "More plots</h3>" not in text


def test_plots_stand_with_the_output_whose_name_they_begin_with(make_study, page):
    study = make_study()
    plots = (Plot("score_roc", "roc", "score"), Plot("stranger", "values", "x"))
    report = replace(study.reports[0], plots=plots)
    text = page(replace(study, reports=(report,))).read_text()
    order = [text.index(mark) for mark in ("<h3", 'data-plot="score_roc"', "More plots</h3>")]
    assert order == sorted(order)
    assert text.index("More plots</h3>") < text.index('data-plot="stranger"')


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "–"),
        (True, "yes"),
        (1234567, "1\u202f234\u202f567"),
        (-0.123456, "−0.1235"),
        (123456.7, "123\u202f457"),
        ({"value": 0.91234, "low": 0.9110, "high": 0.9136}, "0.9123 ± 0.0013"),
        ({"value": 48.2, "low": 42.0, "high": 57.3}, "48 −6 +9"),
        ({"value": None, "low": 310.4, "high": None}, "> 310"),
        ({"value": 12.0, "low": 11.0, "high": None}, "12.0 −1.0 +∞"),
        ({"value": 0.0, "low": 0.0, "high": 0.00184}, "0.0000 −0.0000 +0.0018"),
        ({"value": 1e-9, "low": 0.9e-9, "high": 1.1e-9}, "1e−09 ± 1e−10"),
        ({"value": -3.0, "low": None, "high": None}, "−3"),
        ({"value": None, "low": None, "high": None}, "–"),
        ({"value": None, "low": 0.0, "high": 1.0}, "–"),
    ],
)
def test_numbers_are_written_to_their_errors(value, text):
    assert cell(value).text == text


def test_figures_become_tables_by_their_shape():
    rows = [{"bin": 1, "core": {"width": 3}}, {"bin": 2, "core": None}]
    tails = [{"bound": 0.5, "beyond": {"value": 0.1, "low": 0.0, "high": 0.2}}]
    figures = {
        "entries": 7,
        "unit": "",
        "curve": {"x": list(range(100))},
        "bins": rows,
        "inputs": {"a": {"ks": 0.5, "drifts": True}, "b": {"ks": 0.1, "drifts": False}, "c": None},
        "estimators": [{"title": "net", "tails": tails}],
        "runs": [{f"setting_{i}": i for i in range(12)}],
    }
    made = {table.title: table for table in tables(figures)}
    assert list(made) == ["figures", "bins", "inputs", "estimators", "runs"]
    assert [[c.text for c in row] for row in made["figures"].rows] == [["entries", "7"]]
    assert made["runs"].head == ("figure", "value")
    assert [row[0].text for row in made["runs"].rows][:2] == ["setting 0", "setting 1"]
    assert made["bins"].head == ("bin", "core width")
    assert made["bins"].numbers == (True, True)
    assert made["inputs"].head == ("name", "KS distance", "drifts")
    assert made["inputs"].flags == ("bad", "")
    assert made["estimators"].head == ("title", "beyond (bound 0.5)")


def test_long_rows_of_a_few_stand_beside_each_other():
    many = {f"figure_{i}": i for i in range(11)}
    rows = [{"name": f"residual_{title}", "title": title} | many for title in ("old", "new")]
    (made,) = tables({"estimators": rows})
    assert made.head == ("figure", "old", "new")
    assert [c.text for c in made.rows[0]] == ["figure 0", "0", "0"]
    (alike,) = tables({"runs": [many, many]})
    assert len(alike.head) == 11


def test_figures_that_are_all_alike_are_one_table():
    variables = {name: {"unit": unit, "missing": 0} for name, unit in (("e", "GeV"), ("z", "cm"))}
    (made,) = tables(variables)
    assert made.head == ("name", "unit", "missing")
    assert [row[0].text for row in made.rows] == ["e", "z"]


def test_lists_matrices_and_variables_become_tables():
    half = {"value": 0.5, "low": 0.4, "high": 0.6}
    bins = [{"low": 1.0, "high": 2.0, "cut": {"threshold": 0.4, "efficiency": half}}]
    figures = {
        "confusion": {
            "classes": ["p", "e"],
            "counts": [[10, 2, 0], [3, 20, 1]],
            "efficiency": [half, half],
        },
        "reliability": {
            "score": [0.2, 0.7],
            "observed": {"value": [0.5, None], "low": [0.4, 0.0], "high": [0.6, 1.0]},
        },
        "against": {"e": {"title": "Energy", "unit": "GeV", "flat_cut": {"at": 0.4, "rows": bins}}},
        "macro": {"efficiency": half},
        "nothing": {"fraction": None},
        "residual": {"truth": "p", "estimators": [{"title": "net", "width": half}]},
    }
    made = {table.title: table for table in tables(figures)}
    assert [t for t, table in made.items() if table.is_open] == ["figures", "residual, estimators"]
    texts = {
        title: [table.head, *([c.text for c in row] for row in table.rows)]
        for title, table in made.items()
    }
    assert texts == {
        "figures": [("figure", "value"), ["macro efficiency", "0.50 ± 0.10"]],
        "confusion, one by one": [
            ("classes", "efficiency"),
            ["p", "0.50 ± 0.10"],
            ["e", "0.50 ± 0.10"],
        ],
        "confusion, counts": [
            ("true class", "as p", "as e", "as none of them"),
            ["p", "10", "2", "0"],
            ["e", "3", "20", "1"],
        ],
        "reliability, one by one": [("score", "observed"), ["0.2", "0.50 ± 0.10"], ["0.7", "–"]],
        "residual": [("figure", "value"), ["truth", "p"]],
        "residual, estimators": [("title", "width"), ["net", "0.50 ± 0.10"]],
        "against Energy [GeV], at one cut (at 0.4)": [
            ("from", "to", "threshold", "efficiency"),
            ["1", "2", "0.4", "0.50 ± 0.10"],
        ],
    }


def test_too_many_images_are_left_out_and_this_is_said(make_study, page):
    noise = np.random.default_rng(1).normal(size=(400, 500)).astype(np.float32)
    many = tuple(Event(f"event {i}", {}, {"noise": noise}) for i in range(3))
    data = viewer_data(many)
    assert data["without_images"] == 2
    assert [len(event["pictures"]) for event in data["events"]] == [1, 0, 0]
    path = page(make_study(events=many))
    assert "2 of 3 events come without images" in path.read_text()
    assert path.stat().st_size < 3e6


# In a browser


@pytest.fixture(scope="module")
def browser():
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        if os.environ.get("ROOTML_REQUIRE_BROWSER"):
            pytest.fail("no chromium is installed, and ROOTML_REQUIRE_BROWSER asks for one")
        pytest.skip("no chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def visit(browser):
    """``visit(path, **options)``: the page in a window that reaches nothing but the page."""
    said, contexts = [], []

    def visit(path, anchor="", **options):
        context = browser.new_context(**options)
        contexts.append(context)
        address = path.as_uri() + anchor

        def pass_or_stop(route):
            if route.request.url.partition("#")[0] == path.as_uri():
                route.continue_()
            else:
                said.append(f"asked for {route.request.url}")
                route.abort()

        context.route("**/*", pass_or_stop)
        window = context.new_page()
        window.on("console", lambda message: said.append(message.text))
        window.on("pageerror", lambda error: said.append(str(error)))
        window.on("dialog", lambda dialog: said.append(dialog.message))
        window.goto(address)
        return window

    yield visit
    for context in contexts:
        context.close()
    assert said == []


def pixel(window, x, y):
    """The colour of the first canvas at a place in the page's pixels."""
    return tuple(
        window.evaluate(
            """([x, y]) => {
                const copy = document.createElement("canvas");
                const pen = copy.getContext("2d", { willReadFrequently: true });
                pen.drawImage(document.querySelector("canvas"), -Math.floor(x), -Math.floor(y));
                return [...pen.getImageData(0, 0, 1, 1).data];
            }""",
            [x, y],
        )
    )


def viridis(share):
    return tuple(int(part) for part in colormaps["viridis"](share, bytes=True))


def box_of(window):
    """Where the data of the first canvas lie: left, top, width and height."""
    height = window.evaluate("parseFloat(document.querySelector('canvas').style.height)") - 56
    return 58, 10, height * 4 / 3, height


def middle(window, row, column):
    left, top, width, height = box_of(window)
    return left + (column + 0.5) * width / 4, top + (row + 0.5) * height / 3


def test_the_viewer_draws_moves_and_tells_values(two, visit):
    window = visit(two, viewport={"width": 1000, "height": 800})
    count = window.locator("#event-count")
    window.wait_for_selector("canvas")
    assert count.inner_text() == "1 of 3"
    assert pixel(window, *middle(window, 0, 0)) == viridis(0.0)
    assert pixel(window, *middle(window, 1, 2)) == viridis(6 / 11)
    assert pixel(window, *middle(window, 2, 3)) == viridis(1.0)
    x, y = middle(window, 1, 2)
    window.locator("canvas").hover(position={"x": x, "y": y})
    assert window.locator("figcaption output").last.inner_text() == "layer 1, cell 2: 6 MeV"
    window.get_by_label("Channel").select_option("1")
    x, y = middle(window, 1, 2)
    window.locator("canvas").hover(position={"x": x, "y": y})
    assert window.locator("figcaption output").last.inner_text() == "layer 1, cell 2: 12 MeV"
    window.locator("#viewer").press("ArrowRight")
    assert count.inner_text() == "2 of 3"
    window.wait_for_selector("canvas[aria-label*=second]")
    assert pixel(window, *middle(window, 0, 3)) == viridis(1.0)
    window.locator("#event-next").click()
    window.wait_for_selector("canvas[aria-label*=hits]")
    assert "score" in window.locator("#event-facts").inner_text()
    window.locator("#event-previous").click()
    assert count.inner_text() == "2 of 3"
    window.locator("#viewer").press("ArrowLeft")
    window.locator("#viewer").press("ArrowLeft")
    assert count.inner_text() == "3 of 3"


def test_logarithmic_colours(two, visit):
    window = visit(two, viewport={"width": 1000, "height": 800})
    window.wait_for_selector("canvas")
    window.locator("#event-log").check()
    assert pixel(window, *middle(window, 0, 0)) == viridis(0.0)
    assert pixel(window, *middle(window, 1, 2)) == viridis(np.log(6) / np.log(11))


def test_events_are_chosen_and_sorted(two, visit):
    window = visit(two)
    titles = "[...document.querySelectorAll('#event-choice option')].map(o => o.text)"
    window.get_by_label("truth").select_option("proton")
    assert window.evaluate(titles) == ["first", "third"]
    window.get_by_label("truth").select_option("")
    window.locator("#event-order").select_option("score")
    assert window.evaluate(titles) == ["second", "first", "third"]
    window.locator("#event-descending").check()
    assert window.evaluate(titles) == ["first", "second", "third"]
    window.locator("#event-choice").select_option(label="second")
    assert window.locator("#event-facts caption").inner_text() == "second"
    assert "0.25" in window.locator("#event-facts").inner_text()


def test_one_report_is_shown_at_a_time(two, visit):
    window = visit(two)
    first, second = window.locator("#report-0"), window.locator("#report-1")
    assert (first.is_visible(), second.is_visible()) == (True, False)
    window.locator("[role=tab]").last.click()
    assert (first.is_visible(), second.is_visible()) == (False, True)
    window.keyboard.press("ArrowRight")
    assert first.is_visible()
    assert window.locator("[role=tab]").first.get_attribute("aria-selected") == "true"
    window.evaluate("location.hash = 'report-1-1'")
    second.wait_for(state="visible")
    assert visit(two, "#report-1-0").locator("#report-1").is_visible()


def test_plots_are_visible_and_enlarge(two, visit):
    window = visit(two)
    plots = window.locator(".panel:not(.other) .plot img")
    for i in range(plots.count()):
        plots.nth(i).scroll_into_view_if_needed()
        plots.nth(i).evaluate("image => image.decode()")
        assert plots.nth(i).bounding_box()["width"] > 200
    plots.first.click()
    caption = window.locator("#enlarged-caption")
    assert "(score_distribution)" in caption.inner_text()
    window.keyboard.press("ArrowRight")
    assert "(score_roc)" in caption.inner_text()
    assert caption.inner_text().startswith("old")
    window.keyboard.press("ArrowDown")
    assert caption.inner_text().startswith("new")
    window.keyboard.press("Escape")
    assert not window.locator("#enlarged").is_visible()


def test_tables_sort_and_copy(two, visit):
    window = visit(two, permissions=["clipboard-read", "clipboard-write"])
    table = window.locator("details", has_text="working points").first
    targets = "cells => cells.map(cell => cell.dataset.value)"
    cells = table.locator("tbody td:first-child")
    head = table.get_by_role("button", name="target")
    head.click()
    assert cells.evaluate_all(targets)[:2] == ["0.5", "0.7"]
    head.click()
    assert cells.evaluate_all(targets)[:2] == ["0.99", "0.95"]
    table.get_by_role("button", name="CSV").click()
    csv = window.evaluate("navigator.clipboard.readText()").splitlines()
    assert csv[0].startswith("target,threshold,")
    assert csv[0].endswith("rejection,rejection low,rejection high")
    assert csv[1].startswith("0.99,")
    assert {len(line.split(",")) for line in csv} == {12}
    table.get_by_role("button", name="LaTeX").click()
    latex = window.evaluate("navigator.clipboard.readText()")
    assert latex.startswith("\\begin{tabular}{rrrrrrrr}\n\\toprule\ntarget & threshold &")
    assert re.search(r"\$[\d.]+\^\{\+[\d.]+\}_\{-[\d.]+\}\$", latex)
    assert "±" not in latex


@pytest.mark.parametrize(
    "options",
    [
        {"viewport": {"width": 360, "height": 780}, "device_scale_factor": 2},
        {"viewport": {"width": 820, "height": 1180}, "color_scheme": "dark"},
        {"viewport": {"width": 1600, "height": 900}},
    ],
    ids=["phone", "dark tablet", "desktop"],
)
def test_the_page_fits_its_window(two, visit, options):
    window = visit(two, **options)
    window.wait_for_selector("canvas")
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")
    paper = "getComputedStyle(document.body).backgroundColor"
    is_dark = options.get("color_scheme") == "dark"
    assert (window.evaluate(paper) == "rgb(255, 255, 255)") is not is_dark
    window.locator("#theme").click()
    assert (window.evaluate(paper) == "rgb(255, 255, 255)") is is_dark


def test_print_shows_all_reports_on_white(two, visit):
    window = visit(two, color_scheme="dark")
    window.emulate_media(media="print")
    assert window.locator("#report-1").is_visible()
    assert not window.locator("nav").is_visible()
    assert (
        window.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    )
    assert window.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_hostile_names_run_nothing(make_study, page, visit):
    event = Event(HOSTILE, {HOSTILE: HOSTILE}, {HOSTILE: IMAGE}, {HOSTILE: (HOSTILE,) * 3})
    window = visit(page(make_study(HOSTILE, title=HOSTILE, events=(event, event))))
    window.wait_for_selector("canvas")
    assert window.locator("h1").inner_text() == HOSTILE
    assert window.locator("img[src=x]").count() == 0
