"""Fit the baseline's trees to simulated electrons and photons.

Run as ``python -m rootml_atlas.simulation.calibrate``: it writes ``baseline_<version>.onnx`` and
prints its SHA-256 for ``baseline.py``.
"""

from __future__ import annotations

import hashlib
import sys
from typing import Any, Final

import numpy as np

from rootml_atlas.simulation import baseline
from rootml_atlas.simulation.generate import draw
from rootml_atlas.simulation.options import settings

SEED: Final = 361_106_001
"""No other sample is drawn with it; studies use small numbers."""
SAMPLES: Final = {"electrons": 120_000, "photons": 60_000}
ENERGY_GEV: Final = (10.0, 1000.0)
STEP: Final = 5000
RATIO: Final = (0.7, 2.0)
"""Targets beyond are moved to these (a choice): of what the cluster hardly sees nothing can be
learnt."""
TREES: Final = {
    "loss": "absolute_error",
    "learning_rate": 0.12,
    "max_iter": 120,
    "max_leaf_nodes": 24,
    "min_samples_leaf": 100,
    "random_state": 1,
}


def fit(size: float = 1.0) -> Any:
    """Fit to a share ``size`` of the samples; the median of the answers is that of the truth."""
    from sklearn.ensemble import HistGradientBoostingRegressor

    rng = np.random.default_rng(SEED)
    inputs, targets = [], []
    for sample, number in SAMPLES.items():
        asked = settings({"sample": sample, "energy": ENERGY_GEV})
        for _ in range(0, int(size * number), STEP):
            events = draw(STEP, asked, lambda scalars: scalars["p_eAccCluster"], rng)
            columns = {name: events[name].to_numpy() for name in (*baseline.INPUTS, "p_truth_E")}
            inputs.append(baseline.features(columns))
            ratio = columns["p_truth_E"] / np.maximum(columns["p_eAccCluster"], 1.0)
            targets.append(np.clip(ratio, *RATIO))
    trees = HistGradientBoostingRegressor(**TREES)
    return trees.fit(np.concatenate(inputs), np.concatenate(targets))


def main() -> None:
    """Write the trees."""
    from skl2onnx import to_onnx
    from skl2onnx.common.data_types import FloatTensorType

    kind = [("scalars", FloatTensorType([None, len(baseline.INPUTS)]))]
    content = to_onnx(fit(), initial_types=kind).SerializeToString()
    baseline.FILE.write_bytes(content)
    sys.stdout.write(f"SHA256 = {hashlib.sha256(content).hexdigest()!r}\n{len(content)} bytes\n")


if __name__ == "__main__":
    main()
