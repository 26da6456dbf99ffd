"""What a training that was interrupted goes on from: checkpoints, and when to stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning as L
import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint

from rootml.errors import OutputError


class Checkpoint(ModelCheckpoint):
    """Lightning's, which also remembers what was best in a folder that was moved or copied."""

    def __init__(self, folder: Path, name: str, monitor: str | None = None) -> None:
        super().__init__(folder, name, monitor=monitor, enable_version_counter=False)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what is remembered, with all paths in the folder of now."""

        def here(path: str) -> str:
            return str(Path(str(self.dirpath), Path(path).name)) if path else ""

        names = ("best_model_path", "kth_best_model_path", "last_model_path")
        state = state_dict | {name: here(state_dict[name]) for name in names}
        state["best_k_models"] = {here(p): s for p, s in state_dict["best_k_models"].items()}
        super().load_state_dict(state | {"dirpath": self.dirpath})


class Patience(EarlyStopping):
    """Lightning's, which a training that was stopped does not go on against when it is resumed.

    The patience is that of now, not the one that a checkpoint remembers.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take what is remembered but the patience."""
        super().load_state_dict(state_dict | {"patience": self.patience})

    def on_fit_start(self, trainer: L.Trainer, pl_module: L.LightningModule) -> None:
        """Stop at once where no patience is left."""
        trainer.should_stop = trainer.should_stop or self.wait_count >= self.patience


class WholeFiles(TorchCheckpointIO):
    """Writes a checkpoint beside its place, then gives it its name.

    Lightning's own copies it from the system's temporary folder, in which a kill leaves half a
    checkpoint where that is another file system.
    """

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write a checkpoint to ``path``; OutputError where that fails."""
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        part = target.with_name(f"{target.name}.part")
        try:
            torch.save(checkpoint, part)
            part.replace(target)
        except (OSError, RuntimeError) as error:  # the latter is torch's of a full disk
            part.unlink(missing_ok=True)
            reason = str(error).splitlines()[0]
            raise OutputError(f"cannot write {target}: {reason}") from error
