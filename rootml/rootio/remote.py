"""Files of servers, named by URLs and reached through fsspec (https://filesystem-spec.readthedocs.io).

Who may read or write is between the server and its client library, which finds credentials in its
own environment (X.509 proxies, tokens, ~/.netrc).
"""

from __future__ import annotations

import functools
import math
import os
import re
import weakref
from importlib.util import find_spec
from pathlib import Path, PurePosixPath
from typing import Any

from rootml.errors import FileError, InputError, MissingExtra, nearest

Location = str | Path
"""A URL, or a path of this machine."""

TIMEOUT_VARIABLE = "ROOTML_REMOTE_TIMEOUT"
TIMEOUT = 60
"""Seconds that a server may keep silent."""
_EXTRAS = {"root": "xrootd", "http": "http", "https": "http"}
_NOISE = re.compile(r".*\[(?:ERROR|FATAL)\] (?:Server responded with an error: \[\d+\] )?")


def is_remote(path: str | Path) -> bool:
    """Whether the path is a URL rather than a file of this machine."""
    return "://" in str(path)


def location(path: str | os.PathLike[str]) -> Location:
    """What a user's text means: a URL as it is, anything else as a path."""
    text = os.fspath(path)
    return text if is_remote(text) else Path(text)


def name_of(where: Location) -> str:
    """The name of a file or folder, without its folders and a URL's query."""
    return where.name if isinstance(where, Path) else PurePosixPath(where.partition("?")[0]).name


def inside(folder: Location, name: str) -> Location:
    """The file ``name`` in ``folder``; a URL keeps its query."""
    if isinstance(folder, Path):
        return folder / name
    path, mark, query = folder.partition("?")
    return f"{path.rstrip('/')}/{name}{mark}{query}"


def parent(url: str) -> str:
    """The folder of a URL's file; the query stays."""
    path, mark, query = url.partition("?")
    return f"{path.rpartition('/')[0]}{mark}{query}"


def timeout() -> int:
    """Seconds that a server may keep silent, of ROOTML_REMOTE_TIMEOUT; InputError for nonsense."""
    text = os.environ.get(TIMEOUT_VARIABLE, str(TIMEOUT))
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 1 <= seconds < math.inf:
        raise InputError(f"{TIMEOUT_VARIABLE}={text}: expected seconds, 1 or more")
    return math.ceil(seconds)


def connect(url: str) -> tuple[Any, str]:
    """The file system of a URL, fsspec's, and the path in it; nothing travels yet.

    From now on uproot, too, waits for servers of this kind no longer than ``timeout``, unless
    fsspec's configuration or a variable of the XRootD client (XRD_REQUESTTIMEOUT, ...) says else.
    Raises MissingExtra, or FileError for a URL of no known kind.
    """
    import fsspec  # late: it takes a while, and most files are of this machine

    scheme = url.partition("://")[0]
    _configure(scheme)
    try:
        system, path = fsspec.core.url_to_fs(url)
    except ImportError as error:
        extra = _EXTRAS.get(scheme)
        raise MissingExtra(
            f"{url}: what reads {scheme}:// cannot be imported: {error}"
            + (f'\n  pip install "rootml[{extra}]"' if extra else "")
        ) from error
    except ValueError as error:
        near = nearest(scheme, _EXTRAS)
        raise FileError(f"{url}: cannot be opened: {explain(error)}{near}") from error
    if scheme == "root":
        _leave_quietly(system)
    return system, path


def _configure(scheme: str) -> None:
    """Set the time limits of the client library, where nobody has set them.

    The XRootD client's own are up to half an hour (xrdcp(1), ENVIRONMENT); it reads the variables
    when it is imported. Its listings would be kept for ever, and miss files written since.
    """
    from fsspec.config import conf

    seconds = timeout()
    if scheme == "root":
        limits = {
            **dict.fromkeys(("REQUESTTIMEOUT", "STREAMTIMEOUT", "STREAMERRORWINDOW"), seconds),
            "CONNECTIONWINDOW": max(1, seconds // 4),  # then it tries again
            "TIMEOUTRESOLUTION": 1,
        }
        for name, value in limits.items():
            os.environ.setdefault(f"XRD_{name}", str(value))
        conf["root"] = {"timeout": seconds, "use_listings_cache": False} | conf.get("root", {})
    elif scheme in ("http", "https") and find_spec("aiohttp"):
        from aiohttp import ClientTimeout

        patience = ClientTimeout(total=None, sock_connect=seconds, sock_read=seconds)
        client = {"timeout": patience, "trust_env": True}  # trust_env: ~/.netrc and proxies
        conf["http"] = {"client_kwargs": client} | conf.get("http", {})


@functools.cache
def _leave_quietly(system: Any) -> None:
    """Forget the files whose server is gone, before fsspec-xrootd fails to close them at exit."""
    handles = getattr(getattr(system, "_readonly_filehandle_cache", None), "_cache", {})

    def forget() -> None:
        for url in [url for url, item in handles.items() if not item.handle.is_open()]:
            del handles[url]

    weakref.finalize(system, forget)


def explain(error: BaseException) -> str:
    """What is wrong, in a line: an error of uproot, of fsspec or of a client library."""
    text = _NOISE.sub("", str(error).strip().split("\n")[0])
    if isinstance(error, TimeoutError) or text in ("Operation expired", "Socket timeout"):
        return f"the server did not answer in time ({TIMEOUT_VARIABLE} sets the seconds)"
    if isinstance(error, FileNotFoundError):
        return "no such file"
    status = getattr(error, "status", None)
    if status is not None:  # 0 where no answer was the last, as of redirects in a circle
        said = f"HTTP {status} {getattr(error, 'message', '')}".strip()
        return said if status else type(error).__name__
    return text or type(error).__name__


def read_start(url: str, size: int) -> bytes:
    """The first bytes of a file; FileError where there is none, or a server gives no parts."""
    system, path = connect(url)
    try:
        data = bytes(system.cat_file(path, start=0, end=size))
    except Exception as error:  # the client libraries share no base class
        raise FileError(f"{url}: cannot be read: {explain(error)}") from error
    if len(data) > size:
        raise FileError(f"{url}: cannot be read: the server gives whole files alone (no Range)")
    return data


def file_size(url: str) -> int | None:
    """Bytes of a file, None where the server does not say; FileError where there is none."""
    system, path = connect(url)
    try:
        size: int | None = system.size(path)
    except Exception as error:  # as above
        raise FileError(f"{url}: cannot be read: {explain(error)}") from error
    return size


def list_files(pattern: str) -> list[str]:
    """The URLs that a pattern with ``*`` stands for, sorted; FileError where they are not told."""
    system, path = connect(pattern)
    path = path.partition("?")[0]
    _, mark, query = pattern.partition("?")
    try:
        names = sorted(system.glob(path))
    except Exception as error:  # as above
        raise FileError(f"{pattern}: cannot be listed: {explain(error)}") from error
    return [f"{system.unstrip_protocol(name)}{mark}{query}" for name in names]
