"""Make the images of docs/reference/plots.md by the commands that the page gives.

    python docs/make_gallery.py FOLDER

Each section of the page begins with the study that simulates, trains and tags; each command below
it ends in ``# PLOT``, the file that the image above it shows. What is in FOLDER already from an
earlier run is not simulated again.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "reference" / "plots.md"
STUDY = re.compile(r"^bash .*examples/validation/(?P<name>\w+)/study\.sh.*$", re.MULTILINE)
SHOWN = re.compile(
    r"!\[[^\]]*\]\((?P<image>[^)]+)\)\n+```sh\n(?P<command>rootml [^`]*?)\s+# (?P<plot>\S+)\n```"
)
WIDTH, COLOURS = 960, 64


def main(folder: str) -> None:
    """Run the page section by section."""
    text = PAGE.read_text(encoding="utf-8")
    studies = list(STUDY.finditer(text))
    ends = [study.start() for study in studies[1:]] + [len(text)]
    for study, end in zip(studies, ends, strict=True):
        place = Path(folder).resolve() / study["name"]
        if not place.exists():
            place.mkdir(parents=True)
            run(study[0].replace("examples/", f"{DOCS.parent}/examples/"), place)
        done = set()
        for image, command, plot in shown(text[study.end() : end]):
            if command not in done:
                run(f"{command} --overwrite", place)
                done.add(command)
            reduce(place / plot, PAGE.parent / image)


def shown(section: str) -> Iterator[tuple[str, str, str]]:
    """Image, command and plot, in the order of the page."""
    for match in SHOWN.finditer(section):
        yield match["image"], match["command"].replace("\\\n", " "), match["plot"]


def run(command: str, folder: Path) -> None:
    """A line of the page, by this Python's programs."""
    print("$", " ".join(command.split()), flush=True)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    subprocess.run(
        ["bash", "-c", command], cwd=folder, env={**os.environ, "PATH": path}, check=True
    )


def reduce(plot: Path, image: Path) -> None:
    """A plot as a small PNG: fewer pixels, and a palette."""
    with Image.open(plot) as opened:
        picture = opened.convert("RGB")
    size = WIDTH, round(picture.height * WIDTH / picture.width)
    small = picture.resize(size, Image.Resampling.LANCZOS)
    image.parent.mkdir(parents=True, exist_ok=True)
    small.quantize(COLOURS, dither=Image.Dither.NONE).save(image, optimize=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
