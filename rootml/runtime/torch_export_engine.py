"""Programs of torch.export (``.pt2``), run by PyTorch."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import torch
from torch.export import ExportedProgram

from rootml.runtime.engine import Port
from rootml.runtime.torch_archive import cleaned
from rootml.runtime.torch_engine import TorchEngine, from_numpy, inference, to_numpy
from rootml.spec import Array


class TorchExportEngine(TorchEngine):
    """A program of torch.export, from which only the graph and raw weights are read.

    Inputs are called as the arguments of ``forward``, outputs by their keys where ``forward``
    returns a dict, else by the card, in order.
    """

    format = "torch-export"

    def _open(self, data: bytes) -> None:
        program = torch.export.load(io.BytesIO(cleaned(data)))
        inputs, results = _values(program)
        spec = program.call_spec.out_spec
        form = spec.unflatten([*map(str, range(len(results)))]) if spec else None
        names = tuple(form) if isinstance(form, dict) else self._names(len(results))
        if len(names) != len(results):
            raise ValueError("it gives nested outputs; only a tensor, a tuple or a dict may be")
        self.inputs = {name: _port(name, value) for name, value in inputs.items()}
        self.outputs = {n: _port(n, value) for n, value in zip(names, results, strict=True)}
        self._arguments = program.call_spec.in_spec
        self._module = program.module()

    def _run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        given = [from_numpy(tensors[name]) for name in self.inputs]
        arguments, keywords = self._arguments.unflatten(given)
        with inference(self.threads):
            found = self._module(*arguments, **keywords)
        if isinstance(found, torch.Tensor):
            found = (found,)
        values = found if isinstance(found, dict) else dict(zip(self.outputs, found, strict=True))
        return to_numpy([values[name] for name in outputs])


def _values(program: ExportedProgram) -> tuple[dict[str, torch.Tensor], list[torch.Tensor]]:
    """Inputs by name and outputs, as tensors that have a type and a shape but no values."""
    signature = program.graph_signature
    nodes = {node.name: node for node in program.graph.nodes}
    inputs = {name: nodes[name].meta["val"] for name in signature.user_inputs}
    outputs = [nodes[name].meta["val"] for name in signature.user_outputs]
    if not all(isinstance(value, torch.Tensor) for value in (*inputs.values(), *outputs)):
        raise ValueError("it takes or gives other things than tensors")
    return inputs, outputs


def _port(name: str, value: torch.Tensor) -> Port:
    shape = tuple(size if isinstance(size, int) else str(size) for size in value.shape)
    return Port(name, str(value.dtype).removeprefix("torch."), shape)
