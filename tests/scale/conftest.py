"""A toy network by its card, files that it can judge, and a cluster whose workers can be killed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import uproot

PLUGINS = Path(__file__).resolve().parents[1] / "plugins"
FATAL = 1e6
"""A deposit that kills the process that looks at it, once for each file in $TOYLAB_DEATHS."""


@pytest.fixture
def card(toylab: Path, own_places: Path, write_model: Callable[..., Path]) -> Path:
    """The toy network; its experiment is found by processes that are started, too."""
    return write_model()


@pytest.fixture
def runs(tmp_path: Path) -> list[Path]:
    """Three files of different lengths, in a folder of their own."""
    folder = tmp_path / "runs"
    folder.mkdir()
    return [write_run(folder / f"run{number}.root", number) for number in (1, 2, 3)]


def write_run(path: Path, number: int) -> Path:
    cells = np.random.default_rng(number).exponential(1.0, (100 * number, 6)).astype("f4")
    return write_cells(path, cells)


def write_cells(path: Path, cells: np.ndarray) -> Path:
    label = np.arange(len(cells), dtype="i4") % 2
    with uproot.recreate(path) as file:
        tree = file.mktree("hits", {"cell_e": ("f4", (6,)), "truth_label": "i4"})
        tree.extend({"cell_e": cells, "truth_label": label})
    return path


@pytest.fixture
def fatal_run(runs: list[Path]) -> Path:
    """The second file, with an event in its middle that may kill."""
    cells = np.ones((200, 6), "f4")
    cells[120, 3] = FATAL
    return write_cells(runs[1], cells)


@pytest.fixture
def column() -> Callable[[Path], np.ndarray]:
    """``column(path)``: the scores in a tagged file."""
    return lambda path: uproot.open(path)["hits"]["toy_score"].array(library="np")


@pytest.fixture(scope="session")
def graves(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of deaths, known to all processes that are started from now on."""
    folder = tmp_path_factory.mktemp("deaths")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TOYLAB_DEATHS", str(folder))
        yield folder


@pytest.fixture
def die(graves: Path) -> Iterator[Callable[[int], None]]:
    """``die(2)``: the fatal event will kill twice, no more."""

    def prepare(times: int) -> None:
        for number in range(times):
            (graves / str(number)).touch()

    yield prepare
    left = list(graves.iterdir())
    for death in left:
        death.unlink()
    assert not left, "nobody died"


@pytest.fixture(scope="session")
def cluster(graves: Path) -> Iterator[str]:
    """A dask cluster of two processes that was there before; gives the address."""
    from distributed import LocalCluster

    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(PLUGINS))  # which processes inherit
        made = LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address="127.0.0.1:0")
    with made:
        yield made.scheduler_address


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process has events read by some tens at a time; others read what it tells them to."""
    from functools import partial

    from rootml.rootio.chunks import chunk_edges, read_together

    for name, function in (
        ("rootml.scale.division.chunk_edges", chunk_edges),
        ("rootml.tagging.judging.read_together", read_together),
    ):
        monkeypatch.setattr(name, partial(function, chunk_bytes=2000))
