"""Energies of electrons: a CNN whose channels are modulated by what else is known of them.

T. C. Petersen, Electron energy regression with CNN (lecture); F. Faye, DeepCalo (pypi.org/project/
deepcalo); FiLM: E. Perez et al., arXiv:1709.07871. Sizes are those of the lecture, but for the
channels of the convolutions, of which it does not tell the numbers.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence

import torch
from torch import Tensor, nn

from rootml.adapter import View
from rootml.errors import TrainingError, nearest
from rootml_zoo.nets.scaling import Standardise

BLOCKS, DEPTH, KERNEL = 3, 4, 5
TRACK_UNITS = (128, 64, 32, 16)
SCALAR_UNITS, FILM_UNITS, TOP_UNITS = (256,), (512, 1024), (512, 512)
SOFT = float(FILM_UNITS[-1])
"""What modulations are divided by, their number of inputs: else one step of Adam, which moves all
these weights by the learning rate, drives them to their bounds (G. Yang et al., arXiv:2203.03466,
table 3)."""
FINE = 1e-4
"""Spreads of scalars are seen down to it: a place within a cell, an angle from cluster to track."""
FEATURES = {"scalar": SCALAR_UNITS[-1], "track": TRACK_UNITS[-1]}
"""How many there are of each further input."""
SLOPE = 0.3
"""Of the leaky rectifier below 0 (DeepCalo)."""
ENERGIES = ("e_acc", "pt_track", "e_tile_gap")
"""Scalars in GeV, which span decades: their logarithm is seen."""
GAIN = 10.0
"""The hottest of some tens of cells has a tenth of the energy."""
OUTPUTS = 3
"""An estimate and a quantile on either side."""


def dense(inputs: int, units: Sequence[int]) -> nn.Sequential:
    """Dense layers, each with a batch norm and a leaky rectifier: (n, inputs) -> (n, units[-1])."""
    layers: list[nn.Module] = []
    for before, after in itertools.pairwise((inputs, *units)):
        layers += [nn.Linear(before, after), nn.BatchNorm1d(after), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers)


class ScalarNet(nn.Module):
    """Features (n, 256) of scalars (n, columns) and the calibrated energy (n, 1)."""

    is_energy: Tensor

    def __init__(self, columns: Sequence[str]) -> None:
        super().__init__()
        is_energy = torch.tensor([name in ENERGIES for name in columns])
        self.register_buffer("is_energy", is_energy, persistent=False)
        self.standardise = Standardise(len(columns) + 1, FINE)
        self.layers = dense(len(columns) + 1, SCALAR_UNITS)

    def forward(self, scalars: Tensor, calibrated: Tensor) -> Tensor:
        """Energies as logarithms, everything standardised, one layer."""
        seen = torch.where(self.is_energy, scalars.clamp(min=0).log1p(), scalars)
        made: Tensor = self.layers(self.standardise(torch.cat([seen, calibrated.log()], 1)))
        return made


class TrackNet(nn.Module):
    """Features (n, 16) of a set of tracks (n, tracks, columns), of which ``mask`` says which are.

    The same layers for each track, then a sum: their order does not matter (M. Zaheer et al., Deep
    Sets, arXiv:1703.06114).
    """

    def __init__(self, columns: int) -> None:
        super().__init__()
        self.standardise = Standardise(columns)
        self.layers = dense(columns, TRACK_UNITS)

    def forward(self, tracks: Tensor, mask: Tensor) -> Tensor:
        """Sum the features of the tracks that are there."""
        shape = tracks.shape[:2]
        signed = tracks.sign() * tracks.abs().log1p()  # momenta span decades
        made: Tensor = self.layers(self.standardise(signed.flatten(0, 1)))
        each = made.reshape(*shape, made.shape[1])
        return (each * mask.unsqueeze(2)).sum(1)


class FilmCnn(nn.Module):
    """Features (n, channels) of images (n, layers, eta, phi), modulated by a condition (n, inputs).

    Three blocks of four convolutions, halved in size in between, and the maximum over what is left.
    With ``sums`` also the mean over it, and the images' own sums: of energies, the maximum loses
    what they add up to. Each convolution's channels x become (1 + gamma) x + beta, with gamma and
    beta made of the condition; without any (``inputs`` 0) they stay. Both begin at 0 and stay
    within -1 and 1, as twelve unbounded factors one after the other explode beyond the energies
    trained on.
    """

    def __init__(self, layers: int, inputs: int, channels: int, sums: bool = False) -> None:
        super().__init__()
        widths = [channels * 2**block for block in range(BLOCKS) for _ in range(DEPTH)]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, KERNEL, padding=KERNEL // 2, bias=False)
            for before, after in itertools.pairwise((layers, *widths))
        )
        self.norms = nn.ModuleList(nn.BatchNorm2d(width) for width in widths)
        self.widths = [2 * width for width in widths]
        self.generator = _generator(inputs, sum(self.widths)) if inputs else None
        self.sums = Standardise(layers) if sums else None
        self.features = 2 * widths[-1] + layers if sums else widths[-1]

    def forward(self, images: Tensor, condition: Tensor | None) -> Tensor:
        """Convolve, modulate, pool."""
        made = None if self.generator is None else (self.generator(condition) / SOFT).tanh()
        modulation = [None] * len(self.widths) if made is None else made.split(self.widths, 1)
        x = images.contiguous(memory_format=torch.channels_last)  # in bfloat16 1.6 times as fast
        for number, (convolution, norm) in enumerate(
            zip(self.convolutions, self.norms, strict=True)
        ):
            if number and number % DEPTH == 0:
                x = nn.functional.max_pool2d(x, 2)
            x = norm(convolution(x))
            if (given := modulation[number]) is not None:
                gamma, beta = given[:, :, None, None].chunk(2, 1)
                x = (1 + gamma) * x + beta
            x = nn.functional.leaky_relu(x, SLOPE)
        pooled = x.amax((2, 3))
        if self.sums is None:
            return pooled
        return torch.cat([pooled, x.mean((2, 3)), self.sums(images.sum((2, 3)))], 1)


def _known(asked: Collection[str]) -> tuple[str, ...]:
    for name in asked:
        if name not in FEATURES:
            near = nearest(name, FEATURES)
            raise TrainingError(f"no feature {name!r}: expected {' or '.join(FEATURES)}{near}")
    return tuple(asked)


def _generator(inputs: int, outputs: int) -> nn.Sequential:
    last = nn.Linear(FILM_UNITS[-1], outputs)
    nn.init.zeros_(last.weight)
    nn.init.zeros_(last.bias)
    return nn.Sequential(dense(inputs, FILM_UNITS), last)


class EnergyNet(nn.Module):
    """Numbers (n, 3) that :class:`~rootml.training.Quantiles` takes, of the tensors of a view.

    Raises TrainingError for what cannot be built.

    Args:
        view: has ``calibrated`` (n, 1) in GeV and, as far as they are asked for, ``cells`` (n,
            layers, eta, phi) in GeV, ``scalars``, ``tracks`` and ``tracks_mask``.
        film, top: what modulates the convolutions, and what joins them in the last layers:
            any of "scalar" and "track". Without cells there is nothing to modulate.
        channels: of the first block; twice as many in the next, and again.
        upsample: pixels that each is divided into in phi, with the energy divided too.
        sums: pool sums beside the maximum.
    """

    def __init__(
        self,
        view: View,
        film: Collection[str] = ("scalar",),
        top: Collection[str] = ("track",),
        channels: int = 16,
        upsample: int = 1,
        sums: bool = False,
    ) -> None:
        super().__init__()
        specs = {spec.name: spec for spec in view.tensors}
        self.names, self.upsample = tuple(specs), upsample
        self.film, self.top = _known(film), _known(top)
        if min(channels, upsample) < 1:
            raise TrainingError(f"channels and upsample begin at 1, not {channels} and {upsample}")
        if "cells" not in specs and (self.film or not self.top):
            raise TrainingError(f"view {view.name!r} has no cells that could be modulated")
        self.nets = nn.ModuleDict()
        if "scalar" in (*self.film, *self.top):
            self.nets["scalar"] = ScalarNet(specs["scalars"].columns)
        if "track" in (*self.film, *self.top):
            self.nets["track"] = TrackNet(len(specs["tracks"].columns))
        inputs, joined = (sum(FEATURES[name] for name in asked) for asked in (self.film, self.top))
        self.cnn = None
        if "cells" in specs:
            self.cnn = FilmCnn(int(specs["cells"].shape[0]), inputs, channels, sums)
            joined += self.cnn.features
        last = nn.Linear(TOP_UNITS[-1], OUTPUTS)
        nn.init.zeros_(last.weight)  # begin with the calibrated energy
        nn.init.zeros_(last.bias)
        self.head = nn.Sequential(dense(joined, TOP_UNITS), last)

    def forward(self, *tensors: Tensor) -> Tensor:
        """Logarithm of E / calibrated, and two numbers for its quantiles, in units of a scale."""
        given = dict(zip(self.names, tensors, strict=True))
        features = {
            name: net(given["scalars"], given["calibrated"])
            if name == "scalar"
            else net(given["tracks"], given["tracks_mask"])
            for name, net in self.nets.items()
        }
        joined = [features[name] for name in self.top]
        if self.cnn is not None:
            images = self._images(given["cells"], given["calibrated"])
            condition = [features[name] for name in self.film]
            joined.append(self.cnn(images, torch.cat(condition, 1) if condition else None))
        made: Tensor = self.head(torch.cat(joined, 1))
        return made

    def _images(self, cells: Tensor, calibrated: Tensor) -> Tensor:
        """Shares of the calibrated energy, near 1 in the hottest cells, in finer pixels."""
        shares = cells / calibrated[:, :, None, None] * GAIN
        if self.upsample == 1:
            return shares
        return shares.repeat_interleave(self.upsample, 3) / self.upsample
