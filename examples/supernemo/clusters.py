"""Hits joined to tracks by agglomerative clustering and by networks.

The scale of heights, the width of the kernel and the distance at which agglomerative joining ends
are chosen on events of their own, by how many have the right number of clusters.

\b
    python examples/supernemo/clusters.py -o runs/supernemo_clusters
    python examples/supernemo/clusters.py --model cluster_supernemo --model run/mine.card.yaml
"""

from __future__ import annotations

from pathlib import Path

import click
import matplotlib as mpl
import numpy as np
from joined import report
from joined.measure import Joined, Way, measure
from joined.methods import METHODS, Hits, choose
from joined.networks import Network

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
@click.option("--events", "size", type=click.IntRange(50), default=3000, show_default=True)
@click.option(
    "--model",
    "models",
    multiple=True,
    default=("cluster_supernemo",),
    show_default=True,
    help="Network that parts hits, its name or card; repeatable.",
)
@click.option(
    "--page",
    "written",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes.  [default: OUTPUT/README.md]",
)
@click.option("--seed", type=int, default=21, show_default=True)
def main(output: Path, size: int, models: tuple[str, ...], written: Path | None, seed: int) -> None:
    rng = np.random.default_rng(seed)
    networks = [Network.load(name) for name in models]
    found: dict[str, list[Joined]] = {}
    for conditions in CONDITIONS:
        tuning, test = (
            Hits.of(simulate(size, rng, tracks=TRACKS, conditions=conditions)) for _ in range(2)
        )
        chosen: list[Way] = [choose(method, tuning) for method in METHODS.values()]
        found[conditions] = [measure(way, test) for way in [*chosen, *networks]]
    output.mkdir(parents=True, exist_ok=True)
    with drawing(report.STYLE), mpl.rc_context({"savefig.dpi": 80}):
        save_figure(report.summary(found), output / "ways", ("png",))
    written = written or output / "README.md"
    written.write_text(report.page(found, size, output, written.parent), encoding="utf-8")
    click.echo(report.table(found))


if __name__ == "__main__":
    run(main, "clusters.py")
