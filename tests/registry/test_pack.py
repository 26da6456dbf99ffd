"""Packs and exported folders: what goes in comes out, and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import zipfile

import numpy as np
import pytest

from rootml.card import ModelCard
from rootml.errors import CardError, IntegrityError, OutputError, RegistryError
from rootml.registry import find_card, load
from rootml.sources.cards import declaration_sha256
from rootml.sources.export import export_model
from rootml.sources.pack import write_pack

pytestmark = pytest.mark.usefixtures("toylab", "own_places", "cache")

CELLS = {"cells": np.linspace(0, 1, 12, dtype="f4").reshape(2, 6)}


@pytest.fixture
def models(write_model, tmp_path):
    """Two versions of one model, and another one."""
    return [
        find_card(write_model(tmp_path / "a", "toy", version="1.2")),
        find_card(write_model(tmp_path / "b", "toy", version="1.10")),
        find_card(write_model(tmp_path / "c", "other")),
    ]


@pytest.fixture
def pack(models, tmp_path):
    write_pack(models, tmp_path / "toys.zip")
    return tmp_path / "toys.zip"


def test_models_of_a_pack(pack, models):
    assert load(f"{pack}:toy").card == models[1].card
    assert load(f"{pack}:toy@1.2").card == models[0].card
    model = load(f"{pack}:other")
    assert model.origin == "pack toys.zip"
    np.testing.assert_array_equal(model(CELLS)["score"], load(models[2].path)(CELLS)["score"])
    assert model.card_sha256 == models[2].sha256


def test_which_model_of_a_pack(pack, models, tmp_path):
    with pytest.raises(
        RegistryError, match=r"which model\? Say \S+/toys\.zip:NAME \(it has: other@1"
    ):
        load(pack)
    with pytest.raises(RegistryError, match=r"holds no model 'toy@1\.3'; did you mean 'toy@1\.2'"):
        load(f"{pack}:toy@1.3")
    write_pack(models[2:], tmp_path / "one.zip")
    assert load(tmp_path / "one.zip").card.name == "other"


def test_the_same_models_give_the_same_bytes(pack, models, tmp_path):
    os.utime(models[0].path, (1, 1))
    write_pack(models[::-1], tmp_path / "again.zip")
    assert (tmp_path / "again.zip").read_bytes() == pack.read_bytes()
    with zipfile.ZipFile(pack) as opened:
        assert {info.date_time for info in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with pytest.raises(OutputError, match="exists already"):
        write_pack(models, pack)
    with pytest.raises(RegistryError, match="a model is named twice"):
        write_pack([models[0], models[0]], tmp_path / "twice.zip")
    assert not (tmp_path / "twice.zip").exists()


def test_a_pack_with_a_network_that_is_not_what_it_was(models, tmp_path):
    models[0].path.with_name("toy.onnx").write_bytes(b"swapped")
    with pytest.raises(IntegrityError):
        write_pack(models, tmp_path / "toys.zip")
    assert [path.name for path in tmp_path.glob("*toys*")] == []


def test_pack_of_a_server(pack, serve):
    site = serve(pack.parent)
    sha256 = hashlib.sha256(pack.read_bytes()).hexdigest()
    model = load(f"{site.url}/toys.zip:toy@1.2#sha256={sha256}")
    assert model.card.version == "1.2"
    assert model.origin == f"{site.url}/toys.zip:toy@1.2"
    with pytest.raises(RegistryError, match=rf"which model\? Say {site.url}/toys\.zip:NAME "):
        load(f"{site.url}/toys.zip#sha256={sha256}")
    assert site.requests == ["/toys.zip"]


def repacked(pack, change):
    """The pack written again, its members as ``change(info, data)`` gives them."""
    with zipfile.ZipFile(pack) as old:
        members = [(info, old.read(info)) for info in old.infolist()]
    with zipfile.ZipFile(pack, "w") as new:
        for info, data in members:
            for changed in change(info, data):
                new.writestr(*changed)
    return pack


def renamed(name):
    def change(info, data):
        if info.filename.endswith("other.onnx"):
            info.filename = info.orig_filename = name
        yield info, data

    return change


def linked(info, data):
    if info.filename.endswith("other.onnx"):
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        data = b"/etc/passwd"
    yield info, data


def compressed(info, data):
    info.compress_type = zipfile.ZIP_DEFLATED
    yield info, data + bytes(1 << 20) if info.filename.endswith("onnx") else data


def stuffed(info, data):
    yield info, data
    if info.filename == "index.json":
        yield zipfile.ZipInfo("other/1.0/evil.pth"), b"import os"


def indexed(**changes):
    def change(info, data):
        if info.filename == "index.json":
            data = json.dumps(json.loads(data) | changes)
        yield info, data

    return change


def swapped(end):
    def change(info, data):
        yield info, data + b"\n" if info.filename.endswith(end) else data

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (renamed("../../other.onnx"), r"refused: its member '\.\./\.\./other\.onnx' leaves the"),
        (renamed("/etc/cron.d/other.onnx"), "leaves the pack"),
        (renamed("..\\other.onnx"), "leaves the pack"),
        (renamed("other/1.0/"), "is no regular file"),
        (linked, "is no regular file"),
        (compressed, "is compressed; packs store"),
        (stuffed, r"its index\.json and its files differ: other/1\.0/evil\.pth"),
        (renamed("other/1.0/another.onnx"), "its files differ"),
        (indexed(models=3), r"its index\.json: models: Input"),
        (indexed(rootml_pack=2), r"its index\.json: rootml_pack: Input should be 1"),
        (swapped("other.card.yaml"), "not the card that the pack's index describes"),
        (swapped("other.onnx"), "not the file that was asked for"),
    ],
)
def test_pack_that_is_refused(pack, change, message, cache):
    with pytest.raises(RegistryError, match=message):
        load(f"{repacked(pack, change)}:other")
    assert not cache.exists() or list(cache.iterdir()) == []


def test_members_that_overlap_are_refused(pack):
    with zipfile.ZipFile(pack, "a") as opened:
        largest = max(opened.filelist, key=lambda info: info.file_size)
        for number in range(20):
            copy = zipfile.ZipInfo(f"copy{number}")
            for field in ("header_offset", "file_size", "compress_size", "CRC"):
                setattr(copy, field, getattr(largest, field))
            opened.filelist.append(copy)
        opened._didModify = True
    with pytest.raises(RegistryError, match="its members overlap"):
        load(f"{pack}:toy")


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04", b"no zip at all"])
def test_file_that_is_no_pack(tmp_path, content):
    (tmp_path / "bad.zip").write_bytes(content)
    with pytest.raises(RegistryError, match=r"bad\.zip: not a pack"):
        load(tmp_path / "bad.zip")


def test_zip_file_of_something_else(tmp_path):
    with zipfile.ZipFile(tmp_path / "else.zip", "w") as other:
        other.writestr("readme", "hello")
    with pytest.raises(RegistryError, match=r"not a pack: it holds no index\.json"):
        load(tmp_path / "else.zip")
    with pytest.raises(RegistryError, match=r"none\.zip: cannot be read: No such file"):
        load(tmp_path / "none.zip")


def test_a_truncated_pack(pack, cache):
    data = pack.read_bytes()
    for size in range(len(data) - 1, 0, -len(data) // 40):
        pack.write_bytes(data[:size])
        with pytest.raises(RegistryError, match=r"toys\.zip: not a pack, or a damaged one"):
            load(f"{pack}:toy")
    assert not cache.exists()


def test_an_altered_byte_is_an_error_or_nothing(models, tmp_path):
    pack = tmp_path / "toy.zip"
    write_pack(models[1:2], pack)
    data = pack.read_bytes()
    for position in range(len(data)):
        pack.write_bytes(data[:position] + bytes([data[position] ^ 0x41]) + data[position + 1 :])
        with contextlib.suppress(RegistryError):
            assert find_card(f"{pack}:toy").card == models[1].card


def test_export_is_a_place(models, tmp_path, monkeypatch):
    for model in models:
        export_model(model, tmp_path / "tree")
    assert sorted(str(p.relative_to(tmp_path / "tree")) for p in tmp_path.glob("tree/*/*/*")) == [
        f"{folder}.{end}"
        for folder in ("other/1.0/other", "toy/1.10/toy", "toy/1.2/toy")
        for end in ("card.yaml", "onnx")
    ]
    monkeypatch.setenv("ROOTML_PATH", str(tmp_path / "tree"))
    assert load("toy@1.2").card == models[0].card
    assert load("toy").card_sha256 == models[1].sha256


def test_a_version_that_was_given_away_never_changes(models, write_model, tmp_path):
    card = export_model(models[2], tmp_path / "tree")
    assert export_model(models[2], tmp_path / "tree") == card
    changed = find_card(write_model(tmp_path / "d", "other", title="changed"))
    with pytest.raises(OutputError, match=r"there already, with another other\.card\.yaml"):
        export_model(changed, tmp_path / "tree")
    assert card.read_bytes() == models[2].data


def test_an_export_that_fails_leaves_nothing(models, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"cannot write .*other/1\.0: no space left"):
        export_model(models[2], tmp_path / "tree")
    assert list(tmp_path.glob("tree/*/*")) == []


def test_a_declared_adapter_goes_into_the_card(write_model, tmp_path):
    card = write_model(tmp_path / "d", "mine", adapter="mine.adapter.yaml", view="declared")
    adapter = card.with_name("mine.adapter.yaml")
    adapter.write_text("tensors: {cells: [a, b, c, d, e, log(f)]}")
    located = find_card(card)
    exported = find_card(export_model(located, tmp_path / "tree"))
    assert not exported.path.with_name("mine.adapter.yaml").exists()
    assert ModelCard.read(exported.path).adapter == located.card.adapter
    write_pack([located], tmp_path / "mine.zip")
    assert find_card(tmp_path / "mine.zip").card == located.card
    assert declaration_sha256(exported.card.adapter) == declaration_sha256(located.card.adapter)
    adapter.write_text("tensors: {cells: [a, b, c, d, e, f]}")
    assert declaration_sha256(find_card(card).card.adapter) != declaration_sha256(
        located.card.adapter
    )


def test_an_adapter_outside_the_card_s_folder_is_refused(write_model, tmp_path):
    (tmp_path / "mine.adapter.yaml").write_text("tensors: {cells: [a]}")
    for outside in ("../mine.adapter.yaml", str(tmp_path / "mine.adapter.yaml")):
        with pytest.raises(CardError, match=r"adapter.*without '\.\.'"):
            find_card(write_model(tmp_path / "d", adapter=outside))
    for outside in ("../toy.onnx", "/toy.onnx", "..\\toy.onnx"):
        with pytest.raises(CardError, match=r"network\.file.*without '\.\.'"):
            find_card(write_model(tmp_path / "d", network={"file": outside}))
