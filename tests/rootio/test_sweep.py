"""Every tree of every sample file: all that ROOT and uproot could do with it, they still can.

Where ROOT fails or complains about a sample itself, it may do the same about the output.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.rootio import append_branches
from rootml.spec import Column

SAMPLES = Path(__file__).parents[3] / "shared" / "data"


def real_trees() -> list[tuple[str, str]]:
    """Path of the file and of the tree, the newest cycle of each."""
    found = []
    for path in sorted(p for p in SAMPLES.rglob("*") if p.is_file()):
        with path.open("rb") as stream:
            if stream.read(4) != b"root":
                continue
        with uproot.open(path) as file:
            classes = file.classnames(cycle=False)
        name = str(path.relative_to(SAMPLES))
        found += [(name, tree) for tree, kind in classes.items() if kind == "TTree"]
    return found


def pytest_generate_tests(metafunc: Any) -> None:
    if "tree" in metafunc.fixturenames:
        metafunc.parametrize(("name", "tree"), real_trees())


def columns_of(prefix: str, entries: int) -> tuple[list[Column], dict[str, Any]]:
    """A float, three integers, and a number per object, whose sums ROOT gives exactly."""
    per, counts = prefix.capitalize(), (np.arange(entries) + 1) % 3
    specs = [
        Column(f"{prefix}_score", unit="GeV", doc="a score"),
        Column(f"{prefix}_cells", "int32", (3,)),
        Column(f"{per}_x", per=per),
    ]
    jagged = ak.unflatten(np.arange(1, counts.sum() + 1) % 7, counts)
    values = [np.arange(entries) % 11, np.arange(3 * entries).reshape(-1, 3) % 5, jagged]
    return specs, {s.name: ak.values_astype(v, s.dtype) for s, v in zip(specs, values, strict=True)}


def stored(path: Path, branches: Any) -> list[Any]:
    """Names, kinds, numbers of entries and a digest of the stored bytes of branches."""
    facts = []
    with path.open("rb") as raw:
        for name, branch in branches:
            digest = hashlib.sha256()
            baskets = branch.member("fBasketSeek"), branch.member("fBasketBytes")
            for seek, size in zip(*baskets, strict=True):
                raw.seek(seek)
                digest.update(raw.read(size if seek else 0))
            for basket in branch.embedded_baskets:
                digest.update(basket.data.tobytes())
            kind = branch.classname, branch.title, branch.num_entries
            facts.append((name, *kind, digest.hexdigest()))
    return facts


def stored_branches(path: Path, tree: str) -> list[Any]:
    with uproot.open(path) as file:
        return stored(path, file[tree].iteritems(recursive=True, full_paths=True))


def numeric_columns(branches: Any) -> list[str]:
    """Three columns with plain names that ROOT can sum."""
    return [
        branch.name
        for branch in branches
        if branch.classname == "TBranch"
        and re.fullmatch(r"[A-Za-z_]\w*", branch.name)
        and len(branch.member("fLeaves")) == 1
        and branch.member("fLeaves")[0].classname in ("TLeafI", "TLeafF", "TLeafD")
    ][:3]


def kept(before: Any, after: Any) -> bool:
    """Whether all branches that ROOT described before are the same after."""
    count = len(before["branches"])
    return bool(after["branches"][:count] == before["branches"])


class Comparison:
    """Asks ROOT to do the same with the sample and with the output."""

    def __init__(self, root: Any, source: Path, tree: str, old: list[str]) -> None:
        self.root, self.source, self.tree, self.old = root, source, tree, old
        self.sums: dict[str, float] = {}
        self.known: dict[tuple[str, Path], Any] = {}

    def expect(self, values: dict[str, Any]) -> None:
        """From now on the output has these columns too."""
        self.sums |= {name: float(ak.sum(some)) for name, some in values.items()}

    def step(self, step: str, target: Path, like: Path | None = None) -> tuple[Any, Any] | None:
        """Return what ROOT answers on both; None if it fails on the sample."""
        source = like or self.source
        columns = {"read": self.old, "scan": ["Entry$", *self.old]}.get(step)
        arguments = {"tree": self.tree} | ({} if columns is None else {"columns": columns})
        if (step, source) not in self.known:
            self.known[step, source] = self.root.outcome(step, path=str(source), **arguments)
        if columns is not None:
            arguments["columns"] = [*columns, *self.sums]
        return self.compare(
            self.known[step, source], self.root.outcome(step, path=str(target), **arguments)
        )

    def compare(self, before: Any, after: Any) -> tuple[Any, Any] | None:
        messages = [
            {
                re.sub(r"/\S+/\S+", "FILE", line)
                for line in answer.get("messages", ())
                if "no dictionary for class" not in line  # which ROOT says once a process
            }
            for answer in (before, after)
        ]
        assert messages[1] <= messages[0]
        if "error" in before:
            assert after.get("error") in (None, before["error"])
            return None
        assert "error" not in after, after
        return before, after

    def sums_are_right(self, target: Path, factor: int = 1, like: Path | None = None) -> None:
        """Every entry and the sums of old and new columns are read, by TTree and RDataFrame.

        The old ones as from the sample, or from what ROOT made of it, the file ``like``; the new
        ones are ``factor`` times those that were written.
        """
        both = self.step("read", target, like)
        if both is None:
            return
        for way in ("draw", "frame"):
            before, after = both[0][way], both[1][way]
            assert {n: after[n] for n in before} == pytest.approx(before, nan_ok=True)
            found = {n: after.get(n, 0.0) for n in self.sums}  # without entries there is no frame
            assert found == {n: factor * s for n, s in self.sums.items()}

    def merged(self, folder: Path, target: Path) -> None:
        """Two outputs merge as two samples do, with double sums."""
        inputs, outputs = folder / "merged_inputs.root", folder / "merged_outputs.root"
        both = self.compare(
            self.root.outcome("merge", paths=[str(self.source)] * 2, target=str(inputs)),
            self.root.outcome("merge", paths=[str(target)] * 2, target=str(outputs)),
        )
        if both is not None and both[0]["ok"]:
            assert both[1]["ok"]
            self.sums_are_right(outputs, factor=2, like=inputs)

    def updated(self, folder: Path, target: Path) -> None:
        """ROOT adds a branch of its own, and all others stay."""
        plain, extra = folder / "updated_input.root", folder / "updated_output.root"
        shutil.copyfile(self.source, plain)
        shutil.copyfile(target, extra)
        both = self.compare(
            self.root.outcome("update", path=str(plain), tree=self.tree, column="mine"),
            self.root.outcome("update", path=str(extra), tree=self.tree, column="mine"),
        )
        if both is not None:
            self.sums_are_right(extra, like=plain)
            samples, outputs = self.step("describe", plain), self.step("describe", extra)
            if samples and outputs and kept(*samples):  # ROOT damages Geant4's files itself
                assert kept(*outputs)


def test_append_to_every_sample(name: str, tree: str, tmp_path: Path, root: Any) -> None:
    source, first, second = SAMPLES / name, tmp_path / "first.root", tmp_path / "second.root"
    with uproot.open(source) as file:
        model = file[tree]
        entries, old = int(model.num_entries), numeric_columns(model.branches)
        branches = stored(source, model.iteritems(recursive=True, full_paths=True))
    specs, values = columns_of("sweep", entries)
    append_branches(source, first, tree, values, specs)
    with uproot.open(first) as file:
        model = file[tree]
        new = stored(first, model.iteritems(recursive=True, full_paths=True))
        for column, expected in values.items():
            assert model[column].array().tolist() == expected.tolist()
    assert new[: len(branches)] == branches
    comparison = Comparison(root, source, tree, old)
    comparison.expect(values)
    if both := comparison.step("describe", first):
        for fact in ("recovered", "entries", "friends", "aliases", "user_info", "index"):
            assert both[1][fact] == both[0][fact], fact
        assert kept(*both)
    if both := comparison.step("scan", first):
        assert both[1]["rows"] >= both[0]["rows"]
    comparison.sums_are_right(first)
    comparison.merged(tmp_path, first)
    comparison.updated(tmp_path, first)
    specs, more = columns_of("again", entries)
    append_branches(first, second, tree, more, specs)
    assert stored_branches(second, tree)[: len(new)] == new
    comparison.expect(more)
    comparison.sums_are_right(second)
