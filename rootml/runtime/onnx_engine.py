"""ONNX Runtime (https://onnxruntime.ai), the default engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnxruntime as ort

from rootml.errors import MissingExtra, NetworkError
from rootml.runtime.engine import Port
from rootml.runtime.network_file import read_network, refuse_external_data
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


class OnnxEngine:
    """An ONNX Runtime session that checks its file's sha256 whenever it is opened or unpickled."""

    def __init__(self, path: Path, sha256: str, threads: int = 1, device: str = "cpu") -> None:
        self.path = path
        self.threads = threads
        self.device = device
        self._sha256 = sha256
        data = read_network(path, sha256)
        refuse_external_data(data, path)
        self._session = _open_session(data, path, threads, device)
        self.inputs = {node.name: _port(node) for node in self._session.get_inputs()}
        self.outputs = {node.name: _port(node) for node in self._session.get_outputs()}

    def run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """The named outputs for one batch of rows."""
        try:
            return list(self._session.run(list(outputs), dict(tensors)))
        except Exception as error:  # ONNX Runtime's errors share no base class
            raise NetworkError(f"{self.path}: the network failed: {error}") from error

    def __reduce__(self) -> tuple[type[OnnxEngine], tuple[Path, str, int, str]]:
        return OnnxEngine, (self.path, self._sha256, self.threads, self.device)


def _open_session(data: bytes, path: Path, threads: int, device: str) -> ort.InferenceSession:
    ort.disable_telemetry_events()
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = _FATAL
    # Idle threads that spin take the cores from the reader and from other jobs: on a busy
    # machine two threads gave a third fewer events per CPU second with spinning than without.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = ort.InferenceSession(data, options, providers=_providers(device))
    except MissingExtra:
        raise
    except Exception as error:  # ONNX Runtime's errors share no base class
        raise NetworkError(f"{path}: ONNX Runtime cannot open this network: {error}") from error
    if device == "cuda" and _CUDA not in session.get_providers():
        raise NetworkError(f"{path}: ONNX Runtime could not start CUDA on this machine")
    return session


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


def _port(node: Any) -> Port:
    # ONNX Runtime reports [] both for a scalar and for an unknown rank; neither has a batch axis.
    shape = tuple(node.shape) or None
    return Port(node.name, _DTYPES.get(node.type, node.type), shape)
