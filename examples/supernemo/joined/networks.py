"""Networks that part hits into tracks."""

from __future__ import annotations

from dataclasses import dataclass

import awkward as ak
import numpy as np

import rootml
from joined.methods import Hits, Labels
from rootml.errors import InputError
from rootml.runtime.model import Model


@dataclass(frozen=True)
class Network:
    """A network whose first output is the track of each hit."""

    model: Model

    @classmethod
    def load(cls, name: str) -> Network:
        """By its name or card; InputError where it does not part hits."""
        model = rootml.load(name)
        if model.card.outputs[0].role != "cluster":
            raise InputError(f"model {model.card.name!r} does not part hits into tracks")
        return cls(model)

    @property
    def title(self) -> str:
        """What the card calls it, and how many events it has learned from."""
        card = self.model.card
        title = card.title.split(": ", 1)[-1].split(", ")[0]
        return f"{title} ({card.training.events['train']:,} events)"

    def clusters(self, hits: Hits) -> list[Labels]:
        """The cluster (h,) of each hit, of each event; -1: noise."""
        card = self.model.card
        said = rootml.annotate(hits.events, self.model)[f"hit_{card.name}_{card.outputs[0].name}"]
        return [np.asarray(one) for one in ak.to_list(said)]
