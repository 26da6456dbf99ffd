"""Friend trees, and the texts kept beside trees."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

from rootml.errors import FileError, TreeError
from rootml.rootio import PROVENANCE, AppendSink, FriendSink, append_branches, read_provenance
from rootml.spec import Column

Y = Column("y", "float64")


@pytest.mark.parametrize("entries", [0, 1, 5000])
@pytest.mark.parametrize("compression", [None, "none", "LZ4-4"])
def test_columns_alone(
    entries: int, compression: str | None, tmp_path: Path, root: Any, make_source: Any,
    make_columns: Any, same_values: Any,
) -> None:  # fmt: skip
    source, target = make_source(tmp_path / "source.root", entries), tmp_path / "friend.root"
    specs, values = make_columns(entries, np.random.default_rng(8))
    with FriendSink(source, target, "events", specs, compression=compression) as sink:
        for first in range(0, entries, 900):
            sink.write({name: array[first : first + 900] for name, array in values.items()})
        sink.commit()
    same_values(target, "events", values)
    facts = root.describe(path=target, tree="events")
    assert facts["entries"] == entries
    assert facts["leaves"] == ["nNew", *values]
    if entries:
        total = float(values["new_score"].astype(float).sum())
        sums = root.read(path=target, tree="events", columns=["new_score"])
        assert sums["frame"]["new_score"] == pytest.approx(total)
        joined = root.friend(path=source, tree="events", other=target, column="x * 0 + new_score")
        assert joined["sum"] == pytest.approx(total, abs=1e-3)


def test_tree_in_a_folder(tmp_path: Path, root: Any, make_source: Any) -> None:
    source = make_source(tmp_path / "source.root", 3, tree="deep/deeper/events")
    target = tmp_path / "friend.root"
    with FriendSink(source, target, "deep/deeper/events", [Y], objects={PROVENANCE: "{}"}) as sink:
        sink.write({"y": np.arange(3.0)})
        sink.commit()
    assert root.read(path=target, tree="deep/deeper/events", columns=["y"])["frame"]["y"] == 3.0
    assert read_provenance(target, "deep/deeper/events") == {}


def test_friend_of_what_cannot_be_appended_to(source: Path, tmp_path: Path) -> None:
    with FriendSink(source, tmp_path / "t.root", "events", [Column("x")]) as sink:
        sink.write({"x": np.zeros(10, np.float32)})
        sink.commit()
    with pytest.raises(TreeError, match="no tree 'event'"):
        FriendSink(source, tmp_path / "u.root", "event", [Y])


def test_friend_is_itself_a_file_to_append_to(
    source: Path, tmp_path: Path, check_append: Any
) -> None:
    friend, more = tmp_path / "friend.root", tmp_path / "more.root"
    with FriendSink(source, friend, "events", [Y]) as sink:
        sink.write({"y": np.arange(10.0)})
        sink.commit()
    values = {"A_z": ak.Array([[1.0], []] * 5)}
    append_branches(friend, more, "events", values)
    check_append(friend, more, "events", values)


def test_texts_are_kept_beside_the_tree(source: Path, tmp_path: Path, root: Any) -> None:
    """The mapping is read at commit; a second text is a second cycle, the newest counts."""
    first, second = tmp_path / "first.root", tmp_path / "second.root"
    assert read_provenance(source, "events") is None
    texts: dict[str, str] = {}
    with AppendSink(source, first, "events", [Y], objects=texts) as sink:
        sink.write({"y": np.zeros(10)})
        texts[PROVENANCE] = json.dumps({"made": ["y"], "long": "ä" * 400})
        sink.commit()
    assert read_provenance(first, "events") == {"made": ["y"], "long": "ä" * 400}
    record = json.dumps({"made": ["y", "z"]})
    append_branches(first, second, "events", {"z": np.zeros(10)}, objects={PROVENANCE: record})
    assert read_provenance(second, "events;1") == {"made": ["y", "z"]}
    assert root.text(path=second, name=PROVENANCE) == {"text": record}
    keys = root.describe(path=second, tree="events")["keys"]
    assert [key for key in keys if PROVENANCE in key] == [
        f"TObjString {PROVENANCE};1",
        f"TObjString {PROVENANCE};2",
    ]


@pytest.mark.parametrize("text", ["no json", "[1]"])
def test_somebody_elses_text(text: str, tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "f.root") as file:
        file[PROVENANCE] = text
    with pytest.raises(FileError, match=PROVENANCE):
        read_provenance(tmp_path / "f.root", "events")
