"""Networks that are opened once a process, for one file after the other and chunk by chunk."""

from __future__ import annotations

from pathlib import Path

from rootml.registry import find_card, find_network, load
from rootml.runtime.cores import available_cores
from rootml.runtime.kept import Kept
from rootml.runtime.model import Model
from rootml.runtime.servers import is_server
from rootml.sources.cache import has_sha256


def kept_model(
    reference: str | Path, threads: int | None, device: str, engine: str | None
) -> Model:
    """What :func:`rootml.registry.load` returns, opened once a process.

    Card and network are read again each time, and are opened again where one of them has changed;
    a network that is not that of its card any more raises what ``load`` raises.
    """
    located = find_card(reference)
    file = None
    if not (engine and is_server(engine)):
        file = find_network(located).absolute()
        if not has_sha256(file, located.card.network.sha256):
            return load(reference, threads=threads, device=device, engine=engine)
    card = located.sha256 + located.card.model_dump_json()  # in which the adapter's file is
    return _kept((file, card, available_cores()), reference, threads, device, engine)


def _load(
    read: tuple[Path | None, str, int],
    reference: str | Path,
    threads: int | None,
    device: str,
    engine: str | None,
) -> Model:
    """``read``: what else tells one model from another."""
    return load(reference, threads=threads, device=device, engine=engine)


_kept = Kept(_load)
