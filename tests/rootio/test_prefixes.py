"""Cut off at any byte of its writes, an append in place leaves a file that reads as before."""

from __future__ import annotations

import errno
import io
import itertools
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rootml.errors import OutputError
from rootml.rootio import append_branches
from rootml.rootio.container.directory import KeyList
from rootml.rootio.container.free_list import FreeList
from rootml.rootio.container.root_file import RootFile

PAGE = 4096
COMPRESSIONS = [None, uproot.ZLIB(1), uproot.LZMA(1), uproot.LZ4(1), uproot.ZSTD(1)]
FEW = settings(
    max_examples=8, deadline=None, derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)  # fmt: skip


@dataclass
class Journal:
    """What an append did to its file, in order: writes and, between them, syncs."""

    old: bytes
    writes: list[tuple[int, bytes]] = field(default_factory=list)
    epochs: list[int] = field(default_factory=list)

    @property
    def new(self) -> bytes:
        return patched(self.old, self.writes)

    @property
    def end(self) -> int:
        """Where the old file ends, as its header says; uproot may leave more behind it."""
        return int.from_bytes(self.old[12:16], "big")

    def prefixes(self) -> Iterator[bytes]:
        """The file after each write, and after each page of those that change old bytes."""
        for index, (position, data) in enumerate(self.writes):
            before = patched(self.old, self.writes[:index])
            edges = range(PAGE - position % PAGE, len(data), PAGE)
            if position >= self.end:
                edges = edges[-1:]
            for edge in edges:
                yield patched(before, [(position, data[:edge])])
            yield patched(before, [(position, data)])

    def losses(self, rng: np.random.Generator) -> Iterator[bytes]:
        """The file after power failures: of what was not synchronised, anything may be lost."""
        edges = [0, *self.epochs, len(self.writes)]
        for start, stop in itertools.pairwise(edges):
            for _ in range(3):
                some = [w for w in self.writes[start:stop] if rng.integers(2)]
                yield patched(self.old, [*self.writes[:start], *some])


def patched(data: bytes, writes: list[tuple[int, bytes]]) -> bytes:
    out = bytearray(data)
    for position, new in writes:
        out += b"\0" * (position - len(out))
        out[position : position + len(new)] = new
    return bytes(out)


def journal(path: Path, tree: str, values: dict[str, Any], **options: Any) -> Journal:
    """Append in place to ``path``, writing down what happens to it."""
    kept = Journal(path.read_bytes())
    pwrite, fsync = os.pwrite, os.fsync

    def note_write(fd: int, data: Any, position: int) -> int:
        kept.writes.append((position, bytes(data)))
        return pwrite(fd, data, position)

    def note_sync(fd: int) -> None:
        kept.epochs.append(len(kept.writes))
        fsync(fd)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "pwrite", note_write)
        patch.setattr(os, "fsync", note_sync)
        append_branches(path, None, tree, values, in_place=True, **options)
    return kept


def contents(data: bytes) -> dict[str, Any]:
    """All that uproot reads in a file: branches by tree and name, the values of histograms."""
    found: dict[str, Any] = {}
    with uproot.open(io.BytesIO(data)) as file:
        for path, kind in file.classnames().items():
            if kind in ("TTree", "ROOT::RNTuple"):
                columns = file[path].arrays(library="ak")
                found |= {f"{path}/{name}": columns[name].tolist() for name in columns.fields}
            elif kind.startswith("TH1"):
                found[path] = file[path].values().tolist()
    return found


@st.composite
def files(draw: st.DrawFn, folder: Path) -> tuple[Path, str, int]:
    """A file by uproot: its path, a TTree or RNTuple in it, the number of its entries."""
    ntuple = draw(st.booleans())
    where = draw(st.sampled_from(["", "a/", "a/b/"]))
    entries, cycles = draw(st.integers(0, 300)), draw(st.integers(1, 2))
    name = draw(st.sampled_from(["t", "a_tree_with_a_longer_name", "n" * 260]))
    kinds = draw(st.sets(st.sampled_from(["f8", "i4", "vector", "jagged", "text"]), min_size=1))
    path = folder / f"{draw(st.sampled_from(['f', 'f' * 200]))}.root"
    rng = np.random.default_rng(draw(st.integers(0, 9)))
    counts = rng.integers(0, 4, entries)
    types = {"f8": "f8", "i4": "i4", "vector": ("f4", (3,)), "jagged": "var * float64",
             "text": "string"}  # fmt: skip
    values = {
        "f8": rng.normal(size=entries),
        "i4": rng.integers(-9, 9, entries).astype(np.int32),
        "vector": rng.normal(size=(entries, 3)).astype(np.float32),
        "jagged": ak.unflatten(rng.normal(size=int(counts.sum())), counts),
        "text": ak.Array([str(i) for i in range(entries)] or ak.Array([""])[:0]),
    }
    with uproot.recreate(path, compression=draw(st.sampled_from(COMPRESSIONS))) as file:
        file["before"] = np.histogram(rng.normal(size=99), 7)
        for _ in range(cycles):
            chosen = {kind: values[kind] for kind in sorted(kinds)}
            if ntuple:
                file.mkrntuple(f"{where}{name}", chosen)
            else:
                made = file.mktree(f"{where}{name}", {kind: types[kind] for kind in chosen})
                made.extend(chosen)
        if draw(st.booleans()):
            file[f"{where}after"] = np.histogram(rng.normal(size=99), 7)
    return path, f"{where}{name}", entries


def home(data: bytes, path: Path, tree: str) -> int:
    """Where in a file with these bytes the header of the tree's directory is."""
    path.write_bytes(data)
    *parents, folder = ("/" + tree.rpartition("/")[0]).rstrip("/").split("/")
    with RootFile(path, writable=False) as file:
        if not folder:
            return file.root.position
        key = KeyList.of_path(file, "/".join(parents)).newest(folder)
        return key.seek + key.keylen


@FEW
@given(data=st.data())
def test_any_prefix_reads_as_before(data: Any, tmp_path: Path, make_columns: Any) -> None:
    path, tree, entries = data.draw(files(tmp_path))
    specs, values = make_columns(entries, np.random.default_rng(2))
    note = {"note": "n" * data.draw(st.sampled_from([9, 5000]))}
    old = contents(path.read_bytes())
    kept = journal(path, tree, values, specs=specs, objects=note)
    new = contents(path.read_bytes())
    assert old.items() < new.items()
    found = [contents(state) for state in kept.prefixes()]
    turn = found.index(new)
    assert found == [old] * turn + [new] * (len(found) - turn)
    found = [contents(state) for state in kept.losses(np.random.default_rng(3))]
    assert all(state in (old, new) for state in found)


@FEW
@given(data=st.data())
def test_old_bytes_change_where_declared(data: Any, tmp_path: Path, make_columns: Any) -> None:
    """The file's header, its directory's, and the length words of what is not used any more."""
    path, tree, entries = data.draw(files(tmp_path))
    specs, values = make_columns(entries, np.random.default_rng(2))
    kept = journal(path, tree, values, specs=specs)
    assert kept.new[: path.stat().st_size] == path.read_bytes()
    changes = [(at, len(new)) for at, new in kept.writes if at < kept.end]
    (first, header), (second, directory), *words, last = changes
    assert (first, last) == (0, (0, header))
    assert header <= 100
    assert second == home(kept.old, tmp_path / "old.root", tree)
    assert directory <= 60
    assert {length for _, length in words} == {4}
    with RootFile(path, writable=False) as file:
        header = file.header
        free = FreeList.parse(file.read(header.free_seek, header.free_nbytes), header)
    assert {at for at, _ in words} <= {first for first, _ in free.segments}


@FEW
@given(data=st.data())
def test_what_fails_leaves_the_old_bytes(data: Any, tmp_path: Path) -> None:
    """Whichever write or sync fails, after half of its bytes: the file is as it was."""
    path, tree, entries = data.draw(files(tmp_path))
    values = {"new": np.arange(entries)}
    old, copy = path.read_bytes(), tmp_path / "copy.root"
    shutil.copy(path, copy)
    count = len(journal(copy, tree, values).writes)
    numbers = {*range(0, count, 10), *range(max(0, count - 7), count)}
    for call, failures in (("pwrite", numbers), ("fsync", range(4))):
        for failing in failures:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(os, call, failing_at(failing, getattr(os, call)))
                with pytest.raises(OutputError, match="no space left"):
                    append_branches(path, None, tree, values, in_place=True)
            assert path.read_bytes() == old


def failing_at(number: int, call: Any) -> Any:
    """``call``, which fails once, when it is called for that time."""
    calls = itertools.count()

    def fails(fd: int, *args: Any) -> Any:
        if next(calls) != number:
            return call(fd, *args)
        if args:
            call(fd, args[0][: len(args[0]) // 2], args[1])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    return fails


BRANCHES = [
    'float x = 1; tree.Branch("x", &x);',
    'int v[4] = {1, 2, 3, 4}; tree.Branch("v", v, "v[4]/I", 300);',
    'int n = 3; short w[3] = {7, 8, 9}; tree.Branch("n", &n); tree.Branch("w", w, "w[n]/S");',
    'std::vector<std::vector<float>> vv{{1, 2}, {3}}; tree.Branch("vv", &vv);',
    'TLorentzVector *p = new TLorentzVector(1, 2, 3, 4); tree.Branch("p", &p, 600, 99);',
    'TClonesArray *a = new TClonesArray("TNamed"); tree.Branch("a", &a);',
]


@st.composite
def macros(draw: st.DrawFn) -> tuple[str, str]:
    """C++ that writes a file, and a tree in it."""
    folder = draw(st.sampled_from(["", "a", "a/b"]))
    code = draw(st.sampled_from([0, 101, 207, 404, 505]))
    branches = "\n".join(sorted(draw(st.sets(st.sampled_from(BRANCHES), min_size=1))))
    entries, cycles = draw(st.integers(0, 200)), draw(st.integers(1, 3))
    here = f'file.mkdir("{folder}"); file.cd("{folder}");' if folder else ""
    return (
        f"""void make(const char *path) {{
            TFile file(path, "RECREATE", "", {code}); {here} TTree tree("T", "title"); {branches}
            for (int c = 0; c < {cycles}; ++c) {{
                for (int i = 0; i < {entries}; ++i) tree.Fill();
                tree.Write(); }}
            TH1F h("h", "", 5, 0, 5); h.Write(); file.Close(); }}""",
        f"{folder}/T".lstrip("/"),
    )


@settings(FEW, max_examples=5)
@given(macro=macros())
def test_root_reads_any_prefix(
    macro: tuple[str, str], tmp_path: Path, root: Any, make_columns: Any
) -> None:
    """ROOT opens every stage without a word, not as recovered, and can go on writing to it."""
    code, tree = macro
    path, cut = tmp_path / "f.root", tmp_path / "cut.root"
    root.macro(code=code, path=path)
    old = root.describe(path=path, tree=tree)
    specs, values = make_columns(old["entries"], np.random.default_rng(2))
    kept = journal(path, tree, values, specs=specs)
    states = list(kept.prefixes())
    changing = 2 + sum(at < kept.end for at, _ in kept.writes)
    outcomes = []
    for state in [states[0], *states[-changing:]]:
        cut.write_bytes(state)
        found = root.describe(path=cut, tree=tree)
        assert found["branches"][: len(old["branches"])] == old["branches"]
        assert not found["recovered"]
        assert set(old["keys"]) <= set(found["keys"])
        outcomes.append(len(found["branches"]) - len(old["branches"]))
        root.update(path=cut, tree=tree, column="mine")
        again = root.describe(path=cut, tree=tree)
        assert again["branches"][: len(found["branches"])] == found["branches"]
        assert not again["recovered"]
    assert sorted(set(outcomes)) == [0, outcomes[-1]]
    assert outcomes == sorted(outcomes)
