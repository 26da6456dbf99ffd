"""Write docs/studies/supernemo.md from the recorded results of the studies.

\b
    python examples/supernemo/report.py                         the page, from what is recorded
    python examples/supernemo/report.py --record runs/supernemo first record what is there
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import click
from counted.page import page
from PIL import Image

from rootml.cli import run
from rootml.errors import InputError

DOCS = Path(__file__).resolve().parents[2] / "docs" / "studies"
WIDTHS = {"gallery": 760, "scans": 700, "event": 640}
WIDTH = 560
"""Of recorded figures, in pixels."""
COLOURS = 64


@click.command(help=__doc__)
@click.option("--record", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--docs", type=click.Path(file_okay=False, path_type=Path), default=DOCS)
def main(record: Path | None, docs: Path) -> None:
    if record is not None:
        for result in sorted(record.glob("*/result.json")):
            keep(result, docs / "supernemo")
    results = sorted((docs / "supernemo" / "results").glob("*.json"))
    if not results:
        raise InputError(f"{record or docs}: no study has left a result there")
    records = [json.loads(path.read_text(encoding="utf-8")) for path in results]
    (docs / "supernemo.md").write_text(page(records), encoding="utf-8")


def keep(result: Path, folder: Path) -> None:
    """Copy a result and its figures, in place of those that were recorded before."""
    made = json.loads(result.read_text(encoding="utf-8"))
    (folder / "results").mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{made['name']}_*.png"):
        old.unlink()
    for name in made["figures"]:
        width = WIDTHS.get(name, WIDTH)
        reduce(result.parent / f"{name}.png", folder / f"{made['name']}_{name}.png", width)
    shutil.copyfile(result, folder / "results" / f"{made['name']}.json")


def reduce(plot: Path, image: Path, width: int) -> None:
    """A plot as a small PNG: fewer pixels, and a palette with its rare colours, too."""
    with Image.open(plot) as opened:
        picture = opened.convert("RGB")
    size = width, round(picture.height * width / picture.width)
    small = picture.resize(size, Image.Resampling.LANCZOS)
    few = small.quantize(COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(image, optimize=True)


if __name__ == "__main__":
    run(main, "report.py")
