"""From a torch network to a small, self-contained ONNX file that gives the same numbers."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from rootml.errors import TrainingError
from rootml.spec import Array, TensorSpec

TOLERANCE = 1e-4
"""Largest difference in probability between torch and ONNX Runtime that is accepted."""
OPSET = 18
SMALL = 1024
"""Constants of fewer elements stay in float32: nothing is gained by halving them."""


class Deployed(nn.Module):
    """A network with the final sigmoid, as it is exported: probabilities in float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, *tensors: Tensor) -> Tensor:
        """Return the probability of each row to be signal, (n,)."""
        return torch.sigmoid(self.network(*tensors))


def round_weights(network: nn.Module) -> None:
    """Round large parameters to float16 in place, so that they can be stored in half the size."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.numel() >= SMALL:
                parameter.copy_(parameter.half().float())


def export(network: nn.Module, specs: Sequence[TensorSpec], output: str, path: Path) -> None:
    """Write ``network`` and its sigmoid to ``path``, with a dynamic number of rows.

    Inputs are called as ``specs``, the output as ``output``. Call :func:`round_weights` first:
    constants that float16 holds exactly are stored in it and cast to float32, in which
    everything is computed. The same network gives the same bytes.
    """
    deployed = Deployed(network).eval()
    examples = tuple(torch.from_numpy(np.zeros((2, *spec.shape), spec.dtype)) for spec in specs)
    batch = torch.export.Dim("n", min=1)
    names = [spec.name for spec in specs]
    with _silent():
        program = torch.onnx.export(
            deployed,
            examples,
            dynamo=True,
            opset_version=OPSET,
            input_names=names,
            output_names=[output],
            dynamic_shapes=(tuple({0: batch} for _ in names),),
            optimize=True,
        )
    if program is None:
        raise TrainingError("torch.onnx.export returned no program")
    model = program.model_proto
    _strip(model)
    _halve_constants(model.graph)
    onnx.checker.check_model(model)
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(model.SerializeToString(deterministic=True))
    temporary.replace(path)


def check_parity(network: nn.Module, tensors: Mapping[str, Array], scores: Array) -> float:
    """Largest difference between torch and ``scores`` (ONNX Runtime's) on the same rows.

    Raises TrainingError where it is :data:`TOLERANCE` or more.
    """
    with torch.inference_mode():
        expected = Deployed(network).eval()(*map(torch.from_numpy, tensors.values())).numpy()
    difference = float(np.abs(expected - scores).max())
    if not difference < TOLERANCE:
        raise TrainingError(
            f"the exported network differs from torch by {difference:.2g} in probability; "
            f"less than {TOLERANCE:g} is needed"
        )
    return difference


def _strip(model: onnx.ModelProto) -> None:
    """Remove what says where and how the graph was made (stack traces, paths, versions)."""
    model.producer_name, model.producer_version, model.doc_string = "rootml", "", ""
    graph = model.graph
    for proto in (model, graph, *graph.node, *graph.input, *graph.output, *graph.initializer):
        del proto.metadata_props[:]
        proto.doc_string = ""
    del graph.value_info[:]
    for number, node in enumerate(graph.node):
        node.name = f"{node.op_type}_{number}"


def _halve_constants(graph: onnx.GraphProto) -> None:
    casts = []
    for constant in graph.initializer:
        values = numpy_helper.to_array(constant)
        if constant.data_type != TensorProto.FLOAT or values.size < SMALL:
            continue
        half = values.astype(np.float16)
        if not np.array_equal(half.astype(np.float32), values):
            continue
        name = constant.name
        constant.CopyFrom(numpy_helper.from_array(half, f"{name}.half"))
        casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


@contextlib.contextmanager
def _silent() -> Iterator[None]:
    """Keep the exporter's progress, remarks and deprecation notes off the terminal."""
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
