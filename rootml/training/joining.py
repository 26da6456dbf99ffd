"""Several ONNX graphs as one, whose score is the sigmoid of the mean of their logits."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, compose, helper, version_converter
from scipy.special import expit, logit

from rootml.adapter import View
from rootml.card import Network
from rootml.errors import TrainingError
from rootml.runtime.engine import Engine, FileEngine
from rootml.runtime.engines import open_engine
from rootml.runtime.model import Model
from rootml.runtime.network_file import read_network
from rootml.spec import Array, TensorSpec
from rootml.training.committee import Committee
from rootml.training.data import DataSet
from rootml.training.job import Fitted, Parts, Run
from rootml.training.members import full_name

EDGE = 2.0**-23
"""Scores closer to 0 or 1 have no logit that float32 can tell: two of its steps below 1."""
OLDEST = 13
"""Version of the operators that the mean of the logits is made of."""
OWN = "committee."
"""How the names of what is no member's begin."""


def fit(run: Run, data: DataSet, parts: Parts) -> Fitted:
    """Join the members' graphs, and write ``<name>.onnx``."""
    learner, output = run.recipe.learner, run.outputs[0]
    assert isinstance(learner, Committee)
    members = learner.members
    content = join(members, run.view, output.name).SerializeToString(deterministic=True)
    path = run.folder / f"{run.name}.onnx"
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
    network = Network(file=path.name, sha256=hashlib.sha256(content).hexdigest())
    changes = {"view": run.view.name, "network": network, "outputs": run.outputs, "domain": ()}
    card = members[0].card.model_copy(update=changes)
    joined = Model(card, run.adapter, open_engine(card, path))

    def predict(tensors: Mapping[str, Array]) -> list[Array]:
        """Of the scores that those of the members allow for, what is nearest to the file's."""
        return [np.clip(joined(tensors)[output.name], *_bounds(members, tensors))]

    sizes = [member.card.parameters for member in members]
    return Fitted(
        path,
        "onnx",
        predict,
        {},
        parameters=None if None in sizes else sum(filter(None, sizes)),
        members=[member.card for member in members],
    )


def _bounds(members: Sequence[Model], tensors: Mapping[str, Array]) -> tuple[Array, Array]:
    """Lowest and highest score, (n,), by the members' own, of which float32 rounds the logits."""
    scores = np.stack([m(tensors)[m.card.outputs[0].name] for m in members]).astype(np.float64)
    low, high = np.maximum(scores - EDGE, 0), np.minimum(scores + EDGE, 1)
    return expit(logit(low).mean(axis=0)), expit(logit(high).mean(axis=0))


def join(members: Sequence[Model], view: View, output: str) -> onnx.ModelProto:
    """One graph that takes the tensors of ``view``, and gives one output (n,) in float32.

    Tensors that none of ``members`` takes are no inputs.

    Raises TrainingError where their operators are of versions that do not go together.
    """
    models = _same_opset(members)
    score = helper.make_tensor_value_info(output, TensorProto.FLOAT, ["n"])
    graph = helper.make_graph([], "committee", _inputs(members, view), [score])
    logits = []
    for number, (member, model) in enumerate(zip(members, models, strict=True)):
        prefix = f"{number}."
        models[number] = compose.add_prefix(model, prefix, rename_inputs=False)
        part = models[number].graph
        graph.node.extend(_call_inputs(part, _ports(member), f"{OWN}{prefix}"))
        source = prefix + member.card.outputs[0].source
        logits.append(_take_logit(part, source, f"{OWN}{prefix}"))
        for kind in ("node", "initializer", "sparse_initializer"):
            getattr(graph, kind).extend(getattr(part, kind))
    graph.node.append(helper.make_node("Mean", logits, [f"{OWN}logit"], f"{OWN}mean"))
    graph.node.append(helper.make_node("Sigmoid", [f"{OWN}logit"], [output], f"{OWN}score"))
    joined = helper.make_model(
        graph,
        producer_name="rootml",
        ir_version=max(model.ir_version for model in models),
        opset_imports=[
            helper.make_opsetid(*item) for item in _common_opsets(members, models).items()
        ],
        functions=[function for model in models for function in model.functions],
    )
    onnx.checker.check_model(joined)
    return joined


def _network(engine: Engine) -> bytes:
    assert isinstance(engine, FileEngine)  # members are loaded from their cards
    return read_network(engine.path, engine.sha256)


def _same_opset(members: Sequence[Model]) -> list[onnx.ModelProto]:
    """The graphs of ``members``, those of older operators than OLDEST or another's converted."""
    models = [onnx.load_model_from_string(_network(member.engine)) for member in members]
    newest = max(OLDEST, *(_opsets(model).get("", 0) for model in models))
    for number, (member, model) in enumerate(zip(members, models, strict=True)):
        version = _opsets(model).get("")
        if version is None:
            model.opset_import.append(helper.make_opsetid("", newest))
        elif version < newest:
            try:
                models[number] = version_converter.convert_version(model, newest)
            except (RuntimeError, version_converter.ConvertError) as error:
                reason = " ".join(str(error).split())
                raise TrainingError(
                    f"{full_name(member.card)}: its operators cannot be converted to those of "
                    f"opset {newest}, which the committee has: {reason}"
                ) from error
    return models


def _opsets(model: onnx.ModelProto) -> dict[str, int]:
    """Version of the operators by their domain, "" for ONNX's own."""
    return {
        "" if entry.domain == "ai.onnx" else entry.domain: entry.version
        for entry in model.opset_import
    }


def _common_opsets(members: Sequence[Model], models: Sequence[onnx.ModelProto]) -> dict[str, int]:
    common: dict[str, int] = {}
    for member, model in zip(members, models, strict=True):
        for domain, version in _opsets(model).items():
            if common.setdefault(domain, version) != version:
                raise TrainingError(
                    f"{full_name(member.card)}: has operators {domain!r} of version {version}, "
                    f"another member those of version {common[domain]}; export both by one version"
                )
    return common


def _inputs(members: Sequence[Model], view: View) -> list[onnx.ValueInfoProto]:
    """The tensors of ``view`` that a member takes."""
    taken = {spec.name for member in members for spec in _ports(member).values()}
    return [
        helper.make_tensor_value_info(spec.name, _type(spec), ("n", *spec.shape))
        for spec in view.tensors
        if spec.name in taken
    ]


def _ports(member: Model) -> dict[str, TensorSpec]:
    """The inputs of a member's graph, and of which tensor each is."""
    names = member.card.network.inputs
    ports = {names.get(spec.name, spec.name): spec for spec in member.view.tensors}
    return {name: spec for name, spec in ports.items() if name in member.engine.inputs}


def _type(spec: TensorSpec) -> int:
    return helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype))


def _call_inputs(
    graph: onnx.GraphProto, ports: Mapping[str, TensorSpec], own: str
) -> list[onnx.NodeProto]:
    """Call the inputs of ``graph`` like their tensors; returns casts for those of another type."""
    names, casts = {}, []
    types = {entry.name: entry.type.tensor_type.elem_type for entry in graph.input}
    for port, spec in ports.items():
        names[port] = spec.name
        if types[port] != _type(spec):
            names[port] = name = own + port
            casts.append(helper.make_node("Cast", [spec.name], [name], name, to=types[port]))
    compose.add_prefix_graph(graph, "", rename_inputs=False, inplace=True, name_map=names)
    return casts


def _take_logit(graph: onnx.GraphProto, score: str, own: str) -> str:
    """Extend ``graph`` by the logit of its ``score``, (n,) in float32, and return its name.

    The logit is what a last sigmoid is applied to, which goes then; else log(p / (1 - p)) of the
    score p, kept EDGE away from 0 and 1.
    """

    def add(operator: str, inputs: Sequence[str], name: str, **attributes: Any) -> str:
        graph.node.append(
            helper.make_node(operator, inputs, [own + name], own + name, **attributes)
        )
        return own + name

    last = next((node for node in graph.node if score in node.output), None)
    if last is not None and last.op_type == "Sigmoid" and not last.domain:
        if not any(score in node.input for node in graph.node):
            graph.node.remove(last)
        values = add("Cast", last.input, "values", to=TensorProto.FLOAT)
    else:
        low = add("Constant", [], "low", value_float=EDGE)
        high = add("Constant", [], "high", value_float=1 - EDGE)
        one = add("Constant", [], "one", value_float=1.0)
        p = add("Clip", [add("Cast", [score], "score", to=TensorProto.FLOAT), low, high], "p")
        odds = add("Div", [p, add("Sub", [one, p], "q")], "odds")
        values = add("Log", [odds], "values")
    return add("Reshape", [values, add("Constant", [], "rows", value_ints=[-1])], "logit")
