"""Images: the mean of a tensor over the units of each class."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, Self

import numpy as np
from hist import Hist, axis, storage

from rootml.spec import Array, TensorSpec
from rootml.validation.counting.images import (
    HALF_WINDOW,
    centred,
    class_sums,
    is_image,
    is_wide,
    pictures,
)
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally
from rootml.validation.counting.units import Units
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.figures.histograms import class_names
from rootml.validation.report import Plot
from rootml.validation.topics.base import Topic

FROM_LARGEST = " from the largest"


class Image(Topic):
    """The mean of one tensor, as it is and centred."""

    def __init__(self, setting: Setting, spec: TensorSpec):
        self.setting = setting
        self.spec = spec
        self.names = (spec.name, f"{spec.name}_centred") if is_wide(spec) else (spec.name,)

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """One for each tensor."""
        return (cls(setting, spec) for spec in setting.view.tensors)

    def fill(self, tally: Tally, units: Units) -> None:
        """Add the rows of a tensor to the sums of their classes."""
        rows = units.batch.tensors.get(self.spec.name)
        if rows is None or not is_image(self.spec) or self._shared:
            return
        classes, one = len(self.setting.classes), np.ones((len(rows), 1))
        add = partial(class_sums, label=units.label, weight=units.weight, classes=classes)
        rows = pictures(rows)
        tally.add(f"{self.spec.name}/weight", add(one))
        tally.add(self.spec.name, add(rows))
        if is_wide(self.spec):
            tally.add(f"{self.spec.name}_centred", add(centred(rows)))

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """None: the means are histograms."""
        for name in self.names:
            draft.draw(Plot(f"image_{name}", "image", name), partial(self._require, draft))
        return {}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """``image_<tensor>[_centred][_<channel>]_<class>``."""
        if self.spec.name not in tally.sums:
            return
        weights = tally.sums[f"{self.spec.name}/weight"][:, 0]
        axes = self.spec.axes
        line, column = axes[-2:] if len(axes) >= 2 else ("row", "column")
        for name, across in zip(self.names, (column, column + FROM_LARGEST), strict=False):
            for total, weight, label in zip(
                tally.sums[name], weights, class_names(self.setting), strict=True
            ):
                if weight > 0:
                    yield from _means(f"image_{name}", label, total / weight, (line, across))

    @property
    def _shared(self) -> bool:
        """Whether a row shows all objects of an event, of which each may be of another class."""
        return any(map(self.setting.view.lists, self.setting.outputs))

    def _require(self, draft: Draft) -> None:
        if not is_image(self.spec):
            raise Unavailable(f"a tensor of shape {self.spec.shape} has no average image")
        if self._shared:
            raise Unavailable("a tensor of whole events has no average image of their objects")
        draft.require_judged()
        if self.spec.name not in draft.tally.sums:
            raise Unavailable("the network's inputs were not read")
        if not (draft.tally.sums[f"{self.spec.name}/weight"] > 0).any():
            raise Unavailable("the weights of no class add up to more than 0")


def _means(stem: str, name: str, mean: Array, labels: tuple[str, str]) -> Iterator[tuple[str, Any]]:
    """One histogram a channel of a mean image."""
    channels = mean.reshape(-1, *mean.shape[-2:])
    starts = 0, -HALF_WINDOW if labels[1].endswith(FROM_LARGEST) else 0
    axes = [
        axis.Integer(start, start + size, name=f"axis{k}", label=label, flow=False)
        for k, (start, size, label) in enumerate(zip(starts, mean.shape[-2:], labels, strict=True))
    ]
    for i, channel in enumerate(channels):
        made = Hist(*axes, storage=storage.Double())
        made.view()[...] = channel
        yield "_".join(filter(None, (stem, str(i) if len(channels) > 1 else "", name))), made
