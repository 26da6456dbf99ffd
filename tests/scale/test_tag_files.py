"""Many files, by one process, several, or dask's workers: the same outputs, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import uproot

import rootml
from rootml.errors import InputError, OutputError, RegistryError
from rootml.scale import Progress


@pytest.fixture
def tagged(card: Path, runs: list[Path], tmp_path: Path) -> Path:
    """The files tagged one after the other."""
    done = rootml.tag_files(runs, tmp_path / "serial", card, plots=False)
    assert not done.failed
    return tmp_path / "serial"


def how(executor: str, cluster: str) -> dict[str, object]:
    if executor == "dask":
        return {"scheduler": cluster}
    return {"executor": executor} | ({"workers": 2} if executor == "processes" else {})


@pytest.mark.parametrize("executor", ["processes", "dask"])
def test_outputs_are_those_of_one_process(
    executor: str, cluster: str, tagged: Path, card: Path, runs: list[Path], tmp_path: Path
) -> None:
    seen: list[Progress] = []
    done = rootml.tag_files(
        runs,
        tmp_path / "out",
        card,
        plots=False,
        entries_per_job=0,
        progress=seen.append,
        **how(executor, cluster),
    )
    assert [outcome.error for outcome in done.outcomes] == ["", "", ""]
    assert done.events == 600
    assert seen[-1] == Progress(files=3, of=3, events=600, expected=600)
    assert len(seen) > 3  # workers tell of their events before a file is done
    for run in runs:
        with (
            uproot.open(tagged / run.name) as alone,
            uproot.open(tmp_path / "out" / run.name) as spread,
        ):
            assert alone["hits"].keys() == spread["hits"].keys()
            for name in alone["hits"].keys():  # noqa: SIM118 - uproot's keys are of its own kind
                ours, theirs = (file["hits"][name].array(library="np") for file in (alone, spread))
                assert ours.dtype == theirs.dtype
                assert ours.tobytes() == theirs.tobytes()


def test_a_cluster_of_its_own_leaves_the_environment_as_it_was(
    card: Path, runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    done = rootml.tag_files(
        runs[:1], tmp_path / "out", card, plots=False, executor="dask", workers=1
    )
    assert not done.failed
    assert "OMP_NUM_THREADS" not in os.environ


@pytest.mark.parametrize("executor", ["serial", "dask"])
def test_a_file_that_fails_stops_no_other(
    executor: str, cluster: str, card: Path, runs: list[Path], tmp_path: Path
) -> None:
    runs[1].write_bytes(runs[1].read_bytes()[:-500])
    done = rootml.tag_files(runs, tmp_path / "out", card, plots=False, **how(executor, cluster))
    assert [outcome.source for outcome in done.failed] == [str(runs[1])]
    assert "truncated" in done.failed[0].error
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["run1.root", "run3.root"]


def test_fail_fast_leaves_the_rest(card: Path, runs: list[Path], tmp_path: Path) -> None:
    runs[0].write_bytes(b"root, but no more than that")
    done = rootml.tag_files(runs, tmp_path / "out", card, plots=False, fail_fast=True)
    assert [bool(outcome.error) for outcome in done.outcomes] == [True, True, True]
    assert "another file failed" in done.outcomes[2].error
    assert not (tmp_path / "out").exists()


@pytest.fixture
def long_run(runs: list[Path]) -> Path:
    """The second file takes long enough to be caught in the middle."""
    cells = np.ones((2_000_000, 6), "f4")
    with uproot.recreate(runs[1], compression=None) as file:
        file.mktree("hits", {"cell_e": ("f4", (6,))}).extend({"cell_e": cells})
    return runs[1]


@pytest.mark.parametrize(("executor", "entries"), [("processes", 0), ("dask", 0), ("dask", 50)])
def test_a_worker_killed_in_the_middle_loses_nothing(
    executor: str,
    entries: int,
    cluster: str,
    die: Callable[[int], None],
    card: Path,
    runs: list[Path],
    fatal_run: Path,
    small_chunks: None,
    tmp_path: Path,
    column: Callable,
) -> None:
    die(1)
    one_by_one = {"workers": 1} if executor == "processes" else {}
    done = rootml.tag_files(
        runs,
        tmp_path / "out",
        card,
        plots=False,
        entries_per_job=entries,
        **how(executor, cluster) | one_by_one,
    )
    assert [outcome.error for outcome in done.outcomes] == ["", "", ""]
    scores = column(tmp_path / "out" / fatal_run.name)
    assert np.flatnonzero(scores > 0.999).tolist() == [120]
    assert np.isfinite(scores).all()


def test_a_file_that_kills_its_workers_is_reported(
    die: Callable[[int], None],
    card: Path,
    runs: list[Path],
    fatal_run: Path,
    small_chunks: None,
    tmp_path: Path,
) -> None:
    die(2)
    done = rootml.tag_files(
        runs, tmp_path / "out", card, plots=False, workers=1, entries_per_job=50
    )
    assert [bool(outcome.error) for outcome in done.outcomes] == [False, True, False]
    assert "died 2 times (signal 9)" in done.failed[0].error
    assert "entries " in done.failed[0].error
    assert not (tmp_path / "out" / fatal_run.name).exists()


@pytest.mark.parametrize("entries", [0, None], ids=["whole", "divided"])
def test_stopped_workers_leave_nothing_half_written(
    entries: int | None, card: Path, runs: list[Path], long_run: Path, tmp_path: Path
) -> None:
    runs[0].write_bytes(b"root, but no more than that")
    done = rootml.tag_files(
        runs[:2],
        tmp_path / "out",
        card,
        plots=False,
        workers=2,
        entries_per_job=entries,
        fail_fast=True,
    )
    assert len(done.failed) == 2
    assert "another file failed" in done.failed[1].error
    assert not list((tmp_path / "out").glob(".*"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"executor": "proceses"}, "did you mean 'processes'"),
        ({"executor": "serial", "workers": 2}, "'serial' has none"),
        ({"executor": "processes", "scheduler": "tcp://x:1"}, "a scheduler is dask's"),
        ({"executor": "dask", "workers": 2, "scheduler": "tcp://x:1"}, "the cluster has its own"),
        ({"workers": 0}, "expected 1 or more"),
        ({"workers": 2, "entries_per_job": -1}, "-1 entries per job: expected 1 or more"),
        ({"entries_per_job": 100}, "100 entries per job: but there are no workers"),
        ({"in_place": True}, "Give either a folder"),
        ({"target": "out.root"}, "Give either a folder"),
        ({"friends": ["a.root"]}, "belongs to one input, but there are 3"),
        ({"batch_size": 0}, "expected 1 or more"),
    ],
)
def test_wishes_that_contradict_each_other(
    options: dict[str, object], said: str, card: Path, runs: list[Path], tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=said):
        rootml.tag_files(runs, tmp_path / "out", card, **options)
    assert not (tmp_path / "out").exists()


def test_nothing_runs_where_all_would_fail(card: Path, runs: list[Path], tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(RegistryError, match="nobody"):
        rootml.tag_files(runs, out, "nobody")
    with pytest.raises(InputError, match=r"no such file; did you mean 'run1\.root'"):
        rootml.tag_files([runs[0].with_name("run11.root"), runs[1]], out, card)
    with pytest.raises(TypeError, match="batchsize"):
        rootml.tag_files(runs, out, card, batchsize=3)
    with pytest.raises(InputError, match=r"out: one output, but there are 3 inputs"):
        rootml.tag_files(runs, None, card, target=out)
    with pytest.raises(InputError, match="in place a file is one job"):
        rootml.tag_files(runs, None, card, in_place=True, workers=2, entries_per_job=9)
    (tmp_path / "more").mkdir()
    twin = tmp_path / "more" / "run1.root"
    twin.write_bytes(runs[1].read_bytes())
    with pytest.raises(
        OutputError, match=r"runs/run1\.root and .*more/run1\.root would both become"
    ):
        rootml.tag_files([runs[0], twin], out, card)
    assert not out.exists()
    out.mkdir()
    (out / "run2.root").write_bytes(b"mine")
    with pytest.raises(OutputError, match=r"run2\.root: exists already"):
        rootml.tag_files(runs, out, card)
    assert [path.name for path in out.iterdir()] == ["run2.root"]


def test_paths_are_those_of_where_the_run_begins(
    cluster: str,
    card: Path,
    runs: list[Path],
    tmp_path: Path,
    column: Callable[[Path], np.ndarray],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)  # the workers have another
    run = runs[0].relative_to(tmp_path)
    with uproot.recreate("ids.root") as file:
        file.mktree("hits", {"id": "i4"}).extend({"id": np.arange(100, dtype="i4")})
    found = {}
    for name, options in (("here", {}), ("there", {"scheduler": cluster})):
        given = {"target": f"{name}.root", "friends": [f"more={run}:hits"], "plots": False}
        done = rootml.tag_files("ids.root", None, card.relative_to(tmp_path), **given, **options)
        assert [outcome.error for outcome in done.outcomes] == [""]
        found[name] = column(Path(f"{name}.root"))
    assert np.isfinite(found["there"]).all()
    assert found["there"].tobytes() == found["here"].tobytes()


def test_no_scheduler_answers(card: Path, runs: list[Path], tmp_path: Path) -> None:
    from dask import config

    with (
        config.set({"distributed.comm.timeouts.connect": "1s"}),
        pytest.raises(InputError, match="no dask scheduler answers"),
    ):
        rootml.tag_files(runs, tmp_path / "out", card, scheduler="tcp://127.0.0.1:1")


@pytest.mark.parametrize(
    ("cores", "options", "said"),
    [
        ("4", {"workers": 2}, "2 processes, 2 threads each"),
        ("2", {"executor": "processes", "threads": 2}, "1 process, 2 threads each"),
        ("1", {"workers": 8}, "3 processes, 1 thread each"),
        ("7", {"executor": "dask"}, "3 dask workers, 2 threads each"),
    ],
)
def test_workers_times_threads_fit_the_cores(
    cores: str, options: dict, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from rootml.scale.workforce import workforce

    monkeypatch.setattr("os.sched_getaffinity", lambda pid: range(64))
    monkeypatch.setenv("OMP_NUM_THREADS", cores)
    chosen = {"executor": None, "workers": None, "scheduler": None, "threads": None} | options
    assert str(workforce(files=3, entries=0, **chosen)) == said


def test_ranges_keep_more_workers_than_files_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    from rootml.scale.workforce import workforce

    monkeypatch.setattr("os.sched_getaffinity", lambda pid: range(6))
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert str(workforce("processes", None, None, None, 1)) == "6 processes, 1 thread each"
    assert str(workforce("processes", 2, None, None, 1)) == "2 processes, 3 threads each"


def test_the_whole_is_validated_once(
    card: Path, runs: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rootml.validation.plots.draw_study", lambda *study, **options: {})
    done = rootml.tag_files(runs, tmp_path / "out", card)
    assert done.unvalidated == ""
    assert tmp_path / "out_validation" / "report.json" in done.files
    report = (tmp_path / "out_validation" / "report.json").read_text()
    assert '"entries": 100' in report
    assert '"entries": 300' in report
