"""Write docs/studies/atlas.md from the recorded results of the studies.

\b
    python examples/atlas/report.py                       the page, from docs/studies/atlas/results
    python examples/atlas/report.py --record runs/atlas   first record what the studies left there
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
from energies.page import page
from PIL import Image

from rootml.cli import run
from rootml.errors import InputError

DOCS = Path(__file__).resolve().parents[2] / "docs" / "studies"
WIDTH = 520
"""Of recorded figures, in pixels."""
COLOURS = 48


@click.command(help=__doc__)
@click.option("--record", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--docs", type=click.Path(file_okay=False, path_type=Path), default=DOCS)
def main(record: Path | None, docs: Path) -> None:
    if record is not None:
        for result in sorted(record.glob("*/result.json")):
            keep(result, docs / "atlas")
    results = sorted((docs / "atlas" / "results").glob("*.json"))
    if not results:
        raise InputError(f"{record or docs}: no study has left a result there")
    records = [json.loads(path.read_text(encoding="utf-8")) for path in results]
    (docs / "atlas.md").write_text(page(records), encoding="utf-8")


def keep(result: Path, folder: Path) -> None:
    """Copy a result and its figures, in place of those that were recorded before."""
    made = json.loads(result.read_text(encoding="utf-8"))
    (folder / "results").mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{made['name']}_*.png"):
        old.unlink()
    for name in made["figures"]:
        reduce(result.parent / f"{name}.png", folder / f"{made['name']}_{name}.png")
    shutil.copyfile(result, folder / "results" / f"{made['name']}.json")


def reduce(plot: Path, image: Path) -> None:
    """A plot as a small PNG: fewer pixels, and a palette."""
    with Image.open(plot) as opened:
        picture = opened.convert("RGB")
    size = WIDTH, round(picture.height * WIDTH / picture.width)
    small = picture.resize(size, Image.Resampling.LANCZOS)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(image, optimize=True)


if __name__ == "__main__":
    run(main, "report.py")
