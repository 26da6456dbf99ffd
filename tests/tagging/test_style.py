"""How the plots of a batch run look."""

from __future__ import annotations


def test_a_batch_run_draws_in_the_style_that_was_asked_for(command, tmp_path):
    source, target = tmp_path / "in.root", tmp_path / "out.root"
    style = ("--style", "plain", "--label", "Ours", "--lumi", "140", "--energy", "13.6")
    assert not command("simulate", "ams", "-n", "40", "-o", source).code
    assert not command("tag", source, target, *style).code
    assert not command("validate", target, "-o", tmp_path / "again", *style).code
    for plot in ("score_distribution.png", "domain.png"):
        drawn, again = (tmp_path / folder / plot for folder in ("out_validation", "again"))
        assert drawn.read_bytes() == again.read_bytes()
