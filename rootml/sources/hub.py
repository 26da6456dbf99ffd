"""The Hugging Face Hub, through its plain HTTPS addresses.

Not through ``huggingface_hub``: its cache takes file locks, which network file systems lack.
https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables describes the
variables.
"""

from __future__ import annotations

import os
import re
from urllib.parse import quote

from rootml.errors import RegistryError

SCHEME = "hf://"
ENDPOINT = "https://huggingface.co"

_ADDRESS = re.compile(
    re.escape(SCHEME) + r"(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[^/]+))?/(?P<path>[^?]+)"
)


def hub_url(address: str) -> str:
    """The address of ``hf://org/repo[@revision]/path`` by HTTPS; the revision is ``main``."""
    found = _ADDRESS.fullmatch(address)
    if found is None:
        shown = address.partition("?")[0]
        raise RegistryError(f"{shown}: expected {SCHEME}organisation/repository[@revision]/path")
    revision = quote(found["revision"] or "main", safe="%")
    return f"{_endpoint()}/{found['repository']}/resolve/{revision}/{quote(found['path'])}"


def hub_token(url: str) -> str | None:
    """The user's token for ``url``, where that is the Hub and the way there is encrypted."""
    encrypted_hub = url.startswith(_endpoint() + "/") and url.startswith("https://")
    return os.environ.get("HF_TOKEN") or None if encrypted_hub else None


def _endpoint() -> str:
    return os.environ.get("HF_ENDPOINT", "").rstrip("/") or ENDPOINT
