"""ROOT in a process of its own, sample files, and files to append to."""

from __future__ import annotations

import importlib
import importlib.util
import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.spec import Column

PATIENCE = 120
"""Seconds that ROOT may take for an answer; an idle machine needs 15 for the longest."""
SAMPLES = Path(__file__).parents[3] / "shared" / "data"


class Root:
    """Asks the worker; every call fails on what ROOT complains about, unless ``quiet``."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        worker = Path(__file__).with_name("root_worker.py")
        self._process = subprocess.Popen(
            [sys.executable, str(worker)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def __getattr__(self, action: str) -> Callable[..., Any]:
        if action.startswith("_"):
            raise AttributeError(action)
        return lambda **arguments: self.ask(action, **arguments)

    def ask(self, action: str, *, quiet: bool = False, **arguments: Any) -> Any:
        answer = self.outcome(action, **arguments)
        messages = answer.pop("messages", [])
        assert "error" not in answer, (action, answer["error"], messages)
        assert quiet or not messages, (action, messages)
        return answer

    def outcome(self, action: str, **arguments: Any) -> Any:
        """The answer with ROOT's messages, and with the error if the action failed."""
        if self._process.poll() is not None:
            self._start()
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        plain = {k: str(v) if isinstance(v, Path) else v for k, v in arguments.items()}
        stdin.write(json.dumps({"do": action, **plain}) + "\n")
        stdin.flush()
        watch = threading.Timer(PATIENCE, self._process.kill)
        watch.start()
        line = stdout.readline()
        watch.cancel()
        if line:
            return json.loads(line)
        self.close()
        return {"error": "the ROOT process died"}

    def close(self) -> None:
        self._process.communicate(timeout=60)


@pytest.fixture(scope="session")
def root() -> Iterator[Root]:
    """ROOT, started once."""
    if importlib.util.find_spec("ROOT") is None:
        pytest.skip("the root wheel is not installed")
    process = Root()
    yield process
    process.close()


@pytest.fixture(scope="session")
def sample() -> Callable[[str], Path]:
    """The path of a real file, by name; skips where there is none."""

    def find(name: str) -> Path:
        path = SAMPLES / name
        if not path.is_file():
            pytest.skip(f"no sample file {name}: the folder ../shared/data is not there")
        return path

    return find


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Ten events: ``x`` (float64), ``nHit`` with ``Hit_e`` (jagged), in two baskets."""
    return write_source(tmp_path / "source.root", 10, 2)


@pytest.fixture(scope="session")
def make_source() -> Callable[..., Path]:
    """``make_source(path, entries, baskets, compression)`` writes such a file."""
    return write_source


def write_source(
    path: Path, entries: int, baskets: int = 1, compression: Any = None, tree: str = "events"
) -> Path:
    counts = np.arange(entries) % 4
    hits = ak.unflatten(np.arange(counts.sum(), dtype=np.float32), counts)
    with uproot.recreate(path, compression=compression or uproot.ZLIB(1)) as file:
        made = file.mktree(tree, {"x": "f8", "Hit": "var * {e: float32}"})
        for some in np.array_split(np.arange(entries), baskets):
            if len(some) or not entries:
                made.extend({"x": some * 1.0, "Hit": ak.zip({"e": hits[some]})})
        file["other"] = np.histogram([1, 2, 3], bins=3)
    return path


@pytest.fixture(scope="session")
def make_columns() -> Callable[..., tuple[list[Column], dict[str, Any]]]:
    """``make_columns(entries, rng)``: columns of every kind and values for them."""
    return columns_of_every_kind


def columns_of_every_kind(
    entries: int, rng: np.random.Generator, prefix: str = "new"
) -> tuple[list[Column], dict[str, Any]]:
    counts = rng.integers(0, 5, entries)
    total = int(counts.sum())
    per = prefix.capitalize()
    specs = [
        Column(f"{prefix}_score"),
        Column(f"{prefix}_vector", "float64", (3,)),
        Column(f"{prefix}_flag", "bool"),
        Column(f"{per}_p", "float32", per=per),
        Column(f"{per}_id", "int16", (2,), per=per),
    ]
    values = {
        f"{prefix}_score": rng.normal(size=entries).astype(np.float32),
        f"{prefix}_vector": rng.normal(size=(entries, 3)),
        f"{prefix}_flag": rng.integers(0, 2, entries).astype(bool),
        f"{per}_p": ak.unflatten(rng.normal(size=total).astype(np.float32), counts),
        f"{per}_id": ak.unflatten(rng.integers(-9, 9, (total, 2)).astype(np.int16), counts),
    }
    return specs, values


@pytest.fixture(scope="session")
def check_append(root: Root) -> Callable[..., dict[str, Any]]:
    """``check_append(source, target, tree, values)``: all that must hold, asked of ROOT."""

    def check(
        source: Path, target: Path, tree: str, values: dict[str, Any], quiet: bool = False
    ) -> dict[str, Any]:
        old = root.describe(path=source, tree=tree, quiet=quiet)
        new = root.describe(path=target, tree=tree, quiet=quiet)
        count = len(old["branches"])
        assert new["branches"][:count] == old["branches"]
        assert new["leaves"][: len(old["leaves"])] == old["leaves"]
        assert set(old["keys"]) <= set(new["keys"])
        for fact in ("recovered", "entries", "friends", "aliases", "user_info", "index"):
            assert new[fact] == old[fact], fact
        assert set(old["streamers"]) <= set(new["streamers"])
        compare_values(target, tree, values)
        return new

    return check


def compare_values(path: Path, tree: str, values: dict[str, Any]) -> None:
    with uproot.open({str(path): None}) as file:
        for name, expected in values.items():
            branch = file[tree][name]
            found = branch.array()
            assert found.tolist() == ak.Array(expected).tolist(), name
            if ak.Array(expected).ndim == 1 and branch.typename != "std::string":
                assert branch.interpretation.numpy_dtype == np.asarray(expected).dtype


@pytest.fixture(scope="session")
def same_values() -> Callable[[Path, str, dict[str, Any]], None]:
    """``same_values(path, tree, values)``: uproot reads the new branches as they were given."""
    return compare_values


@pytest.fixture(scope="session")
def fuzz() -> Any:
    """The fuzzer, a script beside these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(Path(__file__).parents[1] / "fuzz"))
        return importlib.import_module("fuzz_append")
