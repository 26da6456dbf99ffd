"""Addresses of servers that run networks: ``triton://host:port/model:version?timeout=20``."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from rootml.errors import NetworkError, nearest

SCHEME = "triton://"
SHA256 = "rootml_sha256"
"""Parameter of a model's configuration: the sha256 of the network as its card has it."""
OPTIONS = ("fallback", "timeout", "tls")
TIMEOUT = 60.0
_HOST = re.compile(r"([\w.-]+|\[[0-9A-Fa-f:.]+\]):\d{1,5}", re.ASCII)
_MODEL = re.compile(r"(?P<model>[\w.-]*)(:(?P<version>\d+))?", re.ASCII)
_CHOICES = {"tls": {"yes": True, "no": False}, "fallback": {"local": True, "no": False}}


@dataclass(frozen=True)
class Server:
    """A Triton Inference Server and a model on it.

    ``host``: ``host:port`` of its gRPC service. ``model``: its name there; empty: the card's.
    ``version``: empty: the server's choice. ``timeout``: seconds that a request may take in all,
    with the attempts after the first. ``tls``: speak to it encrypted. ``fallback``: run the
    network here where the server is away.
    """

    host: str
    model: str = ""
    version: str = ""
    timeout: float = TIMEOUT
    tls: bool = False
    fallback: bool = False

    def __str__(self) -> str:
        version = f":{self.version}" if self.version else ""
        return f"{SCHEME}{self.host}/{self.model}{version}"


def is_server(engine: str) -> bool:
    """Whether ``engine`` is the address of a server rather than the name of an engine."""
    return engine.startswith(SCHEME)


def parse_server(address: str) -> Server:
    """The server at ``triton://host:port[/model[:version]][?option=value&...]``.

    Options: ``timeout`` in seconds, ``tls=yes``, ``fallback=local``. NetworkError where it is no
    such address.
    """
    parts = urlsplit(address)
    found = _MODEL.fullmatch(parts.path.removeprefix("/"))
    if not _HOST.fullmatch(parts.netloc) or found is None or parts.fragment:
        raise NetworkError(
            f"{address}: expected {SCHEME}host:port/model or {SCHEME}host:port/model:version, "
            "the port being that of gRPC"
        )
    options: Any = dict(_option(address, *pair) for pair in parse_qsl(parts.query, True))
    return Server(parts.netloc, found["model"], found["version"] or "", **options)


def _option(address: str, name: str, value: str) -> tuple[str, float]:
    if name not in OPTIONS:
        raise NetworkError(
            f"{address}: unknown option {name!r}{nearest(name, OPTIONS)} "
            f"(known: {', '.join(OPTIONS)})"
        )
    if name == "timeout":
        return name, _seconds(address, value)
    if value not in _CHOICES[name]:
        expected = " or ".join(_CHOICES[name])
        raise NetworkError(f"{address}: {name}={value}: expected {expected}")
    return name, _CHOICES[name][value]


def _seconds(address: str, value: str) -> float:
    try:
        seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds < math.inf:
        raise NetworkError(f"{address}: timeout={value}: expected seconds, above 0")
    return seconds
