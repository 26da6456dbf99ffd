"""The examples as a user runs them."""

from __future__ import annotations

import runpy
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from string import Template
from types import SimpleNamespace

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
QUIET = {
    "tag": ["--quiet"],
    "simulate": ["--quiet"],
    "train": ["--no-progress"],
    "validate": ["--quiet", "--formats", ""],  # drawn in tests of their own
}
ROOT_COUNTS = """
import sys, ROOT
path, tree, condition = sys.argv[1:]
print(ROOT.RDataFrame(tree, path).Filter(condition).Count().GetValue())
"""


@pytest.fixture(scope="module", autouse=True)
def _forgotten() -> Iterator[None]:
    """Scripts of one example are called like those of another."""
    yield
    for name, module in list(sys.modules.items()):
        if Path(getattr(module, "__file__", None) or "/").is_relative_to(EXAMPLES):
            del sys.modules[name]


@pytest.fixture(scope="session")
def run() -> Callable[..., SimpleNamespace]:
    """``run("own_ntuple.py", argument, ...)`` runs a script, and gives what it defines."""

    def start(script: str, *args: object) -> SimpleNamespace:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", [script, *map(str, args)])
            return SimpleNamespace(**runpy.run_path(str(EXAMPLES / script), run_name="__main__"))

    return start


def commands(script: Path, **values: object) -> Iterator[list[str]]:
    """The words of each command of a shell script, ``$NAME`` replaced by one of ``values``."""
    text = script.read_text().replace("\\\n", " ")
    for line in text.splitlines():
        words = shlex.split(Template(line).safe_substitute(values), comments=True)
        if words and words[0] in ("rootml", "python"):
            yield words


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """``study("ams", EVENTS=50)``: does what the script says, in this process; gives its folder."""

    def start(name: str, **values: object) -> Path:
        from rootml.cli import rootml

        place, folder = EXAMPLES / "validation" / name, tmp_path_factory.mktemp(name)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            for program, *words in commands(place / "study.sh", HERE=place, **values):
                patch.setattr("sys.argv", words)
                if program == "python":
                    runpy.run_path(words[0], run_name="__main__")
                else:
                    done = rootml.main([*words, *QUIET.get(words[0], ())], standalone_mode=False)
                    assert not done, words
        return folder

    return start


@pytest.fixture
def root_counts() -> Callable[..., int]:
    """``root_counts(path, tree, "x > 0")``: the entries for which ROOT finds this true."""

    def count(path: Path, tree: str, condition: str) -> int:
        done = subprocess.run(
            [sys.executable, "-c", ROOT_COUNTS, str(path), tree, condition],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return int(done.stdout)

    return count
