"""Make the images of docs/reference/plots.md by the commands that the page gives.

    python docs/make_gallery.py FOLDER

Each section of the page begins with the study that simulates, trains and tags. Each image names, as
its title, the plot that it shows of the command above it. What is in FOLDER already from an earlier
run is not simulated again.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from PIL import Image

DOCS = Path(__file__).resolve().parent
PAGE = DOCS / "reference" / "plots.md"
BLOCK = re.compile(
    r"```sh\n(?P<command>.*?)\n```|!\[[^]]*\]\((?P<image>\S+) \"(?P<plot>\S+)\"\)", re.S
)
STUDY = re.compile(r"bash (?P<script>examples/validation/(?P<name>\w+)/study\.sh.*)")
WIDTH, COLOURS = 720, 256


def main(folder: str) -> None:
    """Run the page from top to bottom."""
    place = Path(folder).resolve()
    for block in BLOCK.finditer(PAGE.read_text(encoding="utf-8")):
        command = block["command"]
        if command is None:
            reduce(place / block["plot"], (PAGE.parent / block["image"]).resolve())
        elif study := STUDY.fullmatch(command):
            place = Path(folder).resolve() / study["name"]
            if not place.exists():
                place.mkdir(parents=True)
                run(f"bash {DOCS.parent}/{study['script']}", place)
        else:
            run(f"{command} --overwrite", place)


def run(command: str, folder: Path) -> None:
    """A line of the page, by this Python's programs."""
    print("$", " ".join(command.replace("\\\n", " ").split()), flush=True)
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
