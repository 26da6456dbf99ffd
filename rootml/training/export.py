"""From a torch network to a small, self-contained ONNX file that gives the same numbers."""

from __future__ import annotations

import contextlib
import io
import itertools
import logging
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn.utils import fuse_conv_bn_eval, fuse_linear_bn_eval

from rootml.errors import TrainingError
from rootml.spec import TensorSpec

OPSET = 18
SMALL = 1024
"""Constants of fewer elements stay in float32: nothing is gained by halving them."""


def round_weights(network: nn.Module) -> None:
    """Round large parameters to float16 in place, so that they can be stored in half the size.

    Those of a convolution or a linear layer are rounded after the normalisation that follows it in
    a sequence is merged into them: exporting would do so, and leave numbers that float16 does not
    hold.
    """
    for sequence in network.modules():
        if isinstance(sequence, nn.Sequential):
            _merge_normalisations(sequence)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.numel() >= SMALL:
                parameter.copy_(parameter.half().float())


def _merge_normalisations(sequence: nn.Sequential) -> None:
    for number, (before, after) in enumerate(itertools.pairwise(sequence)):
        if isinstance(before, nn.Conv2d) and isinstance(after, nn.BatchNorm2d):
            sequence[number] = fuse_conv_bn_eval(before, after)
        elif isinstance(before, nn.Linear) and isinstance(after, nn.BatchNorm1d):
            sequence[number] = fuse_linear_bn_eval(before, after)
        else:
            continue
        sequence[number + 1] = nn.Identity()


def export(
    network: nn.Module, specs: Sequence[TensorSpec], outputs: Sequence[str], path: Path
) -> None:
    """Write ``network``, a tensor an output, to ``path``, with a dynamic number of rows.

    Inputs are called as ``specs``, outputs as ``outputs``. Call :func:`round_weights` first:
    constants that float16 holds exactly are stored in it and cast to float32, in which
    everything is computed. The same network gives the same bytes.
    """
    examples = tuple(torch.from_numpy(np.zeros((2, *spec.shape), spec.dtype)) for spec in specs)
    batch = torch.export.Dim("n", min=1)
    names = [spec.name for spec in specs]
    with _silent():
        program = torch.onnx.export(
            network.eval(),
            examples,
            dynamo=True,
            opset_version=OPSET,
            input_names=names,
            output_names=list(outputs),
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
