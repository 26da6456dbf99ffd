"""Hits joined to tracks without a network: agglomerative clustering, with and without a kernel.

The scale of heights, the width of the kernel and the distance at which joining ends are chosen on
events of their own, by how many have the right number of clusters.

\b
    python examples/supernemo/clusters.py -o runs/supernemo_clusters
"""

from __future__ import annotations

from pathlib import Path

import click
import matplotlib as mpl
import numpy as np
from joined import report
from joined.measure import Figures, measure
from joined.methods import METHODS, Chosen, Hits, choose

from rootml.cli import run
from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.save import save_figure
from rootml_supernemo.simulation import simulate

FOLDER = click.Path(file_okay=False, path_type=Path)
CONDITIONS = ("clean", "detector")
TRACKS = "1:3"


@click.command(help=__doc__)
@click.option(
    "--output", "-o", type=FOLDER, default=Path("runs/supernemo_clusters"), show_default=True
)
@click.option("--events", "size", type=click.IntRange(50), default=4000, show_default=True)
@click.option(
    "--page",
    "written",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes.  [default: OUTPUT/README.md]",
)
@click.option("--seed", type=int, default=21, show_default=True)
def main(output: Path, size: int, written: Path | None, seed: int) -> None:
    rng = np.random.default_rng(seed)
    found: dict[str, dict[str, tuple[Chosen, Figures]]] = {}
    for conditions in CONDITIONS:
        tuning, test = (
            Hits.of(simulate(size, rng, tracks=TRACKS, conditions=conditions)) for _ in range(2)
        )
        chosen = {name: choose(method, tuning) for name, method in METHODS.items()}
        found[conditions] = {
            name: (one, measure(test, one.clusters(test))) for name, one in chosen.items()
        }
    output.mkdir(parents=True, exist_ok=True)
    with drawing(report.STYLE), mpl.rc_context({"savefig.dpi": 80}):
        save_figure(report.accuracies(found["clean"]), output / "accuracy", ("png",))
    written = written or output / "README.md"
    written.write_text(report.page(found, size, output, written.parent), encoding="utf-8")
    click.echo(report.table(found))


if __name__ == "__main__":
    run(main, "clusters.py")
