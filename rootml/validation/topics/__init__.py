"""One topic a module: what is counted of a sample, and what follows from the counts."""

from __future__ import annotations

from rootml.validation.counting.setting import Setting
from rootml.validation.topics.base import Topic
from rootml.validation.topics.clusters import Cluster
from rootml.validation.topics.images import Image
from rootml.validation.topics.inputs import Inputs
from rootml.validation.topics.labels import Label
from rootml.validation.topics.probabilities import Probabilities
from rootml.validation.topics.references import Discriminant
from rootml.validation.topics.regression import Regression
from rootml.validation.topics.scores import Score
from rootml.validation.topics.sets import Sets
from rootml.validation.topics.values import Values
from rootml.validation.topics.variables import Distribution
from rootml.validation.topics.weights import Weights

TOPICS: tuple[type[Topic], ...] = (
    Weights,
    Score,
    Values,
    Label,
    Probabilities,
    Sets,
    Cluster,
    Regression,
    Discriminant,
    Inputs,
    Image,
    Distribution,
)
"""Every kind of topic, in the order in which reports show them."""


def topics_of(setting: Setting) -> tuple[Topic, ...]:
    """All that is to be said of a network on a sample."""
    return tuple(topic for kind in TOPICS for topic in kind.of(setting))
