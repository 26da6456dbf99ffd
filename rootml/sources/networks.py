"""The file of a card's network: beside the card, in the cache, in a place, or at an address."""

from __future__ import annotations

import glob
from pathlib import Path, PurePosixPath
from urllib.parse import quote, urljoin

from rootml.errors import IntegrityError, MissingNetwork, RegistryError
from rootml.sources.cache import cache_folder, cached, has_sha256
from rootml.sources.cards import LocatedCard
from rootml.sources.download import NETWORK_LIMIT, Report, fetch
from rootml.sources.places import places
from rootml.sources.references import plain_url


def find_network(
    located: LocatedCard, *, online: bool = True, report: Report | None = None
) -> Path:
    """The file of the card's network.

    It is looked for beside the card; by its sha256 in the cache; by its name and sha256 in the
    places; and, where ``online``, at the card's own address and at that of ``network.url``,
    which brings it into the cache. A file beside the card is not examined: what opens it does.

    Raises MissingNetwork, which says of every place what was there.
    """
    network = located.card.network
    looked = []
    if located.folder is not None:
        beside = located.folder / network.file
        if beside.is_file():
            return beside
        looked.append(f"beside the card: no file {beside}")
    if found := cached(network.sha256):
        return found
    damaged = (cache_folder() / network.sha256).exists()
    in_cache = "a damaged copy" if damaged else "nothing of this sha256"
    looked.append(f"cache {cache_folder()}: {in_cache}")
    if found := _in_places(located, looked):
        return found
    for address in _addresses(located) if online else ():
        try:
            return fetch(plain_url(address), network.sha256, limit=NETWORK_LIMIT, report=report)
        except IntegrityError:
            raise
        except RegistryError as error:
            looked.append(str(error))
    raise MissingNetwork(_missing(located, looked))


def fetchable(located: LocatedCard) -> bool:
    """Whether the card says where its network can be fetched from."""
    return bool(_addresses(located))


def _in_places(located: LocatedCard, looked: list[str]) -> Path | None:
    """The network in one of the places; ``looked`` is told what was there instead."""
    network = located.card.network
    name = PurePosixPath(network.file).name
    for place in places():
        if place.folder is None:
            continue
        files = [
            path
            for pattern in ("", "*/*/")
            for path in sorted(place.folder.glob(pattern + glob.escape(name)))
            if path.is_file()
        ]
        for path in files:
            if has_sha256(path, network.sha256):
                return path
        there = f"another {name}, or one that cannot be read" if files else f"no {name}"
        looked.append(f"{place.origin}, {place.folder}: {there}")
    return None


def _addresses(located: LocatedCard) -> list[str]:
    network = located.card.network
    beside = [urljoin(located.url, quote(network.file))] if located.url else []
    return beside + ([network.url] if network.url else [])


def _missing(located: LocatedCard, looked: list[str]) -> str:
    network = located.card.network
    pull = ", or bring it here by `rootml models pull`" if _addresses(located) else ""
    return "\n  ".join(
        [
            f"model {located.full_name}: its network {network.file} was not found "
            f"(sha256 {network.sha256[:12]}…):",
            *looked,
            f"Name the folder that holds it in ROOTML_PATH{pull}",
        ]
    )
