"""ONNX Runtime (https://onnxruntime.ai), the default engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import onnxruntime as ort

from rootml.errors import MissingExtra, NetworkError
from rootml.runtime.engine import FileEngine, Port
from rootml.runtime.network_file import refuse_external_data
from rootml.spec import Array

_FATAL = 4
_CUDA = "CUDAExecutionProvider"
_DTYPES = {
    "tensor(bool)": "bool",
    "tensor(double)": "float64",
    "tensor(float)": "float32",
    "tensor(float16)": "float16",
} | {
    f"tensor({kind}{bits})": f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64)
}


class OnnxEngine(FileEngine):
    """An ONNX Runtime session."""

    name = "onnxruntime"
    version = ort.__version__
    format = "onnx"

    def _open(self, data: bytes) -> None:
        refuse_external_data(data, self.path)
        self._session = ort.InferenceSession(
            data, _session_options(self.threads), providers=_providers(self.device)
        )
        if self.device == "cuda" and _CUDA not in self._session.get_providers():
            raise NetworkError(f"{self.path}: ONNX Runtime could not start CUDA on this machine")
        # ONNX Runtime gives [] both for a scalar and for an unknown rank. No input is without a
        # batch axis; of an output of unknown rank nothing can be said before it is there.
        self.inputs = {
            node.name: Port(node.name, _dtype(node), tuple(node.shape))
            for node in self._session.get_inputs()
        }
        self.outputs = {
            node.name: Port(node.name, _dtype(node), tuple(node.shape) or None)
            for node in self._session.get_outputs()
        }
        self.metadata = dict(self._session.get_modelmeta().custom_metadata_map)

    def _run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        return list(self._session.run(list(outputs), dict(tensors)))


def _session_options(threads: int) -> ort.SessionOptions:
    ort.disable_telemetry_events()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    # Idle threads that spin take the cores from the reader and from other jobs: on a busy
    # machine two threads gave a third fewer events per CPU second with spinning than without.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return options


def _providers(device: str) -> list[Any]:
    if device == "cpu":
        return ["CPUExecutionProvider"]
    if _CUDA not in ort.get_available_providers():
        raise MissingExtra(
            "device 'cuda': this ONNX Runtime was built without CUDA; install the other build: "
            'pip uninstall onnxruntime && pip install "onnxruntime-gpu[cuda,cudnn]"'
        )
    # TensorFloat-32 keeps 10 bits of the mantissa: scores would differ from the CPU's by 1e-3.
    return [(_CUDA, {"use_tf32": "0"}), "CPUExecutionProvider"]


def _dtype(node: Any) -> str:
    return _DTYPES.get(node.type, str(node.type))
