"""Models made ready for others: a folder to be served as it is.

A model lies in ``<folder>/<name>/<version>/``: its card, which names everything by sha256, and its
network. A version that is there never changes.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rootml.card import SUFFIX, ModelCard
from rootml.errors import OutputError
from rootml.runtime.network_file import read_network
from rootml.sources.cards import LocatedCard
from rootml.sources.download import Report
from rootml.sources.networks import find_network


def home(card: ModelCard) -> str:
    """The folder of a model within those of all models."""
    return f"{card.name}/{card.version}"


def files_of(located: LocatedCard, *, report: Report | None = None) -> dict[str, bytes]:
    """The files of a model, the card first and then its network, by their names beside it.

    An adapter that is declared in a file is put into the card, whose sha256 then covers it.
    """
    card = located.card
    text = located.data
    if ModelCard.from_yaml(text.decode()).adapter != card.adapter:
        text = card.to_yaml().encode()
    network = read_network(find_network(located, report=report), card.network.sha256)
    return {card.name + SUFFIX: text, card.network.file: network}


def export_model(located: LocatedCard, folder: Path, *, report: Report | None = None) -> Path:
    """Put a model into ``folder``, whole or not at all; returns its card.

    Raises OutputError where a different model of this name and version is there, and what
    :func:`~rootml.sources.networks.find_network` raises.
    """
    files = files_of(located, report=report)
    target = folder / home(located.card)
    put_folder(target, files)
    return target / next(iter(files))


def put_folder(target: Path, files: Mapping[str, bytes]) -> None:
    """Make the folder ``target`` of these files, by their paths in it, whole or not at all.

    One that holds them already is left as it is; OutputError where it holds others.
    """
    from rootml.rootio.container.transaction import SUFFIX as PARTIAL
    from rootml.rootio.container.transaction import reporting

    if target.exists():
        _check_same(target, files)
        return
    with reporting(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(PARTIAL, ".", target.parent))
        try:
            for name, data in files.items():
                _write(partial / name, data)
            partial.chmod(target.parent.stat().st_mode)
            partial.rename(target)
        finally:
            shutil.rmtree(partial, ignore_errors=True)


def _write(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _check_same(target: Path, files: Mapping[str, bytes]) -> None:
    for name, data in files.items():
        path = target / name
        if not path.is_file() or path.read_bytes() != data:
            raise OutputError(
                f"{target}: there already, with another {name}; what was given away under a "
                "version never changes: raise the version on the card"
            )
