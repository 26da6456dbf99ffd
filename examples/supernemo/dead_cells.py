"""Cells that tracks crossed in vain: how many are found, and what that gives the counting.

\b
    python examples/supernemo/dead_cells.py run/cells_supernemo.card.yaml
"""

from __future__ import annotations

from pathlib import Path

import click
import matplotlib as mpl
import numpy as np
from silent import report
from silent.measure import measure

import rootml
from rootml.cli import run
from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.save import save_figure

FOLDER = click.Path(file_okay=False, path_type=Path)
DEAD = (0.02, 0.05, 0.1, 0.2, 0.3)


@click.command(help=__doc__)
@click.argument("model")
@click.option(
    "--output", "-o", type=FOLDER, default=Path("runs/supernemo_dead_cells"), show_default=True
)
@click.option("--counter", default="ntracks_supernemo", show_default=True, help="Counts tracks.")
@click.option("--events", "size", type=click.IntRange(50), default=3000, show_default=True)
@click.option(
    "--page",
    "written",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes.  [default: OUTPUT/README.md]",
)
@click.option("--seed", type=int, default=41, show_default=True)
def main(
    model: str, output: Path, counter: str, size: int, written: Path | None, seed: int
) -> None:
    network, other = rootml.load(model), rootml.load(counter)
    rng = np.random.default_rng(seed)
    found = [measure(dead, size, network, other, rng) for dead in DEAD]
    output.mkdir(parents=True, exist_ok=True)
    with drawing(report.STYLE), mpl.rc_context({"savefig.dpi": 80}):
        save_figure(report.figure(found), output / "cells", ("png",))
    training = network.card.training
    about = {
        "events": size,
        "parameters": network.card.parameters or 0,
        "train": training.events.get("train", 0) if training else 0,
    }
    written = written or output / "README.md"
    written.write_text(report.page(found, about, output, written.parent), encoding="utf-8")
    click.echo("\n\n".join(report.tables(found)))


if __name__ == "__main__":
    run(main, "dead_cells.py")
