"""Is the simulation of SuperNEMO right? Its numbers beside others', as figures and one page.

\b
    python examples/supernemo/physics.py -o runs/supernemo_physics
"""

from __future__ import annotations

from pathlib import Path

import click
import matplotlib as mpl
import numpy as np
from simulated import draw, page
from simulated.measure import Found, falaise_radii

from rootml.cli import run
from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.save import save_figure

FOLDER = click.Path(file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
DPI = 80


@click.command(help=__doc__)
@click.option(
    "--output", "-o", type=FOLDER, default=Path("runs/supernemo_physics"), show_default=True
)
@click.option("--events", "size", type=click.IntRange(100), default=20_000, show_default=True)
@click.option("--falaise", type=FILE, help="A file of TKEvent, to compare radii with.")
@click.option(
    "--page",
    "written",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes.  [default: OUTPUT/README.md]",
)
@click.option("--seed", type=int, default=9, show_default=True)
def main(output: Path, size: int, falaise: Path | None, written: Path | None, seed: int) -> None:
    radii = None if falaise is None else falaise_radii(falaise)
    found = Found.measure(size, np.random.default_rng(seed), radii)
    output.mkdir(parents=True, exist_ok=True)
    for name, figure in draw.figures(found).items():
        with drawing(draw.STYLE), mpl.rc_context({"savefig.dpi": DPI}):
            save_figure(figure(), output / name, ("png",))
    written = written or output / "README.md"
    written.write_text(page.page(found, output, written.parent), encoding="utf-8")
    click.echo("\n".join([*(f"{row.text}: {row.value}" for row in found.rows()), str(written)]))


if __name__ == "__main__":
    run(main, "physics.py")
