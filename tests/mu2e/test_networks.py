"""The shipped models, on simulated tracks of no training and on a real file."""

from __future__ import annotations

import awkward as ak
import numpy as np
import pytest
import uproot
from scipy.stats import spearmanr

import rootml
from rootml.errors import RootmlWarning
from rootml.registry import find_card, load
from rootml.validation import Collector
from rootml.validation.statistics.classification import Separation
from rootml.validation.statistics.regression import Residuals

TREE = "TrkAnaNeg/trkana"
MOMENTUM = ("momentum", "momentum_error")


@pytest.fixture(scope="module")
def fresh(adapter):
    """Tracks of the momenta of the training, from another seed."""
    return adapter.simulate(120_000, np.random.default_rng(20260102))


@pytest.fixture(scope="module")
def judge(read):
    """``judge(model name, tracks)``: outputs and the truth columns of the judged tracks."""

    def judge(name, tracks):
        model = load(name)
        branches = {field: tracks[field] for field in tracks.fields}
        columns = ("fit_momentum", "truth_momentum", "truth_label")
        events = read("flat", branches, *model.view.columns, *columns)
        batch = model.view.build(events)
        truth = {column: ak.to_numpy(events[column])[batch.judged] for column in columns}
        return model(batch.tensors), truth

    return judge


@pytest.mark.parametrize("name", ["trkqual_mu2e", "bdt_mu2e", "momentum_mu2e"])
def test_card_says_what_was_trained_on_what(name):
    card = find_card(name).card
    assert card.training.command == f"rootml train {name} mu2e_train.root --seed 1"
    assert "not on Mu2e's" in card.training.notes
    assert "rootml simulate mu2e -n 1500000 --seed 21" in card.training.notes


@pytest.mark.parametrize("name", ["trkqual_mu2e", "bdt_mu2e"])
def test_quality_separates_fresh_tracks_as_the_card_says(judge, fresh, name):
    outputs, truth = judge(name, fresh)
    score, label = outputs["score"], truth["truth_label"]
    separation = Separation.from_scores(score[label == 1], score[label == 0])
    claimed = {metric.name: metric for metric in find_card(name).card.metrics}
    auc = separation.auc()
    assert abs(auc.value - claimed["auc"].value) < 4 * auc.error
    kept = separation.efficiency_at_rejection(100)
    width = (kept.high - kept.low) / 2
    assert abs(kept.value - claimed["efficiency_rej100"].value) < 4 * width


def test_momentum_is_better_than_that_of_the_fit(judge, fresh):
    outputs, truth = judge("momentum_mu2e", fresh)
    before = Residuals.from_values(truth["fit_momentum"] - truth["truth_momentum"]).summary((0.7,))
    residual = outputs["momentum"] - truth["truth_momentum"]
    after = Residuals.from_values(residual).summary((0.7,))
    assert abs(after.median.value) < 0.1 * abs(before.median.value)
    assert after.width.value < 1.01 * before.width.value
    assert after.tails[0].beyond.high < before.tails[0].beyond.low
    pull = np.quantile(residual / outputs["momentum_error"], [0.1587, 0.8413])
    assert 0.85 < (pull[1] - pull[0]) / 2 < 1.1


def test_large_errors_are_said_to_be_large(judge, fresh):
    outputs, truth = judge("momentum_mu2e", fresh)
    excess = outputs["momentum"] - truth["truth_momentum"]
    sure = outputs["momentum_error"] < np.quantile(outputs["momentum_error"], 0.8)
    assert np.mean(excess[sure] > 0.7) < 0.4 * np.mean(excess > 0.7)


@pytest.fixture(scope="module")
def judged(shared):
    """Our score of the 101 tracks of the real file, and the one it stores."""
    with uproot.open(shared("mu2e/uproot-issue-513.root")) as file:
        with pytest.warns(RootmlWarning, match="have their names: .*crvsummarymc/_nHitCounters"):
            events = rootml.annotate(file[TREE], "trkqual_mu2e")
        ours = ak.to_numpy(events["trkqual_mu2e_score"])
        stored = file[TREE]["detrkqual"].array(library="np")["mvaout"]
    return ours, stored


class TestRealFile:
    def test_all_tracks_are_judged(self, judged):
        ours, _ = judged
        assert ours.shape == (101,)
        assert ((ours > 0) & (ours < 1)).all()

    def test_both_qualities_order_tracks_alike(self, judged):
        """Rank correlation; without any, its error is 0.1. Nothing of the file was trained on."""
        ours, stored = judged
        draws = np.random.default_rng(1).integers(0, 101, (300, 101))
        error = np.std([spearmanr(ours[draw], stored[draw])[0] for draw in draws])
        correlation = spearmanr(ours, stored)[0]
        assert error < 0.1
        assert correlation > 0.6 + 2 * error

    @pytest.mark.parametrize("cut", [0.5, 0.85, 0.95])
    def test_ours_tells_what_the_stored_one_calls_bad(self, judged, cut):
        ours, stored = judged
        auc = Separation.from_scores(ours[stored > cut], ours[stored <= cut]).auc()
        assert auc.low > 0.85

    def test_both_tell_mismeasured_tracks_equally_well(self, judged, real):
        ours, stored = judged
        events = real().read(("fit_momentum", "truth_momentum"), 0, 101)
        off = abs(ak.to_numpy(events["fit_momentum"] - events["truth_momentum"]))
        good, bad = off < 0.25, off > 0.5
        assert bad.sum() == 13
        mine, theirs = (Separation.from_scores(s[good], s[bad]).auc() for s in (ours, stored))
        for auc in (mine, theirs):
            assert auc.low > 0.6
        assert abs(mine.value - theirs.value) < 2 * np.hypot(mine.error, theirs.error)


def test_real_file_is_tagged(shared, tmp_path):
    source, target = shared("mu2e/uproot-issue-513.root"), tmp_path / "out.root"
    result = rootml.tag_file(source, target, "momentum_mu2e", tree=TREE, plots=False)
    assert result.judged == {"momentum_mu2e": 101}
    with uproot.open(target) as file:
        tree = file[TREE]
        momentum, error = (tree[f"momentum_mu2e_{name}"].array(library="np") for name in MOMENTUM)
        fitted = tree["deent"].array(library="np")["mom"]
    assert (abs(momentum - fitted) < 0.5).all()
    assert ((error > 0.05) & (error < 2)).all()


def test_residuals_of_the_real_file_before_and_after(adapter, real):
    model = load("momentum_mu2e")
    collector = Collector(model.card, adapter, branches={n: n for n in MOMENTUM})
    source = real()
    columns = [column for column in collector.columns if source.decoder.has(column)]
    events = source.read(tuple({*model.view.columns, *columns}), 0, 101)
    batch = model.view.build(events)
    collector.fill(events, batch, model(batch.tensors))
    made = collector.report().figures["outputs"]["momentum"]["residual"]["estimators"]
    before, after = made
    assert [each["title"] for each in made] == ["track fit", "momentum_mu2e"]
    assert before["entries"] == after["entries"] == 100
    assert abs(after["median"]["value"]) < abs(before["median"]["value"])


def test_lists_of_tracks_are_tagged_with_their_counter(adapter, tmp_path):
    adapter.write(tmp_path / "in.root", 200, np.random.default_rng(6), layout="tracks")
    rootml.tag_file(tmp_path / "in.root", tmp_path / "out.root", plots=False)
    with uproot.open(tmp_path / "out.root") as file:
        tree = file["ntuple"]
        counts = tree["ntrk"].array(library="np")
        scores = tree["trk_trkqual_mu2e_score"].array()
    assert ak.num(scores).tolist() == counts.tolist()
    assert np.isfinite(ak.to_numpy(ak.flatten(scores))).all()


def test_version_5_is_tagged(shared, tmp_path):
    source = shared("mu2e/uproot-issue-1221.root")
    rootml.tag_file(source, tmp_path / "out.root", plots=False)
    with uproot.open(tmp_path / "out.root") as file:
        score = file["TrkAna/trkana/dem_trkqual_mu2e_score"].array()
    assert ak.num(score).tolist() == [1]
    assert 0 < score[0, 0] < 1
