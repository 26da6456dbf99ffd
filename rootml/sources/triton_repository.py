"""Models as Triton Inference Server takes them: ``<folder>/<name>/``, to be served as it is.

There the network is ``1/model.onnx``, run by Triton's ONNX Runtime, the configuration is
``config.pbtxt`` (https://github.com/triton-inference-server/server, docs/user_guide), and the card
lies beside it. The configuration tells the network's sha256, by which clients know it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from rootml.errors import MissingExtra, NetworkError
from rootml.runtime.engine import Port
from rootml.runtime.model import Model
from rootml.runtime.servers import SHA256
from rootml.sources.cards import LocatedCard
from rootml.sources.export import files_of, put_folder


def export_triton(located: LocatedCard, model: Model, folder: Path) -> Path:
    """Put a model into ``folder`` for Triton, whole or not at all; returns its folder there.

    ``model``: the same, loaded. Raises NetworkError where it is no ONNX graph, OutputError where
    another model of this name is there, MissingExtra where the description of Triton's
    configuration is not installed.
    """
    card = located.card
    if card.network.format != "onnx":
        raise NetworkError(
            f"model {card.name!r}: its network is of format {card.network.format!r}; what is made "
            "for Triton are ONNX graphs, for others have no named inputs and outputs there"
        )
    (name, text), (_, network) = files_of(located).items()
    target = folder / card.name
    config = triton_config(model).encode()
    put_folder(target, {"config.pbtxt": config, "1/model.onnx": network, name: text})
    return target


def triton_config(model: Model) -> str:
    """The text of ``config.pbtxt`` for an ONNX graph, whose rows Triton may gather in batches."""
    try:
        from google.protobuf import text_format
        from tritonclient.grpc.model_config_pb2 import ModelConfig, ModelInstanceGroup
    except ImportError as error:
        raise MissingExtra(
            f'configurations of Triton need its client: {error}\n  pip install "rootml[triton]"'
        ) from error
    card = model.card
    config = ModelConfig(
        name=card.name,
        backend="onnxruntime",
        max_batch_size=model.batch_rows,
        instance_group=[ModelInstanceGroup(kind=ModelInstanceGroup.KIND_AUTO, count=1)],
    )
    config.dynamic_batching.SetInParent()
    for port in model.engine.inputs.values():
        _add(config.input, port.name, port.dtype, _row(port))
    for output in {output.source: output for output in card.outputs}.values():
        port = model.engine.outputs[output.source]
        _add(config.output, port.name, port.dtype, _row(port, model.view.row_shape(output)))
    for key, value in ((SHA256, card.network.sha256), ("rootml_version", card.version)):
        config.parameters[key].string_value = value
    text: str = text_format.MessageToString(config)
    return text


def _row(port: Port, told: tuple[int, ...] = ()) -> list[int]:
    """The shape of a row, -1 an axis of any length; as ``told`` where the graph does not tell."""
    row = port.shape[1:] if port.shape else told
    return [size if isinstance(size, int) else -1 for size in row]


def _add(ports: Any, name: str, dtype: str, row: Sequence[int]) -> None:
    """Describe an input or output; a row that is a single number is an array of one to Triton."""
    from tritonclient.grpc import model_config_pb2
    from tritonclient.utils import np_to_triton_dtype

    kind = np_to_triton_dtype(np.dtype(dtype))
    added = ports.add(name=name, dims=row or [1])
    added.data_type = getattr(model_config_pb2, f"TYPE_{kind}")
    if not row:
        added.reshape.SetInParent()
