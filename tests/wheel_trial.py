"""Build the wheel, install it without extras, and use it from an empty folder.

Not collected by pytest, because it installs packages: ``make wheel`` runs it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECK = """
import importlib.util, pathlib, numpy, uproot, rootml
assert importlib.util.find_spec("torch") is None, "the base installation must not bring torch"
events = rootml.annotate("ams.root:t1", model="committee_ams")
scores = uproot.open("tagged.root:t1/committee_ams_score").array(library="np")
assert len(scores) == 500
numpy.testing.assert_allclose(events.committee_ams_score, scores, atol=1e-6)
page = pathlib.Path("tagged_validation", "index.html").read_text(encoding="utf-8")
assert "</html>" in page and "data:image/png" in page and "setUpTabs" in page
print("wheel: tagged", len(scores), "events without torch")
"""


def run(*command: str | Path, cwd: Path) -> None:
    subprocess.run([str(part) for part in command], cwd=cwd, check=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--constraint", type=Path, required=True)
    constraint = parser.parse_args().constraint.resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        empty = folder / "empty"
        empty.mkdir()
        run(sys.executable, "-m", "build", "--wheel", "--outdir", folder, ROOT, cwd=folder)
        venv.create(folder / "venv", with_pip=True)
        bin_ = folder / "venv" / "bin"
        wheel = next(folder.glob("*.whl"))
        run(bin_ / "pip", "install", "--quiet", "--constraint", constraint, wheel, cwd=empty)
        run(bin_ / "rootml", "simulate", "ams", "-n", "500", "-o", "ams.root", cwd=empty)
        run(bin_ / "rootml-tag", "ams.root", "tagged.root", cwd=empty)
        run(bin_ / "python", "-c", CHECK, cwd=empty)


if __name__ == "__main__":
    main()
