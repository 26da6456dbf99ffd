"""What the two engines of PyTorch (https://pytorch.org) share."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch

from rootml.runtime.engine import FileEngine
from rootml.spec import Array

_LOCK = threading.Lock()


class TorchEngine(FileEngine):
    """Base of the engines that run a network by PyTorch, on the CPU.

    PyTorch has one number of threads for the whole process. It is set for each call and put
    back, and calls wait for each other meanwhile.
    """

    name = "torch"
    version = torch.__version__

    def _names(self, count: int) -> tuple[str, ...]:
        """Names of outputs that the file only numbers: the card's, in the order it has them."""
        names = self.options.outputs or tuple(f"output_{place}" for place in range(count))
        if len(names) != count:
            raise ValueError(
                f"it gives {count} outputs without names, so that the card must name all of them "
                f"in order; it names {', '.join(names)}"
            )
        return names


@contextmanager
def inference(threads: int) -> Iterator[None]:
    """Run without gradients on this many threads, alone among all engines of the process."""
    with _LOCK, torch.inference_mode():
        before = torch.get_num_threads()
        torch.set_num_threads(threads)
        try:
            yield
        finally:
            torch.set_num_threads(before)


def from_numpy(value: Array) -> torch.Tensor:
    """An array as a tensor on the same memory; a copy where that must not be written."""
    return torch.from_numpy(np.require(value, requirements="W"))


def to_numpy(values: Sequence[torch.Tensor]) -> list[Array]:
    """Tensors as arrays."""
    return [value.numpy(force=True) for value in values]
