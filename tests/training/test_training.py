from __future__ import annotations
from rootml.training import train
from rootml.registry import load


def test_trains(toy, write_toy, tmp_path):
    card = train("toy", [write_toy()], tmp_path / "run")
    print(card.read_text())
    print(sorted(p.relative_to(tmp_path) for p in tmp_path.rglob("*")))
    load(card)
