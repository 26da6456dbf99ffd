"""How the networks that count tracks in SuperNEMO are trained.

``ntracks_supernemo`` is rootml's own: a small network on the cells with the heights of their hits,
where tracks that lie over each other in a projection are apart; events are turned over at random.
``ntracks_supernemo_top``, ``_side``, ``_front`` are the networks of A. Mendl, Machine learning at
SuperNEMO (2023), ``_combined`` joins them; ``_ordinal`` knows that classes have an order, and
``_volume`` looks at all three coordinates at once: the talk names both as ideas. Of the training
the talk only says how many events there were; batches and rate are those of its author's programs
(https://github.com/amendl/SuperNEMO_ML_applications, ``combined.py``: Adam as Keras has it).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rootml.card import Output
from rootml.coverage import Coverage
from rootml.training import CrossEntropy, Cumulative, Recipe, Regression, Torch

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from rootml.adapter import View
    from rootml.training.losses import Loss

CLASSES = 4
"""0 to 3 tracks, as in the talk; events of more are not learned from."""
LEVEL = 0.999
"""Share of events whose true number is in the set (a choice). The best networks miscount some
events in 1000 of clean simulation: at 0.99 nearly all of their sets would hold one number."""
TITLE = "Number of tracks in the SuperNEMO tracker"


def _sides(view: View) -> int:
    """Channels of the view's images."""
    shape = view.tensors[0].shape
    return int(shape[0]) if len(shape) == 3 else 1


def _one_view(view: View, ordinal: bool = False) -> nn.Module:
    from rootml_zoo.nets.supernemo import OneView

    return OneView(view.tensors[0].name, CLASSES, ordinal, _sides(view))


def _combined(view: View, ordinal: bool = False) -> nn.Module:
    from rootml_zoo.nets.supernemo import Combined

    return Combined([spec.name for spec in view.tensors], CLASSES, ordinal, _sides(view))


def _volume(view: View, ordinal: bool = False) -> nn.Module:
    from rootml_zoo.nets.supernemo import Volume

    return Volume(CLASSES, ordinal)


def _cells(view: View) -> nn.Module:
    from rootml_zoo.nets.supernemo_cells import CellCounter

    return CellCounter(classes=CLASSES)


def _mirror(tensors: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
    """Events turned over at random: along the foil, across it, and upside down."""
    from rootml_zoo.nets.supernemo_cells import mirror

    return mirror(tensors, generator)


def counting(loss: Loss) -> Regression:
    """To tell the number of tracks, and the probabilities of all numbers."""
    return Regression(
        target="truth_ntracks",
        select=f"truth_ntracks < {CLASSES}",
        estimates=(
            Output(
                name="ntracks",
                role="multiplicity",
                dtype="int32",
                estimates="truth_ntracks",
                doc="number of tracks",
            ),
            Output(
                name="probabilities",
                role="probabilities",
                shape=(CLASSES,),
                estimates="truth_ntracks",
                doc=f"probabilities of 0 to {CLASSES - 1} tracks",
            ),
            Output(
                name="set",
                role="set",
                shape=(CLASSES,),
                dtype="bool",
                estimates="truth_ntracks",
                coverage=Coverage(level=LEVEL, by_class=True),
                doc=f"which of 0 to {CLASSES - 1} tracks are possible, at {100 * LEVEL:g} %",
            ),
        ),
        loss=loss,
    )


def _recipe(name: str, view: str, learner: Torch, title: str, loss: Loss) -> Recipe:
    return Recipe(
        name=f"ntracks_supernemo{name}",
        adapter="supernemo",
        view=view,
        learner=learner,
        task=counting(loss),
        title=f"{TITLE}: {title}",
        doc="Counts tracks in images of the cells that answered.",
        threads=1,
        deploy_batch=64,
    )


def _talk(name: str, view: str, build: Any, title: str, *, ordinal: bool = False) -> Recipe:
    learner = Torch(
        build,
        learning_rate=1e-3,
        batch_size=256,
        epochs=15,
        patience=5,
        parameters={"ordinal": True} if ordinal else {},
    )
    return _recipe(f"_{name}", view, learner, title, Cumulative() if ordinal else CrossEntropy())


NTRACKS_SUPERNEMO = _recipe(
    "",
    "cells",
    Torch(
        _cells,
        learning_rate=2e-3,
        batch_size=256,
        epochs=30,
        patience=30,
        schedule="cosine",
        schedule_warmup=0.05,
        weight_decay=1e-3,
        clip=1.0,
        augment=_mirror,
        average=0.998,
    ),
    "a small CNN on cells and heights",
    CrossEntropy(),
)
RECIPES = (
    NTRACKS_SUPERNEMO,
    _talk("top", "top", _one_view, "CNN of the talk, view from the top"),
    _talk("side", "side", _one_view, "CNN of the talk, view from the side"),
    _talk("front", "front", _one_view, "CNN of the talk, view from the front"),
    _talk("combined", "projections", _combined, "CNN of the talk, all three views"),
    _talk("ordinal", "top", _one_view, "CNN of the talk, ordered classes", ordinal=True),
    _talk("volume", "volume", _volume, "CNN in three dimensions"),
)
