"""How the networks that part hits of the SuperNEMO tracker into tracks are trained.

``cluster_supernemo`` is rootml's own: a transformer on the hits with queries for tracks. The others
are of the kinds that A. Mendl, Machine learning at SuperNEMO (2023), names, without layers or
figures: a convolutional autoencoder, the same with an adversary, and capsules. How these are made,
and what they learn from, is rootml's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from rootml.card import Output
from rootml.training import Partition, Recipe, Regression, Torch

if TYPE_CHECKING:
    from torch import Generator, Tensor, nn

    from rootml.adapter import View

TRACKS = 4
"""Most tracks of an event; events of more are not learned from."""
TITLE = "Tracks of hits in the SuperNEMO tracker"


def _queries(view: View) -> nn.Module:
    from rootml_zoo.nets.supernemo_clusters import TrackQueries

    return TrackQueries(tracks=TRACKS)


def _images(view: View) -> nn.Module:
    from rootml_zoo.nets.supernemo_autoencoder import TrackImages

    return TrackImages(tracks=TRACKS)


def _adversarial(view: View, strength: float = 0.1) -> nn.Module:
    from rootml_zoo.nets.supernemo_autoencoder import AdversarialImages

    return AdversarialImages(tracks=TRACKS, strength=strength)


def _capsules(view: View, rounds: int = 3) -> nn.Module:
    from rootml_zoo.nets.supernemo_capsules import TrackCapsules

    return TrackCapsules(tracks=TRACKS, rounds=rounds)


def _mirror(tensors: Mapping[str, Tensor], generator: Generator) -> dict[str, Tensor]:
    """Events turned over at random: along the foil, across it, and upside down."""
    from rootml_zoo.nets.supernemo_hits import mirror

    return mirror(tensors, generator)


PARTING = Regression(
    target="truth_track",
    select=f"truth_ntracks <= {TRACKS}",
    estimates=(
        Output(
            name="label",
            role="cluster",
            dtype="int32",
            per="hit",
            estimates="truth_track",
            doc="track of the hit, numbered as they appear among the hits; -1: noise, or, where "
            "the probability is NaN, not judged",
        ),
        Output(name="probability", per="hit", doc="probability of the hit to be of that track"),
    ),
    loss=Partition(),
)
"""To tell the track of each hit, and how sure that is."""


def _recipe(name: str, build: Callable[..., nn.Module], title: str, epochs: int) -> Recipe:
    return Recipe(
        name=f"cluster_supernemo{name}",
        adapter="supernemo",
        view="hits",
        learner=Torch(
            build,
            learning_rate=2e-3,
            batch_size=256,
            epochs=epochs,
            patience=epochs,
            precision="32",
            schedule="cosine",
            schedule_warmup=0.05,
            weight_decay=1e-3,
            clip=1.0,
            augment=_mirror,
            average=0.99,
        ),
        task=PARTING,
        title=f"{TITLE}: {title}",
        doc=f"Parts the hits of an event into up to {TRACKS} tracks and noise.",
        threads=1,
        deploy_batch=16,
    )


CLUSTER_SUPERNEMO = _recipe("", _queries, "a transformer with a query a track", 9)
RECIPES = (
    CLUSTER_SUPERNEMO,
    _recipe("_autoencoder", _images, "a convolutional autoencoder, an idea of the talk", 15),
    _recipe("_adversarial", _adversarial, "an adversarial autoencoder, an idea of the talk", 15),
    _recipe("_capsules", _capsules, "a capsule network, an idea of the talk", 15),
)
