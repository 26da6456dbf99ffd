"""OpenVINO (https://docs.openvino.ai): ONNX graphs on the CPU, in float32 or partly in bfloat16."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

from rootml.errors import NetworkError
from rootml.runtime.engine import FileEngine, Port
from rootml.runtime.network_file import refuse_external_data
from rootml.spec import Array


@contextmanager
def _without_telemetry() -> Iterator[None]:
    """Hide the package that sends statistics of use: it does so by default, when imported."""
    name = "openvino_telemetry"
    hidden = name not in sys.modules
    if hidden:
        sys.modules[name] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        if hidden:
            del sys.modules[name]


with _without_telemetry():
    import openvino as ov


class OpenVinoEngine(FileEngine):
    """A network compiled for this machine's CPU, in float32.

    Each thread that calls it has requests of its own; they share the engine's threads.
    """

    name = "openvino"
    version = ov.__version__.partition("-")[0]
    format = "onnx"

    def _open(self, data: bytes) -> None:
        refuse_external_data(data, self.path)
        model = _core().read_model(data)
        self.inputs, self.outputs = _ports(model.inputs), _ports(model.outputs)
        self._parts = self._compiled(model)
        self._requests = threading.local()

    def _compiled(self, model: ov.Model) -> list[ov.CompiledModel]:
        """The parts of the graph, in order: each takes the inputs and what those before give."""
        return [_compile(model, "f32", self.threads)]

    def _run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        if not hasattr(self._requests, "own"):
            self._requests.own = [part.create_infer_request() for part in self._parts]
        *before, last = self._requests.own
        values = dict(tensors)
        for request in before:
            request.infer(values, share_inputs=True)
            values |= {
                port.any_name: request.get_tensor(port).data for port in request.model_outputs
            }
        last.infer(values, share_inputs=True)
        return [np.array(last.get_tensor(output).data) for output in outputs]


class OpenVinoBf16Engine(OpenVinoEngine):
    """A network in two parts: in float32 up to the card's tensor, in bfloat16 what follows it.

    Left to itself, OpenVINO computes all in bfloat16: also positions, of which its 8 bits leave
    a quarter of a cell.
    """

    name = "openvino-bf16"

    @staticmethod
    def runs_here() -> bool:
        """Whether this machine's processor computes in bfloat16."""
        return "BF16" in _core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")

    def _compiled(self, model: ov.Model) -> list[ov.CompiledModel]:
        if not self.options.bfloat16_after:
            raise NetworkError(
                f"{self.path}: its card does not say what may be computed in bfloat16 "
                "(network.bfloat16); the engine openvino computes in float32"
            )
        if not self.runs_here():
            raise NetworkError(
                f"{self.path}: this machine's processor does not compute in bfloat16; the engines "
                "onnxruntime and openvino compute in float32"
            )
        border = self._border(model)
        front = ov.Model([border], model.get_parameters())
        parts = [_compile(front, "f32", self.threads)]
        rest = self._cut(model, border)
        return [*parts, _compile(rest, "bf16", self.threads)]

    def _border(self, model: ov.Model) -> ov.Output:
        name = self.options.bfloat16_after
        for node in model.get_ordered_ops():
            for output in node.outputs():
                if name in output.names and node not in model.get_parameters():
                    return output
        raise NetworkError(
            f"{self.path}: behind its inputs the graph has no tensor {name!r} (network.bfloat16)"
        )

    def _cut(self, model: ov.Model, border: ov.Output) -> ov.Model:
        """What follows ``border``, which becomes an input; changes ``model``."""
        entrance = ov.opset13.parameter(border.partial_shape, border.element_type)
        entrance.output(0).set_names(border.names)
        for reader in border.get_target_inputs():
            reader.replace_source_output(entrance.output(0))
        inputs = model.get_parameters()
        rest = ov.Model(model.get_results(), [*inputs, entrance])
        for node in rest.get_ordered_ops():
            sources = [value.get_source_output().get_node() for value in node.inputs()]
            if node.get_type_name() != "ShapeOf" and any(one in inputs for one in sources):
                raise NetworkError(
                    f"{self.path}: the graph goes past {self.options.bfloat16_after!r}: what "
                    "follows it takes inputs too, and would do so in bfloat16 (network.bfloat16)"
                )
        return rest


@cache
def _core() -> ov.Core:
    return ov.Core()


def _compile(model: ov.Model, precision: str, threads: int) -> ov.CompiledModel:
    settings = {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": precision,  # unsaid, bf16 throughout where the CPU has it
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        # Several jobs of a batch node would be pinned to the same core.
        "ENABLE_CPU_PINNING": False,
    }
    return _core().compile_model(model, "CPU", settings)


def _ports(nodes: Sequence[Any]) -> dict[str, Port]:
    return {name: _port(name, node) for node in nodes for name in node.names}


def _port(name: str, node: Any) -> Port:
    shape = node.partial_shape
    dtype = node.element_type.to_dtype().name
    if shape.rank.is_dynamic:
        return Port(name, dtype, None)
    return Port(name, dtype, tuple(None if d.is_dynamic else d.get_length() for d in shape))
