"""The examples as a user runs them."""

from __future__ import annotations

import runpy
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
ROOT_COUNTS = """
import sys, ROOT
path, tree, condition = sys.argv[1:]
print(ROOT.RDataFrame(tree, path).Filter(condition).Count().GetValue())
"""


@pytest.fixture(scope="session")
def run() -> Callable[..., SimpleNamespace]:
    """``run("own_ntuple.py", argument, ...)`` runs a script, and gives what it defines."""

    def start(script: str, *args: object) -> SimpleNamespace:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("sys.argv", [script, *map(str, args)])
            return SimpleNamespace(**runpy.run_path(str(EXAMPLES / script), run_name="__main__"))

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
