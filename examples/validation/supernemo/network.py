"""A convolutional network that counts tracks, and its card.

    python network.py tracks.root models --epochs 8

The image is made here by hand, as in a training far from rootml; the card says it in one line.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import awkward as ak
import numpy as np
import torch
import uproot
from torch import Tensor, nn

LAYERS, COLUMNS, CLASSES = 9, 113, 4
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

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, tracker: Tensor) -> tuple[Tensor, Tensor]:
        """Number of tracks (n,) and probabilities (n, 4)."""
        probabilities = torch.softmax(self.network(tracker), dim=1)
        return probabilities.argmax(dim=1).to(torch.int32), probabilities


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


def main(path: Path, folder: Path, epochs: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    images, tracks = read(path)
    network = Deployed(fit(images, tracks, epochs)).eval()
    file = folder / "count_tracks.onnx"
    torch.onnx.export(
        network, kwargs={"tracker": torch.from_numpy(images[:2])}, f=file,
        input_names=["tracker"], output_names=["ntracks", "probabilities"],
        dynamic_shapes={"tracker": {0: torch.export.Dim("n")}},
        dynamo=True, external_data=False, verbose=False,
    )  # fmt: skip
    sha256 = hashlib.sha256(file.read_bytes()).hexdigest()
    sealed = CARD.read_text().replace("sha256: !TODO", f"sha256: {sha256}")
    (folder / CARD.name).write_text(sealed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=8)
    asked = parser.parse_args()
    main(asked.path, asked.folder, asked.epochs)
