"""The lines that the account of a run repeats of a validation."""

from __future__ import annotations

import re

import numpy as np
import pytest

from rootml.commands.account import print_account
from rootml.commands.figures import highlights
from rootml.tagging.plan import PlannedModel, TagPlan, TagResult


def lines_of(collector):
    return highlights(collector.report().to_dict()["figures"])


def test_residuals_stand_side_by_side(tracks):
    made = lines_of(tracks.collect(tracks.sample(20_000)))
    assert [re.split(r"  +", line.strip())[0] for line in made] == [
        "net_momentum - truth_momentum [MeV/c]",
        "bias",
        "68 % width",
        "beyond ±0.7",
    ]
    places = [line.index("±", 20 if "beyond" in line else 0) for line in made[1:]]
    assert max(places) < made[0].index("net_tracks")
    starts = {match.start() for line in made for match in re.finditer(r"(?<=  )\S", line[30:])}
    assert len(starts) == 2  # one column each of the fit and of the network
    fit, network = (float(text.split(" ±")[0]) for text in re.split(r"  +", made[2].strip())[1:])
    assert fit == pytest.approx(0.167, abs=0.005)
    assert network < 0.8 * fit


def test_residuals_of_energies_are_relative(tracks):
    made = lines_of(tracks.collect(tracks.sample(2000), role="energy", unit="GeV", tails=()))
    assert made[0].startswith("net_momentum / truth_momentum - 1  ")
    assert "GeV" not in made[0]


def test_a_single_entry_has_lines(tracks):
    assert len(lines_of(tracks.collect(tracks.sample(1, unjudged=0)))) == 4


def test_scores_have_auc_and_rejections(collect, sample):
    made = lines_of(collect(sample(3000, np.random.default_rng(1))))
    assert made[0].startswith("net_score: AUC 0.9")
    assert sum("background rejection" in line for line in made) == 2
    assert "outside the training domain" in made[-1]


def test_nothing_is_said_of_what_was_not_judged(collect, sample):
    assert lines_of(collect(sample(20, np.random.default_rng(1), unjudged=1.0))) == []


def test_plots_of_several_models_are_in_their_common_folder(tracks, tmp_path, capsys):
    card = tracks.collect(tracks.sample(10)).setting.card
    cards = card, card.model_copy(update={"name": "other"})
    plan = TagPlan(
        source="in.root",
        target=tmp_path / "out.root",
        in_place=False,
        output="copy",
        tree="t",
        entries=1,
        entry_range=(0, 1),
        branches_read=(),
        models=tuple(PlannedModel(card, "tracks", "flat", {}) for card in cards),
        columns=(),
        replaced=(),
        dropped=(),
        plots=tmp_path / "out_validation",
    )
    files = [tmp_path / "out_validation" / name / "report.md" for name in ("one", "other")]
    seconds = {"prepare": 1.0, "tag": 1.0, "plots": 1.0}
    result = TagResult(plan, False, seconds=seconds, files=(tmp_path / "out.root", *files))
    print_account(result, verbose=False)
    assert f"{tmp_path / 'out_validation'}/ (2 files)" in capsys.readouterr().out
