"""A convolutional network that counts tracks, and its card.

    python network.py tracks.root others.root models --epochs 8

The image is made here by hand, as in a training far from rootml; the card says it in one line. The
other events fix how probable a number of tracks has to be to count as possible.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Sequence
from pathlib import Path

import awkward as ak
import numpy as np
import torch
import uproot
from torch import Tensor, nn

from rootml.validation.statistics.conformal import threshold

LAYERS, COLUMNS, CLASSES = 9, 113, 4
LEVEL = 0.95
"""That of the card."""
CARD = Path(__file__).with_name("count_tracks.card.yaml")


class CountTracks(nn.Module):
    """Pieces of tracks, joined across all layers, are added up: how many tracks make as much?"""

    def __init__(self) -> None:
        super().__init__()
        self.pieces = nn.Sequential(
            nn.Conv2d(1, 12, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(12, 16, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, (5, 7), padding=(0, 3)),
            nn.ReLU(),
        )
        self.count = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, CLASSES))

    def forward(self, tracker: Tensor) -> Tensor:
        """Logits (n, 4) of images (n, 9, 113)."""
        found = self.pieces(tracker[:, None]).sum(dim=(2, 3))
        logits: Tensor = self.count(found)
        return logits


class Deployed(nn.Module):
    """The network with its final activation, as it is exported."""

    def __init__(self, network: nn.Module, thresholds: Sequence[float]) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("thresholds", torch.tensor(thresholds))

    def forward(self, tracker: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Number of tracks (n,), probabilities and possible numbers (n, 4)."""
        probabilities = torch.softmax(self.network(tracker), dim=1)
        best = probabilities >= probabilities.amax(dim=1, keepdim=True)
        possible = (probabilities >= self.thresholds) | best
        return probabilities.argmax(dim=1).to(torch.int32), probabilities, possible


def read(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Images (n, 9, 113) of the cells that answered, and the number of tracks (n,)."""
    events = uproot.open(path)["hit_tree"].arrays(["grid_layer", "grid_column", "track_split"])
    images = np.zeros((len(events), LAYERS, COLUMNS), np.float32)
    event = np.repeat(np.arange(len(events)), ak.num(events.grid_layer))
    images[event, ak.flatten(events.grid_layer), ak.flatten(events.grid_column)] = 1
    return images, ak.to_numpy(ak.num(events.track_split)).astype(np.int64)


def fit(images: np.ndarray, tracks: np.ndarray, epochs: int, seed: int = 1) -> nn.Module:
    """Cross entropy by Adam, with one cycle of the learning rate."""
    torch.manual_seed(seed)
    network, batch = CountTracks(), 64
    steps = epochs * -(-len(images) // batch)
    optimizer = torch.optim.Adam(network.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.006, total_steps=steps)
    inputs, truth = torch.from_numpy(images), torch.from_numpy(tracks)
    for _ in range(epochs):
        for rows in torch.randperm(len(inputs)).split(batch):
            optimizer.zero_grad()
            nn.functional.cross_entropy(network(inputs[rows]), truth[rows]).backward()
            optimizer.step()
            schedule.step()
    return network.eval()


def thresholds(network: nn.Module, images: np.ndarray, tracks: np.ndarray) -> list[float]:
    """The probability of each number that 95 % of its events reach."""
    with torch.inference_mode():
        probabilities = torch.cat(
            [torch.softmax(network(part), dim=1) for part in torch.from_numpy(images).split(500)]
        ).numpy()
    return [threshold(probabilities[tracks == k, k], LEVEL) for k in range(CLASSES)]


def main(path: Path, others: Path, folder: Path, epochs: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    images, tracks = read(path)
    trained = fit(images, tracks, epochs)
    other_images, other_tracks = read(others)
    fixed = thresholds(trained, other_images, other_tracks)
    network = Deployed(trained, fixed).eval()
    file = folder / "count_tracks.onnx"
    torch.onnx.export(
        network, kwargs={"tracker": torch.from_numpy(images[:2])}, f=file,
        input_names=["tracker"], output_names=["ntracks", "probabilities", "set"],
        dynamic_shapes={"tracker": {0: torch.export.Dim("n")}},
        dynamo=True, external_data=False, verbose=False,
    )  # fmt: skip
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    events = np.bincount(other_tracks, minlength=CLASSES).tolist()
    card = CARD.read_text()
    for key, value in {"sha256": sha256, "thresholds": fixed, "events": events}.items():
        card = card.replace(f"{key}: !TODO", f"{key}: {value}")
    (folder / CARD.name).write_text(card)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("others", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=8)
    asked = parser.parse_args()
    main(asked.path, asked.others, asked.folder, asked.epochs)
