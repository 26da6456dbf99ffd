"""The example of coffea: one processor, two experiments, the scores that files get."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import pytest
import uproot

import rootml

pytest.importorskip("coffea")
pytest.importorskip("torch")
pytest.importorskip("skl2onnx")
NANO, PHYSLITE = "generic/nano_dy.root", "atlas/PHYSLITE_example.root"


@pytest.mark.filterwarnings("ignore")  # of coffea on branches it skips, of torch's exporter
def test_scores_of_two_experiments(shared: Callable, run: Callable, tmp_path: Path) -> None:
    files = {"cms": shared(NANO), "atlas": shared(PHYSLITE)}
    for name, script in (("cms", "cms_nanoaod"), ("atlas", "atlas_physlite")):
        run(f"{script}/make_networks.py", files[name], tmp_path / name)
    cards = {name: tmp_path / name / "electron_id.card.yaml" for name in files}
    pairs = [word for name, file in files.items() for word in (file, cards[name])]
    script = run("coffea/electron_scores.py", tmp_path / "scores.png", *pairs)
    assert (tmp_path / "scores.png").stat().st_size > 10_000

    tagged = tmp_path / "tagged.root"
    rootml.tag_file(files["cms"], tagged, cards["cms"], plots=False)
    with uproot.open(tagged)["Events"] as tree:
        score, flavour = (
            ak.to_numpy(ak.flatten(tree[f"Electron_{name}"].array()))
            for name in ("electron_id_score", "genPartFlav")
        )
    found = script.scores_of(str(files["cms"]), str(cards["cms"]), script.CMS)
    for signal in (True, False):
        chosen = score[(flavour == 1) == signal]
        expected, _ = np.histogram(chosen[chosen >= 0], 10, (0, 1))
        np.testing.assert_array_equal(found[signal, :].values(), expected)
