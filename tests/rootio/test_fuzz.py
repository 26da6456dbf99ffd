"""A short run of the fuzzer (tests/fuzz): a clear error or a right answer, never else."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from rootml.errors import FileError
from rootml.rootio.container.root_file import RootFile


def test_damaged_files(fuzz: Any) -> None:
    results = list(fuzz.run(cases=200, seed=11, root=False))
    assert not [failure for result in results for failure in result.failures]
    ends = {end for result in results for end in result.outcomes.values()}
    assert {"same", "different", "read", "appended", "FileError", "AppendRefused"} <= ends
    assert len({result.way for result in results}) == 10


@pytest.fixture
def case(fuzz: Any, tmp_path: Path) -> Any:
    base = fuzz.make_bases(tmp_path, root=False)[0]
    (tmp_path / "case").mkdir()
    path = Path(shutil.copy(base.path, tmp_path / "case" / "damaged.root"))
    return fuzz.Case(path, base, in_place=False)


def failure(fuzz: Any, case: Any, step: str = "append") -> str:
    return str(fuzz.attempt(case)[step])


def test_the_fuzzer_sees_a_foreign_error(
    fuzz: Any, case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz, "compare_files", lambda *files: 1 / 0)
    assert failure(fuzz, case, "diff").startswith("FAILED ZeroDivisionError")


def test_the_fuzzer_sees_what_is_left_behind(
    fuzz: Any, case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(source: Path, target: Path, *others: Any, **options: Any) -> None:
        target.touch()
        raise FileError("no")

    monkeypatch.setattr(fuzz, "append_branches", leave)
    assert "left after an error" in failure(fuzz, case)


def test_the_fuzzer_sees_other_values(
    fuzz: Any, case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = case.base.path.with_name("other.root")
    with fuzz.uproot.recreate(other) as file:
        file["events"] = {"x": fuzz.np.zeros(20), "fuzz": fuzz.np.zeros(20)}
    monkeypatch.setattr(
        fuzz, "append_branches", lambda source, target, *_, **__: shutil.copy(other, target)
    )
    assert "misread" in failure(fuzz, case)


def test_the_fuzzer_sees_a_crash_and_a_hang(
    fuzz: Any, case: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fuzz, "SECONDS", 0.5)
    for step, message in (("os._exit(9)", "ended with 9"), ("time.sleep(9)", "no answer")):
        monkeypatch.setattr(fuzz, "attempt", lambda case, step=step: eval(step, vars(fuzz)))
        worker = fuzz.Worker()
        assert message in worker.run(case)["append"]
        worker.close()


def test_streamer_infos_of_an_unknown_class_are_read_once(fuzz: Any, tmp_path: Path) -> None:
    """uproot alone reads the list again for the class, and again, down to the recursion limit."""
    path = next(base.path for base in fuzz.make_bases(tmp_path, root=False))
    with RootFile(path) as file:
        old = file.key_at(file.header.info_seek)
        content = fuzz.mutations.plain(file, old).replace(
            b"TStreamerBasicType", b"TStreamerBasicTypf"
        )
        new = file.append_object(old, content, len(content))
        file.header.info_seek, file.header.info_nbytes = new.seek, new.nbytes
        file.finish()
    with pytest.raises(FileError, match="classes that are not known"):
        fuzz.append_branches(path, tmp_path / "new.root", "events", {"y": fuzz.np.zeros(20)})
