"""Triton Inference Server (https://github.com/triton-inference-server), by gRPC.

Nothing but tensors is sent. What the library does is left to it: gRPC repeats a request that found
the server away, each time after a longer pause (https://github.com/grpc/proposal, A6), and waits
for a server that is being started again, until the request's time is over.
"""

from __future__ import annotations

import json
import threading
import warnings
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException, np_to_triton_dtype, triton_to_np_dtype

from rootml.errors import IntegrityError, NetworkError, RootmlWarning, ServerAway, nearest
from rootml.runtime.engine import Engine, Port
from rootml.runtime.servers import SHA256, Server
from rootml.spec import Array

IN_FLIGHT = 4
"""Requests on their way at once: the server works on one while others travel."""
REQUEST_BYTES = 8 << 20
"""Size of the tensors of a request, unless a single row is larger."""
OPENING = 10.0
"""Seconds within which a server is to say what it has."""

_SERVICE = "inference.GRPCInferenceService"
_AWAY = ("StatusCode.UNAVAILABLE", "StatusCode.DEADLINE_EXCEEDED")
_RETRY = {
    "maxAttempts": 5,  # gRPC makes no more
    "initialBackoff": "0.1s",
    "backoffMultiplier": 3,
    "maxBackoff": "3s",
    "retryableStatusCodes": ["UNAVAILABLE"],
}
_CHANNEL = [
    ("grpc.max_send_message_length", -1),
    ("grpc.max_receive_message_length", -1),
    ("grpc.per_rpc_retry_buffer_size", 4 * REQUEST_BYTES),  # larger requests are not repeated
    ("grpc.initial_reconnect_backoff_ms", 250),
    ("grpc.max_reconnect_backoff_ms", 3000),
    (
        "grpc.service_config",
        json.dumps(
            {
                "methodConfig": [
                    {"name": [{"service": _SERVICE}], "retryPolicy": _RETRY},
                    {
                        "name": [{"service": _SERVICE, "method": "ModelInfer"}],
                        "retryPolicy": _RETRY,
                        "waitForReady": True,
                    },
                ]
            }
        ),
    ),
]


class TritonEngine(Engine):
    """A model on a Triton server.

    ``sha256``: that of the card's network; IntegrityError where the server has another.
    ``local``: what goes on where the server is away; without it ServerAway is raised. Pickled,
    it travels as the address and connects anew.
    """

    name = "triton"

    def __init__(self, server: Server, sha256: str, local: Engine | None = None) -> None:
        self.server, self._expected, self._local = server, sha256, local
        self.where = self.device = str(server)
        self._away = False
        self._lock = threading.Lock()
        self._pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="rootml-triton")
        self._client = triton.InferenceServerClient(
            server.host, ssl=server.tls, channel_args=_CHANNEL
        )
        try:
            self._open()
        except ServerAway as error:
            self._fall_back(error)
            assert local is not None
            self.version, self.sha256 = "unknown", local.sha256
            self.inputs, self.outputs = local.inputs, local.outputs

    def _open(self) -> None:
        """Ask what the server has, and set the ports by it."""
        named: Any = (self.server.model, self.server.version)
        within = {"client_timeout": min(OPENING, self.server.timeout)}
        self.version = self._ask(lambda: self._client.get_server_metadata(**within)).version
        try:
            told = self._ask(lambda: self._client.get_model_metadata(*named, **within))
            config = self._ask(lambda: self._client.get_model_config(*named, **within)).config
        except ServerAway:
            raise
        except NetworkError as error:
            raise NetworkError(f"{error}{self._models(within)}") from error
        self.inputs = {port.name: _port(port) for port in told.inputs}
        self.outputs = {port.name: _port(port) for port in told.outputs}
        self._max_rows = config.max_batch_size
        self.sha256 = config.parameters[SHA256].string_value if SHA256 in config.parameters else ""
        self._check_identity()

    def _models(self, within: Mapping[str, float]) -> str:
        """What the server has, in words."""
        index = self._ask(lambda: self._client.get_model_repository_index(**within))
        known = sorted({model.name for model in index.models})
        return f"{nearest(self.server.model, known)} (it has: {', '.join(known) or 'none'})"

    def _check_identity(self) -> None:
        if not self.sha256:
            warnings.warn(
                f"{self.where}: the server does not tell which network this is (a parameter "
                f"{SHA256!r} of its configuration, as `rootml models export --triton` writes it); "
                "the output will not vouch for it",
                RootmlWarning,
            )
        elif self.sha256 != self._expected:
            raise IntegrityError(
                f"{self.where}: not the network that the card describes\n"
                f"  sha256 expected: {self._expected}\n"
                f"  sha256 there:    {self.sha256}"
            )

    def run_each(
        self, batches: Iterable[Mapping[str, Array]], outputs: Sequence[str]
    ) -> Iterator[list[Array]]:
        """What :meth:`run` returns of each batch, in order; several are on their way at once."""
        waiting: deque[Future[list[Array]]] = deque()
        try:
            for tensors in batches:
                waiting.append(self._pool.submit(self.run, tensors, outputs))
                while waiting and (self._away or len(waiting) == IN_FLIGHT):
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()

    def described(self) -> dict[str, str]:
        """What ran the network; ``fallback``: what ran it since the server was found away."""
        said = super().described()
        if self._away and self._local is not None:
            said["fallback"] = f"{self._local.name} {self._local.version}"
        return said

    def __reduce__(self) -> tuple[type[TritonEngine], tuple[Server, str, Engine | None]]:
        return type(self), (self.server, self._expected, self._local)

    def _run(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        if not self._away:
            try:
                return self._request_all(tensors, outputs)
            except ServerAway as error:
                self._fall_back(error)
        assert self._local is not None
        return self._local.run(tensors, outputs)

    def _request_all(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        """Run a batch in requests that the server takes."""
        rows = len(next(iter(tensors.values())))
        size = sum(array.nbytes for array in tensors.values())
        step = max(1, REQUEST_BYTES * rows // max(size, 1))  # 0: lists that are all empty
        step = min(step, self._max_rows or step)
        parts = [
            self._request({name: array[at : at + step] for name, array in tensors.items()}, outputs)
            for at in range(0, rows, step)
        ]
        return [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]

    def _request(self, tensors: Mapping[str, Array], outputs: Sequence[str]) -> list[Array]:
        given = []
        for name, array in tensors.items():
            given.append(triton.InferInput(name, array.shape, np_to_triton_dtype(array.dtype)))
            given[-1].set_data_from_numpy(array)
        answer = self._ask(
            lambda: self._client.infer(
                self.server.model,
                given,
                self.server.version,
                [triton.InferRequestedOutput(name) for name in dict.fromkeys(outputs)],
                client_timeout=self.server.timeout,
            )
        )
        return [answer.as_numpy(name) for name in outputs]

    def _ask(self, call: Callable[[], Any]) -> Any:
        """The server's answer; ServerAway where there is none, NetworkError where it refuses."""
        try:
            return call()
        except InferenceServerException as error:
            if error.status() in _AWAY:
                late = error.status() == _AWAY[1]
                said = f"no answer in time ({error.message()})" if late else error.message()
                raise ServerAway(f"{self.where}: the server is away: {said}") from error
            raise NetworkError(f"{self.where}: {error.message()}") from error

    def _fall_back(self, error: ServerAway) -> None:
        """Leave the server for good; raises ``error`` where nothing else can run the network."""
        if self._local is None:
            raise error
        with self._lock:
            told, self._away = self._away, True
        if not told:
            warnings.warn(
                f"{error}; {self._local.name} runs the network here from now on", RootmlWarning
            )


def _port(told: Any) -> Port:
    known = triton_to_np_dtype(told.datatype)
    dtype = told.datatype if known is None else np.dtype(known).name
    return Port(told.name, dtype, tuple(None if size < 0 else size for size in told.shape))
