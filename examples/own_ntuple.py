"""From an ntuple and a network of your own to a tagged file with plots, step by step.

    python own_ntuple.py folder

Writes a flat ntuple, trains trees of scikit-learn on it, drafts the card, settles what the draft
leaves open, tags the ntuple and compares with scikit-learn's own numbers. docs/how-to/own-ntuple.md
explains each step. Needs scikit-learn and skl2onnx (pip install "rootml[sklearn]").
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import uproot
from sklearn.ensemble import HistGradientBoostingClassifier

from rootml.spec import TensorSpec
from rootml.training.sklearn_export import export_estimator

INPUTS = ["met", "m_jj", "deta_jj", "tau_pt"]
EVENTS = 6000


def main(folder: str) -> None:
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    ntuple, network, tagged = place / "ntuple.root", place / "higgs.onnx", place / "tagged.root"
    branches = write_ntuple(ntuple)
    inputs = np.column_stack([branches[name] for name in INPUTS])
    model = HistGradientBoostingClassifier(max_iter=30, random_state=1)
    model.fit(inputs, branches["is_signal"])
    export_estimator(model, [TensorSpec("features", (len(INPUTS),))], network)

    run("rootml", "new-card", network, ntuple, "--overwrite")
    settle(network.with_suffix(".card.yaml"))
    run("rootml-tag", ntuple, tagged, "--model", network.with_suffix(".card.yaml"), "--overwrite")

    scores = uproot.open(tagged)["events/higgs_score"].array(library="np")
    expected = model.predict_proba(inputs)[:, 1]
    print(f"largest difference to scikit-learn: {np.abs(scores - expected).max():.1e}")


def write_ntuple(path: Path) -> dict[str, np.ndarray]:
    """Events with three measurements, and in two thirds of them a tau; else its pt is -999."""
    rng = np.random.default_rng(1)
    is_signal = rng.random(EVENTS) < 0.5
    tau_pt = 20 + rng.exponential(np.where(is_signal, 30, 20))
    branches = {
        "met": rng.exponential(np.where(is_signal, 60, 35)),
        "m_jj": rng.normal(np.where(is_signal, 110, 90), 18),
        "deta_jj": rng.exponential(np.where(is_signal, 2.0, 1.3)),
        "tau_pt": np.where(rng.random(EVENTS) < 0.33, -999, tau_pt),
    }
    branches = {name: values.astype("f4") for name, values in branches.items()}
    branches["is_signal"] = is_signal.astype("i4")
    with uproot.recreate(path) as file:
        types = {name: values.dtype for name, values in branches.items()}
        file.mktree("events", types).extend(branches)
    return branches


def settle(card: Path) -> None:
    """What a user does in an editor: the order is right, and the training knew -999 as it is."""
    lines = card.read_text().splitlines()
    kept = [line for line in lines if not line.lstrip().startswith(("sentinels:", "missing:"))]
    text = "\n".join(kept).replace(" !TODO", "").replace("# truth:", "truth:")
    card.write_text(text.replace("data: unknown", "data: the ntuple itself") + "\n")


def run(*command: object) -> None:
    """Run a command of this Python's environment."""
    program, *args = map(str, command)
    print("$", program, *args)
    subprocess.run([Path(sys.executable).with_name(program), *args], check=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
