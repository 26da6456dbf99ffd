"""How far a run is, and what is expected of files that nobody has opened."""

from __future__ import annotations

from rootml.scale.tally import Progress, Tally


def test_files_that_were_not_opened_are_expected_to_be_as_the_others() -> None:
    tally = Tally(4)
    tally.heard(0, 10, 100)
    assert tally.progress == Progress(files=0, of=4, events=10, expected=400)
    tally.heard(1, 5, 300)
    assert tally.progress == Progress(files=0, of=4, events=15, expected=800)


def test_kept_files_have_nothing_to_be_done() -> None:
    tally = Tally(3)
    tally.finished(0, 0)
    assert tally.progress.events < tally.progress.expected
    tally.heard(1, 50, 50)
    assert tally.progress == Progress(files=1, of=3, events=50, expected=100)


def test_a_file_that_is_begun_again_counts_anew_and_late_news_do_not() -> None:
    tally = Tally(1)
    tally.heard(0, 80, 100)
    tally.heard(0, 20, 100)
    assert tally.progress.events == 20
    tally.finished(0, 100)
    tally.heard(0, 60, 100)
    assert tally.progress == Progress(files=1, of=1, events=100, expected=100)
