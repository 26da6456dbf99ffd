"""Files fetched by HTTP(S), whole and with the sha256 that was asked for, or not at all."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from rootml.errors import RegistryError
from rootml.sources.cache import Incoming, cache_folder, cached, incoming
from rootml.sources.hub import hub_token

if TYPE_CHECKING:
    from requests import PreparedRequest, Response

Report = Callable[[int, int], None]
"""Takes the bytes that have come and the bytes there are, 0 where that is unknown."""

CARD_LIMIT = 16 << 20
"""Bytes of the largest card."""
NETWORK_LIMIT = 8 << 30
"""Bytes of the largest network or pack."""
TIMEOUT = (10.0, 30.0)
"""Seconds to wait for a connection, and for the next bytes."""

_OFFLINE = ("ROOTML_OFFLINE", "HF_HUB_OFFLINE")
_BLOCK = 1 << 18


def offline() -> str:
    """The variable that forbids connections, as it is set, or an empty string."""
    for name in _OFFLINE:
        value = os.environ.get(name, "")
        if value.lower() in ("1", "on", "yes", "true"):
            return f"{name}={value}"
    return ""


def fetch(url: str, sha256: str, *, limit: int, report: Report | None = None) -> Path:
    """The file of this sha256 in the cache, fetched from ``url`` if it is not there yet.

    Raises RegistryError where it cannot be had, IntegrityError where something else comes, and
    OutputError where the cache cannot be written.
    """
    found = cached(sha256)
    if found is not None:
        return found
    shown = url.partition("?")[0]
    if variable := offline():
        raise RegistryError(
            f"{shown}: not in the cache, and {variable} forbids to fetch it; "
            "`rootml models pull` brings it into the cache beforehand"
        )
    with incoming(sha256, limit, shown) as file:
        _download(url, shown, file, report)
    return cache_folder() / sha256


def _download(url: str, shown: str, file: Incoming, report: Report | None) -> None:
    import pooch
    from requests import RequestException

    downloader = pooch.HTTPDownloader(
        progressbar=_Progress(report, file) if report else False,
        chunk_size=_BLOCK,
        timeout=TIMEOUT,
        auth=_token(url),
        hooks={"response": _stay_encrypted},
    )
    try:
        downloader(url, file, None)
    except (RequestException, ValueError) as error:  # pooch takes any length for a number
        raise RegistryError(f"{shown}: cannot be fetched: {_reason(error)}") from error


def _token(url: str) -> Callable[[PreparedRequest], PreparedRequest] | None:
    """What authorises a request to the Hub; requests drops it on the way to another host.

    None leaves it to the user's ``~/.netrc``.
    """
    token = hub_token(url)
    if token is None:
        return None

    def authorise(request: PreparedRequest) -> PreparedRequest:
        request.headers["Authorization"] = f"Bearer {token}"
        return request

    return authorise


def _stay_encrypted(response: Response, **_: Any) -> None:
    from requests.exceptions import InvalidURL

    if response.is_redirect and response.url.startswith("https:"):
        target = urljoin(response.url, response.headers["location"])
        if not target.startswith("https:"):
            raise InvalidURL("it leads from https:// to an unencrypted address")


def _reason(error: Exception) -> str:
    from requests import exceptions

    match error:
        case exceptions.HTTPError(response=response) if response is not None:
            return f"the server answers {response.status_code} {response.reason}".rstrip()
        case exceptions.ConnectTimeout():
            return f"no connection within {TIMEOUT[0]:g} s"
        case exceptions.SSLError():
            return "the server's certificate cannot be trusted"
        case exceptions.ReadTimeout():
            return f"the server was silent for {TIMEOUT[1]:g} s"
        case exceptions.TooManyRedirects():
            return "the server leads from address to address without end"
        case exceptions.ChunkedEncodingError():
            return "the connection ended before the file was whole"
        case exceptions.ConnectionError() if "timed out" in str(error):
            return f"the server was silent for {TIMEOUT[1]:g} s"
        case exceptions.ConnectionError():
            return "the server cannot be reached"
        case _:
            return str(error).partition("?")[0]


class _Progress:
    """What pooch wants of a progress bar; it counts in blocks, ``file`` in bytes."""

    def __init__(self, report: Report, file: Incoming) -> None:
        self._report, self._file = report, file
        self._told = 0
        self.total = 0

    def update(self, count: int) -> None:
        if self._file.size > self._told:
            self._told = self._file.size
            self._report(self._told, self.total)

    def reset(self) -> None:
        pass

    def close(self) -> None:
        pass
