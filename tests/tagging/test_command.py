"""The command line: options, messages, exit codes, and that nothing is left behind."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import uproot

from rootml.commands.console import print_table


def test_the_account_is_short_and_whole(
    toy: Path, hits: Path, tmp_path: Path, command: Callable
) -> None:
    done = command("tag", hits, tmp_path / "out.root", "--no-plots")
    assert done.code == 0
    for said in ("hits: 500 entries, toylab/flat", "toy 1.0", "toy_score", "497", "events/s"):
        assert said in done.out
    assert "500 of 500 events" in done.err
    assert "\r" not in done.err


def test_quiet_says_nothing(toy: Path, hits: Path, tmp_path: Path, command: Callable) -> None:
    done = command("tag", hits, tmp_path / "out.root", "-q", "--no-plots")
    assert (done.code, done.out, done.err) == (0, "", "")


def test_json_is_machine_readable(toy: Path, hits: Path, tmp_path: Path, command: Callable) -> None:
    account = command("tag", hits, tmp_path / "out.root", "--json").account
    assert account["events"] == 500
    assert account["judged"] == {"toy": 497}
    assert account["branches_added"][0]["name"] == "toy_score"
    assert account["figures"]["toy"]["events"]["judged"] == 497
    assert str(tmp_path / "out_validation" / "report.json") in account["files"]


def test_several_inputs_and_globs_go_to_a_folder(
    toy: Path, hits: Path, tmp_path: Path, command: Callable
) -> None:
    for name in ("run1.root", "run2.root"):
        shutil.copy(hits, tmp_path / name)
    assert command("tag", tmp_path / "run*.root", tmp_path / "a", "--no-plots").code == 0
    assert command("tag", hits, "-o", tmp_path / "b", "--plots", tmp_path / "p").code == 0
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["run1.root", "run2.root"]
    assert (tmp_path / "b" / "hits.root").exists()
    assert (tmp_path / "p" / "report.json").exists()


def test_a_folder_stays_away_if_nothing_goes_there(
    toy: Path, hits: Path, tmp_path: Path, command: Callable
) -> None:
    before = sorted(tmp_path.iterdir())
    assert command("tag", hits, "-o", tmp_path / "a" / "b", "--dry-run").code == 0
    assert command("tag", hits, tmp_path / "no.root", tmp_path / "out").code == 2
    assert command("tag", hits, f"{tmp_path / 'out'}/", "--model", "nobody").code == 2
    assert [path for path in sorted(tmp_path.iterdir()) if path.name != "a"] == before
    assert command("tag", hits, f"{tmp_path / 'out'}/", "--no-plots").code == 0
    assert (tmp_path / "out" / "hits.root").exists()


def bad_not_root(folder: Path) -> None:
    (folder / "in.root").write_text("not a ROOT file at all")


def bad_truncated(folder: Path) -> None:
    whole = (folder / "hits.root").read_bytes()
    (folder / "in.root").write_bytes(whole[: len(whole) // 2])


def bad_no_entries(folder: Path) -> None:
    with uproot.recreate(folder / "in.root") as file:
        file.mktree("hits", {"cell_e": ("f4", (6,))})


def bad_branch(folder: Path) -> None:
    with uproot.recreate(folder / "in.root") as file:
        file.mktree("hits", {"cells_e": ("f4", (6,))}).extend({"cells_e": np.ones((3, 6), "f4")})


def bad_wrong_shape(folder: Path) -> None:
    with uproot.recreate(folder / "in.root") as file:
        file.mktree("hits", {"cell_e": ("f4", (5,))}).extend({"cell_e": np.ones((3, 5), "f4")})


def bad_nan(folder: Path) -> None:
    cells = np.ones((30, 6), "f4")
    cells[17, 2] = np.inf
    with uproot.recreate(folder / "in.root") as file:
        file.mktree("hits", {"cell_e": ("f4", (6,))}).extend({"cell_e": cells})


def bad_network(folder: Path) -> None:
    shutil.copy(folder / "hits.root", folder / "in.root")
    network = folder / "home" / "rootml" / "models" / "toy.onnx"
    network.write_bytes(network.read_bytes() + b"\0")


BAD_INPUTS = [
    (lambda folder: None, ["in.root: no such file"]),
    (bad_not_root, ["in.root", "not a ROOT file"]),
    (bad_truncated, ["in.root", "truncated"]),
    (bad_no_entries, ["in.root", "'hits'", "no entries"]),
    (bad_branch, ["in.root", "'cell_e'", "did you mean 'cells_e'"]),
    (bad_wrong_shape, ["'cells'", "(3, 5)", "(n, 6)"]),
    (bad_nan, ["in.root", "'hits'", "entry 17", "NaN or infinity"]),
    (bad_network, ["toy.onnx", "sha256"]),
]


@pytest.mark.parametrize(
    ("spoil", "said"), BAD_INPUTS, ids=[spoil.__name__.lstrip("<") for spoil, _ in BAD_INPUTS]
)
def test_bad_input_is_one_message(
    spoil: Callable[[Path], None],
    said: list[str],
    toy: Path,
    hits: Path,
    tmp_path: Path,
    command: Callable,
) -> None:
    spoil(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    done = command("tag", tmp_path / "in.root", tmp_path / "out.root")
    assert done.code == 2
    assert done.err.startswith("rootml: error: ")
    assert "Traceback" not in done.err
    for words in said:
        assert words in done.err
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["hits.root", "hits.root"], "is the input file itself"),
        (["hits.root", "no/folder/out.root"], "no folder"),
        (["hits.root", "out.root", "--tree", "hit"], "no tree 'hit'; did you mean 'hits'"),
        (["hits.root", "out.root", "--model", "tpy"], "did you mean 'toy'"),
        (["hits.root", "out.root", "--adapter", "toylob"], "did you mean 'toylab'"),
        (["hits.root", "out.root", "--compression", "ZIP-3"], "ZIP-3"),
        (["hits.root", "out.root", "--entry-range", "1-7"], "expected A:B"),
        (["hits.root", "out.root", "--plots", "hits.root/x"], "no writable folder"),
        (["hits.root"], "Give an output file"),
        (["x*.root", "out/"], "no file matches"),
    ],
    ids=lambda value: value[-1] if isinstance(value, list) else "",
)
def test_bad_options_are_one_message(
    arguments: list[str],
    said: str,
    toy: Path,
    hits: Path,
    tmp_path: Path,
    command: Callable,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    before = hits.read_bytes()
    done = command("tag", *arguments)
    assert done.code == 2
    assert said in done.err
    assert "Traceback" not in done.err
    assert hits.read_bytes() == before
    assert not (tmp_path / "out.root").exists()


def test_a_folder_that_takes_no_file(toy: Path, hits: Path, command: Callable) -> None:
    done = command("tag", hits, "/proc/out.root", "--no-plots")
    assert done.code == 2
    assert "cannot write /proc/out.root" in done.err
    assert "Traceback" not in done.err


def test_no_space_left(toy: Path, hits: Path, tmp_path: Path, command: Callable) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = sorted(tmp_path.iterdir())
    resource.setrlimit(resource.RLIMIT_FSIZE, (hits.stat().st_size + 500, limit[1]))
    try:
        done = command("tag", hits, tmp_path / "out.root", "--no-plots")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert done.code == 2
    assert "out.root: file too large" in done.err
    assert sorted(tmp_path.iterdir()) == before


def test_inspect_explains(toy: Path, hits: Path, tmp_path: Path, command: Callable) -> None:
    command("tag", hits, tmp_path / "out.root", "--no-plots")
    said = command("inspect", tmp_path / "out.root").out
    assert "+ toylab/flat in tree 'hits'" in said
    assert "toylab/flat in tree 'other'" not in said
    assert "toy_score made by toy 1.0" in said
    found = command("inspect", tmp_path / "out.root", "--json").account
    assert found["models"] == ["toy"]
    assert [tree["entries"] for tree in found["trees"]] == [500, 7]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_a_killed_run_leaves_no_output(
    number: signal.Signals, toy: Path, tmp_path: Path, toylab: Path
) -> None:
    cells = np.ones((400_000, 6), "f4")
    with uproot.recreate(tmp_path / "in.root") as file:
        file.mktree("hits", {"cell_e": ("f4", (6,))}).extend({"cell_e": cells})
    program = (
        "import platformdirs, pathlib, rootml.tagging.judging as judging, signal, time\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in a background job\n"
        f"home = pathlib.Path({str(tmp_path / 'home')!r})\n"
        "platformdirs.user_data_path = lambda name: home / name\n"
        "original = judging.read_together\n"
        "def slow(*args, **options):\n"
        "    for chunk in original(*args, chunk_bytes=24_000, **options):\n"
        "        print('chunk', flush=True); time.sleep(0.02); yield chunk\n"
        "judging.read_together = slow\n"
        "from rootml.cli import tag_main\n"
        "import sys; sys.argv[1:] = ['in.root', 'out.root', '--no-plots', '-q']\n"
        "tag_main()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(toylab)},
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    for _ in range(5):
        assert process.stdout.readline() == b"chunk\n"
    process.send_signal(number)
    code = process.wait(timeout=30)
    process.stdout.close()
    time.sleep(0.05)
    assert code == {signal.SIGTERM: 143, signal.SIGINT: 130, signal.SIGKILL: -9}[number]
    assert not (tmp_path / "out.root").exists()
    if number != signal.SIGKILL:
        assert sorted(path.name for path in tmp_path.iterdir()) == ["home", "in.root"]


def test_the_title_of_a_narrow_table_is_not_broken(capsys: pytest.CaptureFixture[str]) -> None:
    print_table("a/long/path/to/a/file.root: trees", ["tree"], [["t1"]])
    assert capsys.readouterr().out.splitlines()[0] == "a/long/path/to/a/file.root: trees"
