"""OpenVINO (https://docs.openvino.ai): ONNX graphs on the CPU, faster for many networks."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

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

    Each thread that calls it has a request of its own; they share the engine's threads.
    """

    name = "openvino"
    version = ov.__version__.partition("-")[0]
    format = "onnx"

    def _open(self, data: bytes) -> None:
        refuse_external_data(data, self.path)
        core = _core()
        self._network = core.compile_model(core.read_model(data), "CPU", _settings(self.threads))
        self._requests = threading.local()
        self.inputs = _ports(self._network.inputs)
        self.outputs = _ports(self._network.outputs)

    def _run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        if not hasattr(self._requests, "own"):
            self._requests.own = self._network.create_infer_request()
        request = self._requests.own
        request.infer(dict(tensors), share_inputs=True)
        return [np.array(request.get_tensor(output).data) for output in outputs]


@cache
def _core() -> ov.Core:
    return ov.Core()


def _settings(threads: int) -> dict[str, Any]:
    return {
        "INFERENCE_NUM_THREADS": threads,
        "INFERENCE_PRECISION_HINT": "f32",  # else bfloat16, where the CPU has it
        "PERFORMANCE_HINT": "LATENCY",
        "NUM_STREAMS": 1,
        # Several jobs of a batch node would be pinned to the same core.
        "ENABLE_CPU_PINNING": False,
    }


def _ports(nodes: Sequence[Any]) -> dict[str, Port]:
    return {name: _port(name, node) for node in nodes for name in node.names}


def _port(name: str, node: Any) -> Port:
    shape = node.partial_shape
    dtype = node.element_type.to_dtype().name
    if shape.rank.is_dynamic:
        return Port(name, dtype, None)
    return Port(name, dtype, tuple(None if d.is_dynamic else d.get_length() for d in shape))
