"""Where tracks end in the calorimeter: a straight line to the next wall, and calo_supernemo.

How hits are joined for the line, and how near a module has to be to its end, is chosen on events of
their own, by how many are right.

\b
    python examples/supernemo/association.py -o runs/supernemo_association
"""

from __future__ import annotations

from pathlib import Path

import click
import matplotlib as mpl
import numpy as np
from ends import report
from ends.measure import Sample, figures, judged

import rootml
from rootml.cli import run
from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.save import save_figure
from rootml_supernemo.simulation import simulate

FOLDER = click.Path(file_okay=False, path_type=Path)
CONDITIONS = ("clean", "detector")
MOST_TRACKS = 3


@click.command(help=__doc__)
@click.option(
    "--output", "-o", type=FOLDER, default=Path("runs/supernemo_association"), show_default=True
)
@click.option("--events", "size", type=click.IntRange(50), default=1500, show_default=True)
@click.option("--model", default="calo_supernemo", show_default=True, help="Name or card.")
@click.option(
    "--page",
    "written",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes.  [default: OUTPUT/README.md]",
)
@click.option("--seed", type=int, default=31, show_default=True)
def main(output: Path, size: int, model: str, written: Path | None, seed: int) -> None:
    rng = np.random.default_rng(seed)
    network = rootml.load(model)
    found: dict[str, report.ByTracks] = {}
    for conditions in CONDITIONS:
        tuning, test = (
            Sample.of(
                simulate(size, rng, tracks=f"1:{MOST_TRACKS}", kind="mixed", conditions=conditions)
            )
            for _ in range(2)
        )
        found[conditions] = {
            name: {0: figures(test, places)}
            | {n: figures(test, places, test.tracks == n) for n in range(1, MOST_TRACKS + 1)}
            for name, places in judged(tuning, test, network).items()
        }
    output.mkdir(parents=True, exist_ok=True)
    with drawing(report.STYLE), mpl.rc_context({"savefig.dpi": 80}):
        save_figure(report.accuracies(found["detector"]), output / "accuracy", ("png",))
    written = written or output / "README.md"
    written.write_text(report.page(found, size, output, written.parent), encoding="utf-8")
    click.echo(report.table(found))


if __name__ == "__main__":
    run(main, "association.py")
