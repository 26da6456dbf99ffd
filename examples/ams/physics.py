"""Is the simulation right? Its numbers beside the literature's, as figures and one page.

\b
    python examples/ams/physics.py -o runs/physics
    python examples/ams/physics.py --files ams.root     # selected events for the reference scores
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import click
import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure
from validity import draw, electrons, protons, samples
from validity.page import Found, page

from rootml.cli import run
from rootml.validation.plots.canvas import drawing
from rootml.validation.plots.save import save_figure

FILES = click.Path(exists=True, dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)
DPI = 80


@click.command(help=__doc__)
@click.option("--output", "-o", type=FOLDER, default=Path("runs/physics"), show_default=True)
@click.option(
    "--electrons",
    "per_energy",
    type=click.IntRange(20),
    default=1500,
    show_default=True,
    help="Electrons at each of eight energies.",
)
@click.option(
    "--protons",
    "crossing",
    type=click.IntRange(200),
    default=100_000,
    show_default=True,
    help="Protons of 50-500 GeV that cross.",
)
@click.option(
    "--files",
    multiple=True,
    type=FILES,
    help="Selected events of the flat layout with truth; otherwise some are simulated.",
)
@click.option(
    "--page",
    "written",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the page goes.  [default: OUTPUT/README.md]",
)
@click.option("--seed", type=int, default=6, show_default=True)
def main(
    output: Path,
    per_energy: int,
    crossing: int,
    files: tuple[Path, ...],
    written: Path | None,
    seed: int,
) -> None:
    rng = np.random.default_rng(seed)
    found, background = measure(per_energy, crossing, files, rng)
    output.mkdir(parents=True, exist_ok=True)
    for name, figure in figures(found, background).items():
        with drawing(draw.STYLE), mpl.rc_context({"savefig.dpi": DPI}):
            save_figure(figure(), output / name, ("png",))
    written = written or output / "README.md"
    written.write_text(page(found, output, written.parent), encoding="utf-8")
    (output / "result.json").write_text(json.dumps(found.record(), indent=1) + "\n")
    click.echo("\n".join([*found.lines(), str(written)]))


def measure(
    per_energy: int, crossing: int, files: tuple[Path, ...], rng: np.random.Generator
) -> tuple[Found, samples.Particles]:
    """Everything that the page says, and the protons that cross."""
    background = samples.protons(*protons.RANGE_GEV, crossing, rng)
    signal = samples.spread_electrons(*protons.RANGE_GEV, 8 * per_energy, rng)
    generated = samples.mixture("generated", 4 * per_energy, rng)
    columns: Mapping[str, Any]
    if files:
        columns = samples.read(files, ["en3d", "ecal3dbdt", "EcalEMlhd", "truth_label"])
    else:
        columns = samples.mixture("reconstructed", 8 * per_energy, rng).columns
    showers = electrons.measure_all(per_energy, rng)
    found = Found(
        showers=showers,
        terms=electrons.fit_resolution(showers),
        interactions=protons.interactions(background),
        matched=protons.matched_share(background),
        rejections={k: protons.rejections(signal, background, k) for k in protons.SCORES},
        accuracies={k: protons.accuracy(generated, k) for k in protons.SCORES},
        ratios=protons.selected(columns),
        per_energy=per_energy,
        selected=len(columns["en3d"]),
        generated=len(generated),
    )
    return found, background


def figures(found: Found, background: samples.Particles) -> dict[str, Callable[[], Figure]]:
    showers = found.showers
    return {
        "profiles": lambda: draw.profiles(showers),
        "maximum": lambda: draw.maxima(showers),
        "containment": lambda: draw.containment(showers),
        "resolution": lambda: draw.resolutions(showers),
        "width": lambda: draw.widths(showers),
        "angle": lambda: draw.angles(showers),
        "interactions": lambda: draw.survivors(found.interactions),
        "seen": lambda: draw.seen_energy(background),
        "rejection": lambda: draw.rejections(found.rejections),
    }


if __name__ == "__main__":
    run(main, "physics.py")
