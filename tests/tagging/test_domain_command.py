"""``rootml models domain``: cards that know what their networks were trained on."""

from __future__ import annotations

import numpy as np
import pytest
import uproot

import rootml
from rootml.card import ModelCard
from rootml.errors import DataError
from rootml.registry import get_adapter
from rootml.training.domain import describe_files


def test_a_card_gets_a_domain(toy, hits, deposits, tmp_path, command):
    folder = tmp_path / "described"
    done = command("models", "domain", toy, hits, "--tree", "hits", "-o", folder)
    assert done.code == 0, done.err
    assert str(folder / "toy.card.yaml") in done.out

    (axis,) = ModelCard.read(folder / "toy.card.yaml").domain
    total = deposits.sum(axis=1)
    total = total[total > 0]
    assert axis.events == len(total)
    assert (axis.low, axis.high) == pytest.approx(np.quantile(total, [0.001, 0.999]), rel=1e-4)
    assert sum(axis.fractions) + sum(axis.beyond) == pytest.approx(1, abs=1e-4)

    found = rootml.annotate(f"{hits}:hits", folder / "toy.card.yaml", ood=True)
    far = np.asarray(found.toy_ood)
    assert np.nanmean(far >= 1) < 0.1 + 4 * np.sqrt(0.1 / len(total))
    assert np.isnan(far).sum() == len(deposits) - len(total)

    again = command("models", "domain", toy, hits, hits, "--tree", "hits", "-o", folder)
    assert again.code == 2
    assert "there already" in again.err


def test_nothing_to_describe(toy, tmp_path):
    path = tmp_path / "empty.root"
    with uproot.recreate(path) as file:
        file.mktree("hits", {"cell_e": ("f4", (6,))}).extend({"cell_e": np.zeros((3, 6), "f4")})
    adapter = get_adapter("toylab")
    with pytest.raises(DataError, match="nothing to describe"):
        describe_files(adapter.views["cells"], adapter, [path])
