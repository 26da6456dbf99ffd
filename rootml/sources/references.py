"""What a user may write for a model: a name, a path, a pack, an address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from packaging.version import InvalidVersion, Version

from rootml.card import SUFFIX
from rootml.errors import RegistryError
from rootml.sources.hub import SCHEME, hub_url

PACK_SUFFIX = ".zip"

_NAME = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]*)(@(?P<version>[^/@]*))?")
_PACKED = re.compile(rf"(?P<pack>.+{re.escape(PACK_SUFFIX)})(:(?P<member>[^/:]*))?")
_SHA256 = re.compile(r"sha256=(?P<sha256>[0-9a-f]{64})")


@dataclass(frozen=True)
class Named:
    """A model by its name; ``version`` None: the highest there is."""

    name: str
    version: Version | None = None


@dataclass(frozen=True)
class File:
    """A card, or a network with its card beside it."""

    path: Path


@dataclass(frozen=True)
class Pack:
    """A model of a pack; ``member`` None: the only one there is."""

    path: Path
    member: Named | None = None


@dataclass(frozen=True)
class Web:
    """A card or a pack at an address, and the sha256 it must have."""

    text: str
    """What the user wrote, without what may be secret (a query)."""
    url: str
    sha256: str
    packed: bool = False
    member: Named | None = None


Reference = Named | File | Pack | Web


def parse(model: str | Path) -> Reference:
    """What ``model`` refers to; RegistryError where an address lacks what it needs."""
    text = str(model)
    if isinstance(model, str):
        if "://" in text:
            return _parse_web(text)
        if _NAME.fullmatch(text):
            return parse_name(text)
    if packed := _PACKED.fullmatch(text):
        return Pack(_path(packed["pack"]), _member(packed["member"], text))
    return File(_path(text))


def parse_name(text: str) -> Named:
    """``name`` or ``name@version``; RegistryError for anything else."""
    named = _NAME.fullmatch(text)
    if named is None:
        raise RegistryError(f"{text!r}: expected the name of a model, or NAME@VERSION")
    if named["version"] is None:
        return Named(named["name"])
    try:
        return Named(named["name"], Version(named["version"]))
    except InvalidVersion:
        raise RegistryError(f"{text!r}: {named['version']!r} is no version, like 1.2") from None


def plain_url(address: str) -> str:
    """The http(s) address of ``address``; RegistryError where files cannot be fetched from it."""
    shown = address.partition("?")[0]
    url = hub_url(address) if address.startswith(SCHEME) else address
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise RegistryError(f"{shown}: not an address: {error}") from error
    if "@" in parts.netloc:
        raise RegistryError(
            f"{parts.scheme}://…@{parts.hostname}: an address holds no user and password; they "
            "belong into ~/.netrc"
        )
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise RegistryError(f"{shown}: files are fetched from https://, http:// and {SCHEME}")
    return url


def _parse_web(text: str) -> Web:
    address, _, fragment = text.partition("#")
    shown = address.partition("?")[0]
    packed = _PACKED.fullmatch(address)
    url = plain_url(packed["pack"] if packed else address)
    if not packed and not urlsplit(url).path.endswith(SUFFIX):
        raise RegistryError(f"{shown}: expected the address of a card (*{SUFFIX}) or of a pack")
    found = _SHA256.fullmatch(fragment)
    if found is None:
        raise RegistryError(
            f"{shown}: what comes from elsewhere needs its sha256: {shown}#sha256=<64 hexadecimal "
            "digits>, as whoever offers the model gives it (`rootml models export` prints it)"
        )
    member = _member(packed["member"], shown) if packed else None
    return Web(shown, url, found["sha256"], bool(packed), member)


def _member(text: str | None, whole: str) -> Named | None:
    if text is None:
        return None
    try:
        return parse_name(text)
    except RegistryError as error:
        raise RegistryError(f"{whole}: {error}") from None


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()
