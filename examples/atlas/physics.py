"""Is the simulation of ATLAS right? Its numbers beside the literature's, as figures and one page.

Needs PYTHIA 8, with which one of the figures compares: pip install "rootml[pythia]".

\b
    python examples/atlas/physics.py -o runs/atlas_physics
"""

from __future__ import annotations

import time
from pathlib import Path

import click
import matplotlib as mpl
import numpy as np
from examine import draw, page
from examine.generators import NAMES, Generated
from examine.measure import Found, Sample, resolution_terms, shapes

from rootml.cli import run
from rootml.validation import fit_peak
from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.save import save_figure

FOLDER = click.Path(file_okay=False, path_type=Path)
ENERGIES_GEV = (20.0, 50.0, 100.0, 250.0, 500.0)
QUIET = {"mu": (0.0, 0.01), "eta": 0.6}
DPI = 80


@click.command(help=__doc__)
@click.option("--output", "-o", type=FOLDER, default=Path("runs/atlas_physics"), show_default=True)
@click.option(
    "--electrons",
    "size",
    type=click.IntRange(100),
    default=4000,
    show_default=True,
    help="At each energy; ten times as many from Z, five times from each generator.",
)
@click.option(
    "--page",
    "written",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes.  [default: OUTPUT/README.md]",
)
@click.option("--seed", type=int, default=6, show_default=True)
def main(output: Path, size: int, written: Path | None, seed: int) -> None:
    found = measure(size, np.random.default_rng(seed))
    output.mkdir(parents=True, exist_ok=True)
    for name, figure in draw.figures(found).items():
        with drawing(draw.STYLE), mpl.rc_context({"savefig.dpi": DPI}):
            save_figure(figure(), output / name, ("png",))
    written = written or output / "README.md"
    written.write_text(page.page(found, output, written.parent), encoding="utf-8")
    click.echo("\n".join([*(f"{row.text}: {row.value}" for row in found.rows()), str(written)]))


def measure(size: int, rng: np.random.Generator) -> Found:
    """Everything that the page says."""
    electrons = [
        Sample.draw(size, rng, sample="electrons", energy=(e * 0.999, e * 1.001), **QUIET)
        for e in ENERGIES_GEV
    ]
    started = time.process_time()
    zee = Sample.draw(10 * size, rng)
    rate = 10 * size / (time.process_time() - started)
    data = Sample.draw(10 * size, rng, version="data")
    peaks = {
        name: fit_peak(
            sample.masses(), "breit_wigner_crystal_ball", bounds=(75, 105), fixed={"gamma": 2.4952}
        )
        for name, sample in (("mc", zee), ("data", data))
    }
    return Found(
        energies=ENERGIES_GEV,
        electrons=electrons,
        terms=resolution_terms(ENERGIES_GEV, electrons),
        shapes=shapes(electrons[ENERGIES_GEV.index(50.0)]),
        zee=zee,
        data=data,
        peaks=peaks,
        rate=rate,
        generated={name: Generated.draw(5 * size, name, rng) for name in NAMES},
    )


if __name__ == "__main__":
    run(main, "physics.py")
