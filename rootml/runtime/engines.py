"""Which engine runs a network, on how many threads; engines are imported when they are used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from rootml.card import ModelCard
from rootml.errors import MissingExtra, NetworkError, nearest
from rootml.runtime.cores import available_cores, has_amx
from rootml.runtime.engine import Engine, EngineOptions, FileEngine
from rootml.runtime.servers import Server, is_server

SMALL_NETWORK = 1_000_000
"""Parameters below which a second thread costs more in synchronisation than it brings."""


@dataclass(frozen=True)
class EngineKind:
    """An engine for one format: its class, the extra that installs it, where it can run."""

    name: str
    format: str
    target: str
    extra: str = ""
    devices: tuple[str, ...] = ("cpu",)


BFLOAT16 = EngineKind("openvino-bf16", "onnx", "openvino_engine:OpenVinoBf16Engine", "openvino")
"""What runs a network where its card says that bfloat16 will do, and the processor has AMX."""
ENGINES = (
    EngineKind("onnxruntime", "onnx", "onnx_engine:OnnxEngine", devices=("cpu", "cuda")),
    EngineKind("openvino", "onnx", "openvino_engine:OpenVinoEngine", "openvino"),
    BFLOAT16,
    EngineKind("xgboost", "xgboost", "xgboost_engine:XGBoostEngine", "xgboost"),
    EngineKind("lightgbm", "lightgbm", "lightgbm_engine:LightGbmEngine", "lightgbm"),
    EngineKind("torch", "torch-export", "torch_export_engine:TorchExportEngine", "torch"),
    EngineKind("torch", "torchscript", "torchscript_engine:TorchScriptEngine", "torch"),
)
"""All engines that run files; the first of a format is its usual one."""
TRITON = EngineKind("triton", "", "triton_engine:TritonEngine", "triton")
"""Runs what a server has, of any format."""
FORMATS = tuple(dict.fromkeys(kind.format for kind in ENGINES))
NAMES = tuple(dict.fromkeys(kind.name for kind in ENGINES))
DEVICES = tuple(dict.fromkeys(device for kind in ENGINES for device in kind.devices))


def open_engine(
    card: ModelCard,
    path: Path,
    *,
    threads: int | None = None,
    device: str = "cpu",
    engine: str | None = None,
) -> FileEngine:
    """Start the engine for the network of ``card`` at ``path``, after checking its sha256.

    ``engine``: one of :data:`NAMES`; None takes the card's, else that in bfloat16 where card,
    installation and processor allow it, else the usual one of the format.
    ``threads``: None takes the card's, else one for small networks and all available cores for
    the others. ``device``: ``"cpu"`` or ``"cuda"``. Raises MissingExtra where the engine's
    library is not installed, IntegrityError, NetworkError.
    """
    if threads is not None and threads < 1:
        raise NetworkError(f"a network runs on one thread or more, not on {threads}")
    network = card.network
    name = engine or network.engine or _bfloat16_engine(card, device)
    kind = find_kind(network.format, name, str(path))
    _check_device(kind, device)
    options = EngineOptions(
        threads=threads or _best_threads(card, path),
        device=device,
        outputs=tuple(dict.fromkeys(output.source for output in card.outputs)),
        asked=threads is not None,
        bfloat16_after=network.bfloat16.after if network.bfloat16 else "",
    )
    return engine_class(kind)(path, network.sha256, options)


def open_server(card: ModelCard, server: Server, local: Engine | None = None) -> Engine:
    """Connect to the server that runs the network of ``card``; ``local``: what does if it is away.

    Raises MissingExtra where the client's library is not installed, ServerAway, NetworkError, or
    IntegrityError where the server says that it has another network.
    """
    named = server if server.model else replace(server, model=card.name)
    found = _imported(TRITON, "models on a server")
    engine: Engine = found(named, card.network.sha256, local)
    return engine


def find_kind(format: str, name: str = "", where: str = "network") -> EngineKind:
    """The engine called ``name`` for networks of ``format``; an empty name is the usual one.

    Raises NetworkError, which names the network as ``where``.
    """
    if format not in FORMATS:
        raise NetworkError(
            f"{where}: no engine runs networks of format {format!r}"
            f"{nearest(format, FORMATS)} (known: {', '.join(FORMATS)})"
        )
    if is_server(name):
        raise NetworkError(
            f"{where}: a card cannot name a server: where data are sent is for those to say who "
            "run it (engine=, --engine)"
        )
    if name and name not in NAMES:
        raise NetworkError(
            f"{where}: no engine is called {name!r}{nearest(name, NAMES)} "
            f"(known: {', '.join(NAMES)})"
        )
    kinds = [kind for kind in ENGINES if kind.format == format]
    for kind in kinds:
        if name in ("", kind.name):
            return kind
    raise NetworkError(
        f"{where}: the engine {name!r} does not run networks of format {format!r}; "
        f"{' or '.join(kind.name for kind in kinds)} does"
    )


def engine_class(kind: EngineKind) -> type[FileEngine]:
    """The class of an engine; MissingExtra where its library cannot be imported."""
    found: type[FileEngine] = _imported(kind, f"networks of format {kind.format!r}")
    return found


def _imported(kind: EngineKind, what: str) -> Any:
    module, _, name = kind.target.partition(":")
    try:
        return getattr(import_module(f"rootml.runtime.{module}"), name)
    except (ImportError, OSError) as error:  # OSError: a shared library of it is missing
        if not kind.extra:
            raise
        raise MissingExtra(
            f"{what} are run by {kind.name}, which cannot be "
            f'imported: {error}\n  pip install "rootml[{kind.extra}]"'
        ) from error


def _bfloat16_engine(card: ModelCard, device: str) -> str:
    """The engine that computes in bfloat16, if the card lets it and it is faster; else empty.

    Without AMX it would be slower than float32.
    """
    if card.network.bfloat16 is None or device != "cpu" or not has_amx():
        return ""
    try:
        found: Any = engine_class(BFLOAT16)
    except MissingExtra:
        return ""
    return BFLOAT16.name if found.runs_here() else ""


def _check_device(kind: EngineKind, device: str) -> None:
    if device not in DEVICES:
        known = " or ".join(repr(name) for name in DEVICES)
        raise NetworkError(f"no device is called {device!r}; expected {known}")
    if device not in kind.devices:
        raise NetworkError(
            f"the engine {kind.name} runs networks on {' or '.join(kind.devices)}, not on {device}"
        )


def _best_threads(card: ModelCard, path: Path) -> int:
    if card.threads is not None:
        return min(card.threads, available_cores())
    parameters = card.parameters
    if parameters is None:
        parameters = path.stat().st_size // 4 if path.exists() else 0
    return 1 if parameters < SMALL_NETWORK else available_cores()
