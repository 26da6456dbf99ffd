"""Double beta decay with and without neutrinos: what a network adds to the energy.

\b
    python examples/supernemo/decay_classes.py run/events_supernemo.card.yaml
"""

from __future__ import annotations

from pathlib import Path

import click
import matplotlib as mpl
import numpy as np
from told import report
from told.measure import sample

import rootml
from rootml.cli import run
from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.save import save_figure
from rootml_supernemo.simulation.spectra import sum_density

FOLDER = click.Path(file_okay=False, path_type=Path)
LEAST_MEV = 2.5


@click.command(help=__doc__)
@click.argument("model")
@click.option(
    "--output", "-o", type=FOLDER, default=Path("runs/supernemo_decays"), show_default=True
)
@click.option("--events", "size", type=click.IntRange(50), default=20_000, show_default=True)
@click.option(
    "--page",
    "written",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes.  [default: OUTPUT/README.md]",
)
@click.option("--seed", type=int, default=60, show_default=True)
def main(model: str, output: Path, size: int, written: Path | None, seed: int) -> None:
    network = rootml.load(model)
    found = sample(size, LEAST_MEV, network, seed)
    output.mkdir(parents=True, exist_ok=True)
    with drawing(report.STYLE), mpl.rc_context({"savefig.dpi": 80}):
        save_figure(report.figure(found), output / "told", ("png",))
    energy, density = sum_density()
    training = network.card.training
    about = {
        "parameters": network.card.parameters or 0,
        "train": training.events.get("train", 0) if training else 0,
        "least": LEAST_MEV,
        "share": 100 * float(np.sum(density[energy > LEAST_MEV]) / np.sum(density)),
    }
    written = written or output / "README.md"
    written.write_text(report.page(found, about, output, written.parent), encoding="utf-8")
    click.echo(report.table(found))


if __name__ == "__main__":
    run(main, "decay_classes.py")
