"""The example of CMS NanoAOD: what the cards declare is what the training computed by hand."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import awkward as ak
import numpy as np
import onnxruntime as ort
import pytest
import uproot

import rootml

pytest.importorskip("torch")
pytest.importorskip("skl2onnx")
SCRIPT = "cms_nanoaod/make_networks.py"


@pytest.mark.filterwarnings("ignore")  # of torch's exporter, on itself
def test_scores_of_electrons_and_events(
    shared: Callable, run: Callable, root_counts: Callable, tmp_path: Path
) -> None:
    nano, models = shared("generic/nano_dy.root"), tmp_path / "models"
    both = tmp_path / "both.root"
    script = run(SCRIPT, nano, models)
    cards = [models / f"{name}.card.yaml" for name in ("electron_id", "light_leptons")]
    rootml.tag_file(nano, both, cards, plots=False)

    with uproot.open(both) as file:
        tree = file["Events"]
        assert tree["Electron_electron_id_score"].count_branch.name == "nElectron"
        events = tree.arrays(filter_name=["/(Electron|Muon|Jet|LHEPart)_.*/", "MET_pt"])
        light = tree["light_leptons_score"].array(library="np")
    score = events.Electron_electron_id_score
    low = events.Electron_pt <= 5
    assert ak.all(np.isnan(score[low]))
    inputs, _ = script.electron_inputs(events)
    session = ort.InferenceSession(models / "electron_id.onnx")
    expected = session.run(None, {"features": inputs})[0]
    np.testing.assert_allclose(ak.flatten(score[~low]), expected, rtol=1e-4)

    inputs, _ = script.event_inputs(events)
    expected = ort.InferenceSession(models / "light_leptons.onnx").run(None, inputs)[0]
    np.testing.assert_allclose(light, expected, rtol=1e-4)
    counted = "Electron_electron_id_score.size() == nElectron && light_leptons_score > 0"
    assert root_counts(both, "Events", counted) == len(light) == 40
