from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import torch

from rootml.card import ModelCard


def test_two_processes_share_the_events_and_one_writes(toy, write_toy, tmp_path):
    script, folder = tmp_path / "train.py", tmp_path / "run"
    script.write_text("from rootml.cli import main\nmain()\n")
    words = ["train", "toy", write_toy(), "-o", folder, "--epochs", "2", "--device", "cpu"]
    path = [str(Path(toy.__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])]
    result = subprocess.run(
        [sys.executable, script, *map(str, words), "--devices", "2"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.count("figures on the test part") == 1
    settings = ModelCard.read(folder / "toy.card.yaml").training.settings
    assert (settings["devices"], settings["epochs"]) == (2, 2)
    last = torch.load(folder / "checkpoints/last.ckpt", weights_only=True)
    assert last["global_step"] == 2 * 5  # 150 of 300 events each, in batches of at most 32
    assert [path.name for path in (folder / "checkpoints").glob("version_*")] == ["version_0"]
