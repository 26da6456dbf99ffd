"""Tagged files validated from their branches: figures, samples, expressions, what is said."""

from __future__ import annotations

import json
from dataclasses import replace

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import (
    BranchError,
    DataError,
    FileError,
    InputError,
    LayoutError,
    RootmlError,
    TreeError,
)
from rootml.rootio.chunks import read_together
from rootml.tagged import SampleFiles, validate_files
from rootml.validation.comparing.overlay import series_of
from rootml.validation.plots import draw_study


def classes(report):
    return {name: row["judged"] for name, row in report.figures["events"]["classes"].items()}


def figures(report):
    return json.dumps(report.to_dict()["figures"])


def texts(study, level="warning"):
    return [f"{note.about}: {note.text}" for note in study.notes if note.level == level]


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    def small(*args, **options):
        return read_together(*args, **options | {"chunk_bytes": 6000})

    monkeypatch.setattr("rootml.tagged.counting.read_together", small)


def test_the_figures_are_those_of_the_tagging(mine, tmp_path, small_chunks, monkeypatch):
    monkeypatch.setattr("rootml.validation.plots.draw_study", lambda *study, **options: {})
    done = rootml.tag_file(mine.source, tmp_path / "out.root", mine.card)
    rootml.tag_file(mine.source, tmp_path / "friend.root", mine.card, output="friend", plots=False)
    study = validate_files(tmp_path / "out.root", mine.card)
    (report,) = study.reports
    assert figures(report) == json.dumps(done.figures["mine"])
    (joined,) = validate_files(tmp_path / "friend.root", mine.card).reports
    (named,) = validate_files(mine.source, mine.card, friends=[tmp_path / "friend.root"]).reports
    assert figures(joined) == figures(named) == figures(report)
    assert classes(report)["signal"] > 200
    assert report.figures["events"]["not_judged"] == np.isnan(mine.scores).sum() > 0
    assert study.samples[0].files[0]["entries"] == len(mine.scores)
    assert not study.notes


def test_objects_of_events_and_every_network_that_tagged_them(tracks):
    study = validate_files(f"tracks={tracks}")
    assert [report.model["name"] for report in study.reports] == ["momentum_mu2e", "trkqual_mu2e"]
    with uproot.open(tracks) as file:
        objects = file["ntuple/ntrk"].array(library="np").sum()
    momentum, quality = study.reports
    assert momentum.figures["events"]["units"] == quality.figures["events"]["units"] == objects
    assert "residual" in momentum.figures["outputs"]["momentum"]
    assert quality.sample["sample_title"] == "tracks"


def test_without_the_inputs_the_rest_is_the_same(mine, tracks):
    for path in (mine.path, tracks):
        models = mine.card if path == mine.path else ()
        whole, alone = (validate_files(path, models, inputs=some) for some in (True, False))
        for one, other in zip(whole.reports, alone.reports, strict=True):
            for part in ("events", "outputs"):
                assert one.to_dict()["figures"][part] == other.to_dict()["figures"][part]


def test_a_selection_and_a_truth_of_ones_own(mine):
    made = validate_files(
        mine.path, mine.card, select="pt > 20", truth="x > 0", classes=("left", "right")
    )
    branches, judged = mine.branches, ~np.isnan(mine.scores)
    kept = judged & (branches["pt"] > 20)
    right = int((kept & (branches["x"] > 0)).sum())
    assert classes(made.reports[0]) == {"left": kept.sum() - right, "right": right, "unlabelled": 0}
    assert made.samples[0].selection == "pt > 20"


def test_objects_are_selected_one_by_one(tracks, small_chunks):
    with uproot.open(tracks) as file:
        hits = file["ntuple/trk.nhits"].array()
    wanted = ak.sum(hits > 30)
    (report,) = validate_files(tracks, "trkqual_mu2e", select="trk.nhits > 30").reports
    assert report.figures["events"]["units"] == wanted > 100
    (broadcast,) = validate_files(tracks, "trkqual_mu2e", select="entry < 100").reports
    assert 0 < broadcast.figures["events"]["units"] == ak.count(hits[:100])


def test_units_that_the_view_no_longer_judges_are_said(mine, make_card, tmp_path):
    other = make_card("mine")
    other.write_text(other.read_text().replace("y > -3", "y > -2"))
    study = validate_files(mine.path, other)
    judged = ~np.isnan(mine.scores) & (mine.branches["y"] > -2)
    assert study.reports[0].figures["events"]["judged"] == judged.sum()
    gone = int((~np.isnan(mine.scores)).sum() - judged.sum())
    assert any(f"{gone:,} with an output of mine" in text for text in texts(study))
    assert any("the adapter has changed" in text for text in texts(study))


def test_another_network_of_that_name_is_said(mine, make_card):
    study = validate_files(mine.path, make_card("mine", weight=0.25, version="2.0"))
    (said,) = texts(study)
    assert "'mine_score' was made by mine@1.0" in said
    assert "card is of mine@2.0" in said


def test_files_without_provenance_are_read_by_the_names_of_branches(mine, write, tmp_path):
    branches = mine.branches | {"mine_score": mine.scores}
    study = validate_files(write(tmp_path / "bare.root", branches), mine.card)
    (said,) = texts(study)
    assert "nothing says what made the branch 'mine_score'" in said
    assert classes(study.reports[0])["signal"] > 200
    with pytest.raises(BranchError, match=r"nothing in it says that a network tagged it"):
        validate_files(tmp_path / "bare.root")


def test_files_of_a_sample_that_differ(mine, write, tmp_path):
    lacking = {name: values for name, values in mine.branches.items() if name != "truth"}
    write(tmp_path / "b.root", lacking)
    rootml.tag_file(tmp_path / "b.root", tmp_path / "b_tagged.root", mine.card, plots=False)
    study = validate_files({"both": [mine.path, tmp_path / "b_tagged.root"]}, mine.card)
    (report,) = study.reports
    assert report.figures["events"]["units"] == 2 * len(mine.scores)
    assert classes(report)["unlabelled"] == (~np.isnan(mine.scores)).sum()
    (said,) = texts(study)
    assert said.startswith("both: ")
    assert "b_tagged.root has no truth (truth_label)" in said


def test_simulation_is_scaled_to_data_and_varied(mine, write, tmp_path):
    half = {name: values[:300] for name, values in mine.branches.items()}
    data = tmp_path / "data.root"
    rootml.tag_file(write(tmp_path / "half.root", half), data, mine.card, plots=False)
    samples = [
        SampleFiles("all", (str(mine.path),), scale=2.0),
        SampleFiles("up", (), "variation", weight="w * 2"),
    ]
    study = validate_files(samples, mine.card, data=data, weight="w")
    by_role = {sample.role: sample for sample in study.samples}
    expected = 300 / (2 * mine.branches["w"].sum()) * 2
    assert by_role["simulation"].scale == pytest.approx(expected)
    assert by_role["variation"].scale == pytest.approx(expected)
    assert (by_role["variation"].of, by_role["variation"].weight) == ("all", "w * 2")
    assert (by_role["data"].weight, by_role["data"].scale) == ("", 1.0)
    left = validate_files(samples, mine.card, data=data, weight="w", normalise="none")
    assert left.samples[0].scale == 2.0
    assert not texts(left)
    (said,) = texts(validate_files(samples, mine.card, weight="w", inputs=False))
    assert said.startswith("up: a variation is drawn as a band where there are data")


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"weight": "ww"}, BranchError, r"'events': --weight 'ww': no .* 'ww'; did you mean 'w'"),
        ({"select": "pt >"}, InputError, r"--select: 'pt >'"),
        ({"against": ["energi"]}, BranchError, "did you mean 'energy'"),
        ({"against": ["pt", "pt:0,1"]}, InputError, "two variables are called 'pt'"),
        ({"weight": "log(x)"}, DataError, r"tree 'events', entry \d+: --weight 'log\(x\)' is no"),
        ({"classes": ["a", "b"]}, InputError, "--truth"),
        ({"truth": "x>0", "classes": ["a", "a"]}, InputError, "each once"),
        ({"tree": "event"}, TreeError, "did you mean 'events'"),
        ({"prefix": "new_"}, BranchError, r"no branch of the model 'mine' \('new_mine_score'\)"),
        ({"models": "cnn_ams"}, BranchError, r"tagged by: mine@1.0.*rootml-tag .* cnn_ams@"),
        ({"normalise": "dat"}, InputError, "expected data or none"),
        ({"events": -1}, InputError, "0 or more"),
        ({"friends": "nowhere.root"}, FileError, "nowhere.root: no such file"),
    ],
)  # fmt: skip
def test_what_cannot_be_done_is_said(mine, options, error, said):
    with pytest.raises(error, match=said):
        validate_files(mine.path, **{"models": mine.card} | options)


def test_a_model_that_is_not_here(mine):
    with pytest.raises(RootmlError, match=r"no model is called 'mine'.*\n.*tagged by mine@1.0"):
        validate_files(mine.path)


def test_a_skimmed_file_can_be_read_without_inputs(mine, write, tmp_path):
    skimmed = {"mine_score": mine.scores, "truth": mine.branches["truth"]}
    path = write(tmp_path / "skim.root", skimmed)
    with pytest.raises(LayoutError, match="no branch 'y', 'x'"):
        validate_files(path, mine.card)
    study = validate_files(path, mine.card, inputs=False)
    assert classes(study.reports[0])["signal"] > 200


def test_no_truth_at_all(mine, write, tmp_path):
    lacking = {name: values for name, values in mine.branches.items() if name != "truth"}
    rootml.tag_file(
        write(tmp_path / "a.root", lacking), tmp_path / "b.root", mine.card, plots=False
    )
    (report,) = validate_files(tmp_path / "b.root", mine.card).reports
    assert "score_distribution" in [plot.name for plot in report.plots]
    assert "no truth" in report.not_drawn["score_roc"]


def test_scores_that_are_all_nan(mine, write, tmp_path):
    branches = mine.branches | {"mine_score": np.full_like(mine.scores, np.nan)}
    study = validate_files(write(tmp_path / "nan.root", branches), mine.card)
    events = study.reports[0].figures["events"]
    assert (events["judged"], events["units"]) == (0, len(mine.scores))
    assert any("without an output of mine have inputs" in text for text in texts(study))


def test_sources_are_left_alone_and_progress_counts_entries(mine, small_chunks):
    before, steps = mine.path.read_bytes(), []
    validate_files(
        [mine.path, f"again={mine.path}"], mine.card, progress=lambda *n: steps.append(n)
    )
    assert steps[-1] == (2 * len(mine.scores), 2 * len(mine.scores))
    assert len(steps) > 4
    assert mine.path.read_bytes() == before


def test_an_energy_of_ones_own_takes_the_place_of_the_experiments(mine):
    (report,) = validate_files(mine.path, mine.card, against=["energy [TeV]=pt:0,40,200"]).reports
    rows = report.figures["outputs"]["score"]["against"]["energy"]["flat_cut"]["rows"]
    assert [(row["low"], row["high"]) for row in rows] == [(0, 40), (40, 200)]
    inside = ~np.isnan(mine.scores) & (mine.branches["pt"] < 40)
    signal = inside & (mine.branches["truth"] == 1)
    assert rows[0]["signal"] == signal.sum() > 50


def test_an_rntuple_and_a_file_tagged_in_place(mine, tmp_path, write):
    path = write(tmp_path / "again.root", mine.branches)
    rootml.tag_file(path, models=mine.card, in_place=True, plots=False)
    (report,) = validate_files(path, mine.card).reports
    with uproot.recreate(tmp_path / "ntuple.root") as file:
        file.mkrntuple("events", mine.branches)
    rootml.tag_file(tmp_path / "ntuple.root", tmp_path / "out.root", mine.card, plots=False)
    (other,) = validate_files(tmp_path / "out.root", mine.card).reports
    assert figures(report) == figures(other)


def test_events_to_look_at_and_the_importance_of_inputs(mine, small_chunks):
    study = validate_files(
        f"a={mine.path}", mine.card, importance=300, events=2, select="pt > 20 || entry < 20"
    )
    importance = study.reports[0].figures["importance"]["score"]
    assert [one["name"] for one in importance["inputs"]] == ["x", "y"]
    assert importance["inputs"][0]["loss"] > 0.1
    worst = next(event for event in study.events if "background" in event.kind)
    entry = worst.facts["entry"]
    assert mine.branches["truth"][entry] == 0
    assert worst.facts["file"] == mine.path.name
    check_inputs(mine, study)
    assert not validate_files(mine.path, mine.card, events=0, inputs=False).events
    with pytest.raises(InputError, match="--no-inputs"):
        validate_files(mine.path, mine.card, importance=10, inputs=False)


def test_old_against_new_in_one_file_or_two(mine, make_card, tmp_path):
    new = make_card("new", weight=0.2)
    both = tmp_path / "both.root"
    rootml.tag_file(mine.path, both, new, plots=False)
    study = validate_files(both, [mine.card, new])
    assert [report.model["name"] for report in study.reports] == ["mine", "new"]
    assert any(plot.reports == (0, 1) for plot in study.plots)
    apart = validate_files([f"old={mine.path}", f"both={both}"], [mine.card, new])
    assert len(apart.reports) == 3
    lacking = validate_files(mine.path, [mine.card, "trkqual_mu2e"], inputs=False)
    assert any("no output of trkqual_mu2e@1.0" in text for text in texts(lacking))
    assert "old: no output of new@1.0 in its files: it is not validated there" in texts(apart)


def test_a_friend_whose_file_is_gone(mine, tmp_path, write):
    friend = tmp_path / "friend.root"
    source = tmp_path / "moved.root"
    source.write_bytes(mine.source.read_bytes())
    rootml.tag_file(source, friend, mine.card, output="friend", plots=False)
    source.unlink()
    with pytest.raises(LayoutError, match=r"it was made from \(.*moved.root\).*--friend"):
        validate_files(friend, mine.card)
    (report,) = validate_files(friend, mine.card, inputs=False).reports
    assert classes(report)["unlabelled"] > 500
    write(source, mine.branches)
    (said,) = texts(validate_files(friend, mine.card))
    assert "was not made from this file, but from another of its name" in said


def test_the_entries_of_wrong_labels(mine, make_card, write, tmp_path):
    outputs = [{"name": "class", "role": "probabilities", "shape": [2], "doc": "of each class"}]
    card = make_card("labels", outputs=outputs, working_points=[])
    signal = mine.branches["truth"].copy().astype("f4")
    signal[[17, 400]] = 1 - signal[[17, 400]]
    shares = np.stack([0.1 + 0.8 * (1 - signal), 0.1 + 0.8 * signal], axis=1).astype("f4")
    shares[400] = (shares[400] > 0.5) * 0.98 + 0.01
    with uproot.recreate(tmp_path / "a.root") as file:
        branches = mine.branches | {"labels_class": shares}
        kinds = {name: (v.dtype, v.shape[1:]) for name, v in branches.items()}
        file.mktree("events", kinds).extend(branches)
    (report,) = validate_files(tmp_path / "a.root", card, select="y > -3").reports
    made = report.figures["outputs"]["class"]
    assert [row["entry"] for row in made["mistakes"]] == [400, 17]
    assert made["confusion"]["accuracy"]["value"] == pytest.approx(
        1 - 2 / (mine.branches["y"] > -3).sum()
    )


def test_data_lack_what_only_simulation_has(mine, write, tmp_path):
    lacking = {name: v for name, v in mine.branches.items() if name not in ("truth", "pt")}
    data = tmp_path / "data.root"
    rootml.tag_file(write(tmp_path / "d.root", lacking), data, mine.card, plots=False)
    options = {"data": data, "against": ["pt", "x"], "truth": "truth", "select": "x > -100"}
    study = validate_files(f"MC={mine.path}", mine.card, **options)
    (said,) = [text for text in texts(study) if "pt" in text]
    assert said.startswith("Data: ")
    assert "--against 'pt': no branch or column 'pt'" in said
    simulation, measured = study.reports
    assert classes(simulation)["signal"] > 200
    assert classes(measured)["unlabelled"] == simulation.figures["events"]["judged"]
    with pytest.raises(BranchError, match="--against 'pt'"):
        validate_files(data, mine.card, against="pt")
    with pytest.raises(BranchError, match="--truth 'truth'"):
        validate_files(data, mine.card, truth="truth")


def check_inputs(mine, study):
    """The inputs shown with single events are those of their entries."""
    judged = [event for event in study.events if event.kind != "not judged"]
    assert len(judged) > 4
    for event in judged:
        for name in ("x", "y"):
            seen = mine.branches[name][event.facts["entry"]]
            assert event.facts[f"input {name}"] == pytest.approx(seen)


def test_entries_that_were_left_out_when_tagging(mine, tmp_path, small_chunks):
    out = tmp_path / "part.root"
    rootml.tag_file(mine.source, out, mine.card, entry_range=(100, 300), plots=False)
    study = validate_files(out, mine.card, select="x > -6")
    judged = ~np.isnan(mine.scores)
    judged[:100] = judged[300:] = False
    kept = judged & (mine.branches["x"] > -6)
    assert study.reports[0].figures["events"]["judged"] == kept.sum()
    assert any("left out when the file was tagged" in text for text in texts(study))
    check_inputs(mine, study)


@pytest.mark.parametrize("record", ['{"taggings": [{"tree": "events"}]}', '{"taggings": 3}', "[]"])
def test_a_record_that_is_damaged(mine, tmp_path, record):
    with uproot.recreate(tmp_path / "a.root") as file:
        file.mktree("events", {"x": "f4"}).extend({"x": mine.branches["x"]})
        file["rootml_provenance"] = record
    with pytest.raises(FileError, match=r"a.root: the (record|object)"):
        validate_files(tmp_path / "a.root")


@pytest.mark.parametrize("weight", ["0*w", "-1"])
def test_data_are_drawn_beside_simulation_that_weighs_nothing(mine, tmp_path, weight):
    study = validate_files(
        f"MC={mine.path}", mine.card, data=mine.path, weight=weight, inputs=False, events=0
    )
    assert any(text.startswith("simulation: not scaled to the data") for text in texts(study))
    stacks = tuple(plot for plot in study.plots if plot.name == "score_stack")
    assert all("scaled" not in one.caption for one in series_of(study, stacks[0]))
    reports = tuple(replace(report, plots=report.plots[:1]) for report in study.reports)
    made = draw_study(replace(study, reports=reports, plots=stacks), tmp_path, formats=("svg",))
    assert "score_stack" in made
