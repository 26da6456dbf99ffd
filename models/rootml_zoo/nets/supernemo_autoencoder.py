"""A convolutional autoencoder that draws an image of each track, and one with an adversary."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rootml_zoo.nets.supernemo_hits import PLACE, TRACKS, OnHits, column

SIDES, LAYERS, ROWS = 2, 9, 113
CELLS: Final = SIDES * LAYERS * ROWS
DRAWN: Final = ("z", "z_known", "radius")
"""What is drawn of a hit beside that there is one."""
Pair = tuple[int, int]


class TrackImages(OnHits):
    """An image of all hits in, one of each track and of the noise out, read at the hits' cells.

    The image (8, 9, 113) holds, for either side of the foil, that a cell was hit, its height,
    whether that is known, and its radius. Three convolutions with steps of two make it smaller,
    three more, between enlargements, large again; nothing goes past the smallest image.

    Args:
        widths: channels on the way to the smallest image.
        tracks: that hits are parted into, at most.
    """

    def __init__(self, widths: tuple[int, int, int] = (24, 48, 96), tracks: int = TRACKS) -> None:
        super().__init__()
        first, second, third = widths
        quantities = SIDES * (1 + len(DRAWN))
        self.encode = nn.Sequential(
            nn.Conv2d(quantities, first, (3, 5), stride=(1, 2), padding=(1, 2)),
            nn.ReLU(),
            nn.Conv2d(first, second, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(second, third, 3, stride=2, padding=1),
            nn.ReLU(),
        )
        self.decode = nn.Sequential(
            nn.Conv2d(third, third, 3, padding=1),
            nn.ReLU(),
            nn.Upsample((5, 29)),
            nn.Conv2d(third, second, 3, padding=1),
            nn.ReLU(),
            nn.Upsample((LAYERS, 57)),
            nn.Conv2d(second, first, 3, padding=1),
            nn.ReLU(),
            nn.Upsample((LAYERS, ROWS)),
            nn.Conv2d(first, SIDES * (1 + tracks), (3, 5), padding=(1, 2)),
        )

    def logits(self, hits: Tensor, mask: Tensor) -> Tensor:
        """Of hits that are cut behind the longest event."""
        places = _cells(hits, mask)
        scaled = hits / self.scale
        known = torch.stack([column(scaled, name) for name in DRAWN], dim=2)
        image = _drawn(places, torch.cat([torch.ones_like(known[..., :1]), known], dim=2))
        made = self.decode(self.encode(image))
        flat = made.unflatten(1, (SIDES, -1)).permute(0, 1, 3, 4, 2).flatten(1, 3)
        at = places.clamp(max=CELLS - 1).unsqueeze(2).expand(-1, -1, flat.shape[2])
        found: Tensor = flat.gather(1, at)
        return found


class AdversarialImages(TrackImages):
    """The same, of which an adversary learns to tell images of tracks from those of true tracks.

    It sees the hits of an event and one of the tracks. Its gradient reaches the images reversed
    (Y. Ganin, V. Lempitsky, arXiv:1409.7495), so that both learn in the same step; tracks become
    such as true ones are (adversarial autoencoders: A. Makhzani et al., arXiv:1511.05644).

    Args:
        strength: how much the reversed gradient counts.
    """

    def __init__(
        self,
        widths: tuple[int, int, int] = (24, 48, 96),
        tracks: int = TRACKS,
        strength: float = 0.1,
    ) -> None:
        super().__init__(widths, tracks)
        self.strength = strength
        self.adversary = nn.Sequential(
            nn.Conv2d(2 * SIDES, 16, (3, 5), stride=(1, 2), padding=(1, 2)),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Flatten(2),
        )
        self.told = nn.Linear(32, 1)

    def with_loss(self, truth: Tensor, hits: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Logits, and the loss (n,) of the adversary: of a true and a made track an event."""
        raw = self(hits, mask)
        shares = raw.softmax(dim=2)[..., 1:] * mask.unsqueeze(2)
        tracks = torch.arange(shares.shape[2], device=raw.device)
        true = (truth.unsqueeze(2) == tracks).to(raw.dtype)
        losses = []
        for images, real in ((true, 1.0), (shares, 0.0)):
            sizes = images.detach().sum(dim=1)
            drawn = sizes.clamp(min=1e-6).multinomial(1)
            track = images.gather(2, drawn[:, None].expand(-1, images.shape[1], -1))
            if not real:
                track = (1 + self.strength) * track.detach() - self.strength * track
            told = self._told(hits, mask, track)
            each = F.binary_cross_entropy_with_logits(
                told, torch.full_like(told, real), reduction="none"
            )
            losses.append(each * (sizes.sum(dim=1) > 0))
        return raw, losses[0] + losses[1]

    def _told(self, hits: Tensor, mask: Tensor, track: Tensor) -> Tensor:
        """Logits (n,) that a track (n, members, 1) is a true one."""
        image = _drawn(_cells(hits, mask), torch.cat([torch.ones_like(track), track], dim=2))
        told: Tensor = self.told(self.adversary(image).mean(dim=2))
        return told.squeeze(1)


def _cells(hits: Tensor, mask: Tensor) -> Tensor:
    """The number (n, members) of each hit's cell; one more than the last where there is no hit."""
    side, layer, row = (hits[..., PLACE[name]].long() for name in ("side", "layer", "row"))
    return torch.where(mask, (side * LAYERS + layer) * ROWS + row, CELLS)


def _drawn(places: Tensor, values: Tensor) -> Tensor:
    """Images (n, sides * k, layers, rows) of values (n, members, k) in their cells."""
    n, _, k = values.shape
    flat = values.new_zeros(n, CELLS + 1, k)
    flat = flat.scatter(1, places.unsqueeze(2).expand(-1, -1, k), values)[:, :CELLS]
    return flat.reshape(n, SIDES, LAYERS, ROWS, k).permute(0, 1, 4, 2, 3).flatten(1, 2)
