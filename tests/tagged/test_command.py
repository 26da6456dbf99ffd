"""``rootml validate``: a folder whole or not at all, exit codes, one message for a mistake."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rootml.validation.style import Style


def listed(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_folder_with_everything(mine, tmp_path, command):
    out = tmp_path / "a" / "out"
    done = command("validate", mine.path, "-m", mine.card, "-o", out, "--formats", "png")
    assert (done.code, "warning" in done.err) == (0, False)
    assert {"report.json", "report.md", "histograms.json", "histograms.root", "index.html"} <= set(
        listed(out)
    )
    assert "score_roc.png" in listed(out)
    assert listed(out.parent) == ["out"]
    for said in (
        "mine 1.0: My analysis",
        "index.html",
        "600 entries",
        "mine_score: AUC 0.",
    ):
        assert said in done.out
    report = json.loads((out / "report.json").read_text())
    assert report["provenance"]["command"].startswith(f"rootml validate {mine.path} -m ")
    assert report["samples"][0]["files"][0]["tree"] == "events"


@pytest.fixture
def quick(mine):
    """Arguments of a validation that draws nothing."""
    return ("validate", mine.path, "-m", mine.card, "--formats", "", "--no-page", "-q")


def test_only_what_a_validation_wrote_is_replaced(quick, tmp_path, command):
    out = tmp_path / "out"
    assert command(*quick, "-o", out).code == 0
    assert "index.html" not in listed(out)
    again = command(*quick, "-o", out)
    assert (again.code, "--overwrite" in again.err) == (2, True)
    assert command(*quick, "-o", out, "--overwrite", "--select", "pt > 20").code == 0
    assert json.loads((out / "report.json").read_text())["samples"][0]["selection"] == "pt > 20"
    (out / "thesis.tex").write_text("years of work")
    refused = command(*quick, "-o", out, "--overwrite")
    assert (refused.code, "thesis.tex, which no validation wrote" in refused.err) == (2, True)
    assert listed(tmp_path) == ["out"]


def test_nothing_is_left_where_it_cannot_be_done(quick, tmp_path, command):
    before = listed(tmp_path)
    done = command(*quick, "-o", tmp_path / "a" / "b", "--weight", "weigth")
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("rootml: error: ")
    assert "'weigth'" in done.err
    assert "Traceback" not in done.err
    file = tmp_path / "file"
    file.touch()
    assert "is a file" in command(*quick, "-o", file).err
    assert listed(tmp_path) == [*before, "file"]


def test_warnings_are_told_and_json_is_whole(mine, make_card, tmp_path, command):
    other = make_card("mine", weight=0.25, version="2.0")
    done = command(
        "validate", f"mc={mine.path}", "-m", other, "-o", tmp_path / "out", "--formats", "",
        "--no-page", "--json", "--against", "p_T [GeV]=pt:0:100:5", "--weight", "w",
    )  # fmt: skip
    assert done.code == 0
    assert "rootml: warning: " in done.err
    assert "was made by mine@1.0" in done.err
    report = json.loads(done.out)
    assert report["samples"][0]["title"] == "mc"
    assert [note["level"] for note in report["notes"]].count("warning") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no.root"], "no.root: no such file"),
        (["no*.root"], "no file matches"),
        (["x" * 300 + ".root"], "File name too long"),
        (["--scale", "mine_tagged=inf"], "a number above 0"),
        (["--weight", "w*1e200"], "no number below 1e+100"),
        (["--fail-if", "auc.foo < 1"], "'auc.foo': parts are .low, .high, .error"),
        (["--formats", "gif"], "'gif': expected some of png, pdf, svg"),
        (["--scale", "Z=2"], "no sample is called 'Z'"),
        (["--vary", "Z:up=a.root"], "no sample is called 'Z'"),
        (["--against", "pt:3,2,1"], "ascend"),
        (["--classes", "a,b"], "--truth"),
    ],
)
def test_mistakes_are_one_message(quick, tmp_path, command, arguments, said):
    if "--" not in arguments[0]:
        quick = ("validate", *quick[2:])
    done = command(*quick, *arguments, "-o", tmp_path / "out")
    assert (done.code, said in done.err) == (2, True), done.err
    assert listed(tmp_path) == []


def test_conditions_decide_the_exit_code(quick, tmp_path, command):
    old, new = tmp_path / "old", tmp_path / "new"
    first = command(*quick, "-o", old, "--fail-if", "auc < 0.5")
    assert (first.code, first.err) == (0, "")
    gates = ["--reference", old, "--fail-if", "auc < 0.99*ref", "--fail-if", "auc > 0.5"]
    done = command(*quick, "-o", new, *gates)
    assert done.code == 1
    assert done.err.startswith("rootml: failed: auc > 0.5: ")
    report = json.loads((new / "report.json").read_text())
    assert [gate["failed"] for gate in report["gates"]] == [False, True]
    for mistake, said in [
        (["--fail-if", "aux < 1"], "did you mean 'auc'"),
        (["--fail-if", "auc < ref"], "--reference, which is not given"),
        (["--fail-if", "auc < ref", "--reference", tmp_path / "no"], "cannot be read"),
    ]:
        wrong = command(*quick, "-o", tmp_path / "wrong", *mistake)
        assert (wrong.code, said in wrong.err) == (2, True), wrong.err
    assert listed(tmp_path) == ["new", "old"]


def test_every_role_and_the_style_reach_the_study(mine, write, tmp_path, command, monkeypatch):
    drawn = []

    def draw(study, folder, **options):
        drawn.append((study, options))
        return {}

    monkeypatch.setattr("rootml.validation.plots.draw_study", draw)
    friend = write(tmp_path / "friend.root", {"sf": mine.branches["pt"] * 0 + 2})
    done = command(
        "validate", f"Z={mine.path}", f"W={mine.path}", "-m", mine.card, "-o", tmp_path / "out",
        "--data", mine.path, "--train", mine.path, "--vary", f"Z:up={mine.path}",
        "--vary-weight", "W:sf=w*sf", "--friend", friend, "--weight", "w", "--scale", "Z=3",
        "--normalise", "none", "--no-inputs", "--events", 0, "--formats", "svg,pdf", "-q",
        "--histograms", "zip", "--no-page", "--style", "cms", "--label", "Lab", "--status",
        "Internal", "--lumi", 3, "--energy", 13,
    )  # fmt: skip
    assert (done.code, done.err) == (0, "")
    ((study, options),) = drawn
    assert options == {
        "formats": ("svg", "pdf"),
        "style": Style("cms", "Lab", "Internal", "3", "13"),
    }
    assert {
        sample.name: (sample.role, sample.weight, sample.scale) for sample in study.samples
    } == {
        "Z": ("simulation", "w", 3.0),
        "W": ("simulation", "w", 1.0),
        "Data": ("data", "", 1.0),
        "training": ("train", "w", 1.0),
        "Z_up": ("variation", "w", 3.0),
        "W_sf": ("variation", "w*sf", 1.0),
    }
    judged = ~np.isnan(mine.scores)
    weights = study.reports[-1].figures["events"]["weight"]
    assert weights == pytest.approx(2 * mine.branches["w"][judged].sum())
    assert "histograms.zip" in listed(tmp_path / "out")
