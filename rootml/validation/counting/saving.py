"""Counts in a file, so that jobs that count parts of a sample can be merged."""

from __future__ import annotations

import json
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from hist import Hist

from rootml.errors import InputError
from rootml.rootio.container.transaction import Transaction, reporting
from rootml.spec import Array
from rootml.validation.counting.setting import difference
from rootml.validation.counting.tally import Tally, Top

SCHEMA = "rootml.validation.counts"
SCHEMA_VERSION = 1
INDEX = "counts.json"


def save_tally(tally: Tally, identity: Mapping[str, str], path: Path) -> None:
    """Write a tally into a zip archive: UHI histograms, numpy arrays, and an index."""
    import uhi.io.zip

    index = {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "identity": dict(identity),
        "weighted": tally.weighted,
        "counts": [[list(name), count] for name, count in tally.counts.items()],
        "hists": list(tally.hists),
        "sums": list(tally.sums),
        "tops": {name: top.most for name, top in tally.tops.items()},
    }
    transaction = Transaction(path, (), overwrite=True)
    try:
        with (
            reporting(path),
            zipfile.ZipFile(transaction.path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as file,
        ):
            file.writestr(INDEX, json.dumps(index))
            for i, hist in enumerate(tally.hists.values()):
                uhi.io.zip.write(file, f"hists/{i}", hist)
            for i, values in enumerate(tally.sums.values()):
                _write_array(file, f"sums/{i}", values)
            for i, top in enumerate(tally.tops.values()):
                _write_array(file, f"tops/{i}", top.rows)
        transaction.commit()
    finally:
        transaction.abort()


def load_tally(identity: Mapping[str, str], path: Path) -> Tally:
    """Read a tally back; InputError where it is none, or does not add to one of ``identity``."""
    import uhi.io.zip

    try:
        with zipfile.ZipFile(path) as file:
            index = json.loads(file.read(INDEX))
            _check(index, identity, path)
            return Tally(
                index["weighted"],
                Counter({tuple(name): count for name, count in index["counts"]}),
                {
                    name: Hist(uhi.io.zip.read(file, f"hists/{i}"))
                    for i, name in enumerate(index["hists"])
                },
                {name: _read_array(file, f"sums/{i}") for i, name in enumerate(index["sums"])},
                {
                    name: Top(most, _read_array(file, f"tops/{i}"))
                    for i, (name, most) in enumerate(index["tops"].items())
                },
            )
    except OSError as error:
        raise InputError(f"{path}: the counts cannot be read: {error.strerror}") from error
    except (zipfile.BadZipFile, KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: holds no counts of a collector, or is damaged") from error


def _check(index: Mapping[str, Any], identity: Mapping[str, str], path: Path) -> None:
    if index["schema"] != SCHEMA or index["schema_version"] != SCHEMA_VERSION:
        raise InputError(
            f"{path}: expected {SCHEMA} {SCHEMA_VERSION}, found {index['schema']} "
            f"{index['schema_version']}: count its sample again with this rootml"
        )
    if different := difference(identity, index["identity"]):
        raise InputError(f"{path}: the counts do not add: {different}")


def _write_array(file: zipfile.ZipFile, name: str, values: Array) -> None:
    with file.open(f"{name}.npy", "w") as stream:
        np.save(stream, values, allow_pickle=False)


def _read_array(file: zipfile.ZipFile, name: str) -> Array:
    with file.open(f"{name}.npy") as stream:
        values: Array = np.load(stream, allow_pickle=False)
    return values
