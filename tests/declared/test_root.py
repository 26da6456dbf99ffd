"""Expressions mean what they mean to ``TTree::Draw``."""

from __future__ import annotations

import json
import subprocess
import sys

import awkward as ak
import numpy as np
import pytest
import uproot

EXPRESSIONS = [
    "log(x)", "-x^2", "-2^2 * x", "2 * x^2", "x - y - 1", "x / y / 2", "i / 7", "i % 7", "-i % 7",
    "5.5 % 2 + x", "x * -y", "!flag * 2", "x > 1 && y < 0.5 || !flag", "!(x > 1)", "atan2(y, x)",
    "min(x, y)", "max(x, 1)", "TMath::Max(x, y)", "TMath::Abs(y)", "sqrt(abs(y))", "exp(-x * x)",
    "1e-3 * x + 0.5", "floor(y)", "ceil(y)", "log10(x)", "x ** 3", "TMath::Power(x, 2)", "pi * x",
    "TMath::Pi() * x", "i == 3", "x != y", "(x > 1) + (y > 0) * 2", "x > 0.1", "v[0]", "v[1] * x",
    "Sum$(v * (v > 30))", "Sum$(v)", "Length$(v)", "Max$(v)", "Min$(v * x)", "Max$(v) - Min$(v)",
    "grid[1][0]", "Sum$(grid)", "Max$(grid) - x",
]  # fmt: skip
DRAW = """
import json, sys, warnings
warnings.simplefilter("ignore")
import ROOT
path, expressions = sys.argv[1], json.loads(sys.argv[2])
file = ROOT.TFile.Open(path)
tree = file.Get("events")
found = []
for text in expressions:
    count = tree.Draw(f"Entry$:{text}", "", "goff")
    found.append([[int(tree.GetV1()[k]), tree.GetV2()[k]] for k in range(count)])
print(json.dumps(found))
"""


@pytest.fixture
def events(tmp_path):
    rng = np.random.default_rng(8)
    counts = rng.integers(0, 5, 200)
    branches = {
        "x": rng.exponential(1, 200).astype("f4"),
        "y": rng.normal(size=200),
        "i": np.arange(200, dtype="i4"),
        "flag": rng.integers(0, 2, 200).astype(bool),
        "v": ak.unflatten(rng.exponential(30, counts.sum()).astype("f4"), counts),
        "grid": rng.normal(size=(200, 2, 3)),
    }
    kinds = {"x": "f4", "y": "f8", "i": "i4", "flag": "?", "v": "var * float32"}
    with uproot.recreate(tmp_path / "events.root") as file:
        file.mktree("events", kinds | {"grid": ("f8", (2, 3))}).extend(branches)
    return tmp_path / "events.root", branches


def test_expressions_mean_what_they_mean_to_root(events, column):
    path, branches = events
    command = [sys.executable, "-c", DRAW, str(path), json.dumps(EXPRESSIONS)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    empty = ak.num(branches["v"]) == 0
    for text, drawn in zip(EXPRESSIONS, json.loads(done.stdout.splitlines()[-1]), strict=True):
        mine = column(text, **branches)
        if text.startswith(("Max$(v", "Min$(v")):  # to ROOT the maximum of nothing is 0
            drawn = [pair for pair in drawn if not empty[pair[0]]]
        assert [k for k, value in enumerate(mine) if value is not None] == [k for k, _ in drawn], (
            text
        )
        found = [mine[k] for k, _ in drawn]
        np.testing.assert_allclose(found, [value for _, value in drawn], rtol=1e-6, err_msg=text)
