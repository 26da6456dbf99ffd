"""Several models in one file: a zip of cards and networks, with an index of their sha256.

The same models give the same bytes. Inside, the files lie as :mod:`rootml.sources.export` lays
them, ``<name>/<version>/...``, stored without compression: what a pack unfolds to is never more
than what it is.
"""

from __future__ import annotations

import hashlib
import stat
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Literal

from packaging.version import Version
from pydantic import BaseModel, ConfigDict

from rootml.card import Name, Sha256
from rootml.card import Version as CardVersion
from rootml.errors import IntegrityError, RegistryError, nearest
from rootml.sources.cache import cached, incoming
from rootml.sources.cards import LocatedCard, parse_card
from rootml.sources.download import CARD_LIMIT, NETWORK_LIMIT
from rootml.sources.export import files_of, home
from rootml.sources.references import Named
from rootml.yamltext import parse_mapping, validated

INDEX = "index.json"

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_ENCRYPTED = 1
_BLOCK = 1 << 20


class _Entry(BaseModel):
    """A file of the pack."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    file: str
    sha256: Sha256


class _Packed(BaseModel):
    """A model of the pack."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Name
    version: CardVersion
    card: _Entry
    network: _Entry


class _Index(BaseModel):
    """What a pack holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    rootml_pack: Literal[1] = 1
    models: tuple[_Packed, ...]


def read_pack(path: Path, member: Named | None, origin: str, asked: str) -> LocatedCard:
    """The card of a model of the pack at ``path``; its network is brought into the cache.

    ``member`` None: the only model there is. ``asked``: what the user calls the pack. Raises
    RegistryError where there is no such model, or no pack, IntegrityError where a file is not
    what the index says.
    """
    with _opened(path) as pack:
        model = _choose(_index(pack, path), member, asked)
        where = path / model.card.file
        data = pack.read(model.card.file)
        located = parse_card(data, where, origin)
        _check_card(located, model)
        if cached(model.network.sha256) is None:
            what = f"{path / model.network.file}"
            with (
                pack.open(model.network.file) as packed,
                incoming(model.network.sha256, NETWORK_LIMIT, what) as file,
            ):
                while block := packed.read(_BLOCK):
                    file.write(block)
    return located


def write_pack(models: Sequence[LocatedCard], target: Path, *, overwrite: bool = False) -> None:
    """Write a pack of ``models`` to ``target``; OutputError where that cannot be.

    The same models in any order give the same bytes.
    """
    from rootml.rootio.container.transaction import Transaction, reporting

    packed = {located.full_name: located for located in models}
    if len(packed) < len(models):
        raise RegistryError(f"{target}: a model is named twice")
    transaction = Transaction(target, (), overwrite=overwrite)
    try:
        with reporting(target), zipfile.ZipFile(transaction.path, "w") as pack:
            index = [_add(pack, packed[name]) for name in sorted(packed)]
            text = _Index(models=tuple(index)).model_dump_json(indent=2)
            pack.writestr(_member(INDEX), text)
        transaction.commit()
    finally:
        transaction.abort()


def _add(pack: zipfile.ZipFile, located: LocatedCard) -> _Packed:
    entries = []
    for name, data in files_of(located).items():
        entry = _Entry(file=f"{home(located.card)}/{name}", sha256=hashlib.sha256(data).hexdigest())
        pack.writestr(_member(entry.file), data)
        entries.append(entry)
    card, network = entries
    return _Packed(name=located.card.name, version=located.card.version, card=card, network=network)


def _member(name: str) -> zipfile.ZipInfo:
    """A member of the pack that says nothing of when, where and by whom it was written."""
    info = zipfile.ZipInfo(name, _EPOCH)
    info.create_system = _UNIX
    info.external_attr = (stat.S_IFREG | 0o644) << 16
    return info


@contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    """The zip file at ``path``, if nothing in it can do harm."""
    try:
        with zipfile.ZipFile(path) as pack:
            for info in pack.infolist():
                if problem := _problem(info):
                    raise RegistryError(f"{path}: refused: its member {info.filename!r} {problem}")
            if sum(info.file_size for info in pack.infolist()) > path.stat().st_size:
                raise RegistryError(f"{path}: refused: its members overlap")
            yield pack
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise RegistryError(f"{path}: not a pack, or a damaged one: {error}") from error
    except OSError as error:
        raise RegistryError(f"{path}: cannot be read: {error.strerror or error}") from error


def _problem(info: zipfile.ZipInfo) -> str:
    """Why a member is refused, or an empty string. None is ever written under its own name."""
    name = PurePosixPath(info.orig_filename)
    if name.is_absolute() or ".." in name.parts or "\\" in info.orig_filename:
        return "leaves the pack"
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG) or info.is_dir():
        return "is no regular file"
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted"
    if info.compress_type != zipfile.ZIP_STORED or info.file_size != info.compress_size:
        return "is compressed; packs store their files as they are"
    return ""


def _index(pack: zipfile.ZipFile, path: Path) -> _Index:
    names = pack.namelist()
    if INDEX not in names:
        raise RegistryError(f"{path}: a zip file, but not a pack: it holds no {INDEX}")
    if pack.getinfo(INDEX).file_size > CARD_LIMIT:
        raise RegistryError(f"{path}: refused: its {INDEX} is larger than {CARD_LIMIT:,} bytes")
    where = f"{path}: its {INDEX}"
    text = pack.read(INDEX).decode("utf-8", "replace")  # JSON is YAML
    index = validated(_Index, parse_mapping(text, where), where)
    named = [INDEX, *(entry.file for m in index.models for entry in (m.card, m.network))]
    if sorted(named) != sorted(names):
        odd = ", ".join(sorted(set(named) ^ set(names))) or "a name that occurs twice"
        raise RegistryError(f"{path}: refused: its {INDEX} and its files differ: {odd}")
    return index


def _choose(index: _Index, member: Named | None, pack: str) -> _Packed:
    """The model asked for: of several versions the highest, unless one is named."""
    have = [f"{model.name}@{model.version}" for model in index.models]
    if member is None and len(have) != 1:
        raise RegistryError(f"{pack}: which model? Say {pack}:NAME (it has: {', '.join(have)})")
    found = [
        model
        for model in index.models
        if member is None
        or (model.name == member.name and member.version in (None, Version(model.version)))
    ]
    if not found:
        assert member is not None
        asked = member.name + (f"@{member.version}" if member.version else "")
        near = nearest(asked, have)
        raise RegistryError(f"{pack}: holds no model {asked!r}{near} (it has: {', '.join(have)})")
    return max(found, key=lambda model: Version(model.version))


def _check_card(located: LocatedCard, model: _Packed) -> None:
    if located.sha256 != model.card.sha256:
        raise IntegrityError(
            f"{located.path}: not the card that the pack's index describes\n"
            f"  sha256 expected: {model.card.sha256}\n"
            f"  sha256 found:    {located.sha256}"
        )
    card = located.card
    claimed = (model.name, model.version, model.network.sha256)
    if (card.name, card.version, card.network.sha256) != claimed:
        raise IntegrityError(f"{located.path}: the pack's index tells another model or network")
