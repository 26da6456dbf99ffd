"""From a fitted estimator of scikit-learn to an ONNX file that gives the same numbers.

Estimators are never pickled: a pickle runs code when it is loaded, and only the versions of
Python and scikit-learn that wrote it read it.
"""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from skl2onnx import convert_sklearn
from skl2onnx.common.data_types import FloatTensorType
from skl2onnx.operator_converters.random_forest import (
    convert_sklearn_random_forest_classifier,
    convert_sklearn_random_forest_regressor_converter,
)
from sklearn.base import is_classifier
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

from rootml.errors import TrainingError
from rootml.spec import TensorSpec

OPSETS = {"": 17, "ai.onnx.ml": 3}
_MATRIX = "matrix"


def export_estimator(
    estimator: Any,
    specs: Sequence[TensorSpec],
    path: Path,
    output: str = "score",
    places: Sequence[int] = (),
) -> None:
    """Write a fitted classifier of two classes, or a regressor, to ``path`` as ONNX.

    Inputs are called and shaped as ``specs``; flattened and joined in that order they are the
    columns the estimator was fitted on, or hold them at ``places``. The output ``output`` (n,) is
    the probability of the second class, or what a regressor predicts, in float32. The same
    estimator gives the same bytes.

    scikit-learn computes in float64 what ONNX computes in float32. Trees on the inputs themselves
    take the same branches, and sums differ by a few 1e-7 of their size. Where something is
    computed before the trees (a scaler), a value within 1e-7 of a threshold, relatively, may
    pass it on the other side, and its row gets another leaf: with 300 trees some 2 rows in 1000.
    Trees need no scaling; leave it out.

    Raises TrainingError for an estimator that cannot be converted.
    """
    width = len(places) or sum(_width(spec) for spec in specs)
    if width != estimator.n_features_in_:
        raise TrainingError(
            f"{type(estimator).__name__} was fitted on {estimator.n_features_in_} columns, and "
            f"{', '.join(spec.name for spec in specs)} hold {width}"
        )
    if is_classifier(estimator) and len(estimator.classes_) != 2:
        raise TrainingError(
            f"{type(estimator).__name__} knows {len(estimator.classes_)} classes; "
            "two are needed, background and signal"
        )
    if is_classifier(estimator) and not hasattr(estimator, "predict_proba"):
        raise TrainingError(
            f"{type(estimator).__name__} gives no probabilities; wrap it in CalibratedClassifierCV"
        )
    model = _convert(estimator, width)
    _join_inputs(model.graph, specs, places)
    _take_output(model.graph, output, probabilities=is_classifier(estimator))
    _strip(model)
    onnx.checker.check_model(model, full_check=True)
    temporary = path.with_name(f"{path.name}.part")
    temporary.write_bytes(model.SerializeToString(deterministic=True))
    temporary.replace(path)


def _width(spec: TensorSpec) -> int:
    if any(isinstance(size, str) for size in spec.shape):
        raise TrainingError(
            f"tensor {spec.name!r} of shape {spec.shape}: an estimator takes a fixed number of "
            "columns"
        )
    return math.prod(int(size) for size in spec.shape)


def _convert(estimator: Any, width: int) -> onnx.ModelProto:
    options = {id(estimator): {"zipmap": False}} if is_classifier(estimator) else None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # scikit-learn's, of skl2onnx's ways
            model: onnx.ModelProto = convert_sklearn(
                estimator,
                initial_types=[(_MATRIX, FloatTensorType([None, width]))],
                options=options,
                target_opset=OPSETS,
                custom_conversion_functions={
                    HistGradientBoostingClassifier: _convert_histogram_classifier,
                    HistGradientBoostingRegressor: _convert_histogram_regressor,
                },
            )
    except TrainingError:
        raise
    except Exception as error:  # skl2onnx's errors share no base class
        reason = " ".join(str(error).split())[:300]
        raise TrainingError(
            f"{type(estimator).__name__} cannot be converted to ONNX: {reason}"
        ) from error
    return model


def _convert_histogram_classifier(scope: Any, operator: Any, container: Any) -> None:
    _float32_thresholds(operator)
    convert_sklearn_random_forest_classifier(scope, operator, _PlainNumbers(container))


def _convert_histogram_regressor(scope: Any, operator: Any, container: Any) -> None:
    _float32_thresholds(operator)
    convert_sklearn_random_forest_regressor_converter(scope, operator, _PlainNumbers(container))


def _float32_thresholds(operator: Any) -> None:
    """Lower each threshold to a float32, where ``x <= threshold`` stays the same for float32 x."""
    operator.raw_operator = copy.deepcopy(operator.raw_operator)
    for predictor in (p for trees in operator.raw_operator._predictors for p in trees):
        if predictor.nodes["is_categorical"].any():
            raise TrainingError("splits by category cannot be converted to ONNX")
        exact = predictor.nodes["num_threshold"]
        rounded = exact.astype(np.float32)
        lower = np.nextafter(rounded, np.float32(-np.inf))
        predictor.nodes["num_threshold"] = np.where(rounded > exact, lower, rounded)


class _PlainNumbers:
    """A container of skl2onnx that gives onnx no NumPy integers or bools, which it refuses."""

    def __init__(self, container: Any) -> None:
        self._container = container

    def __getattr__(self, name: str) -> Any:
        return getattr(self._container, name)

    def add_node(self, *args: Any, **attributes: Any) -> None:
        plain = {
            name: [int(v) for v in value]
            if isinstance(value, list) and value and isinstance(value[0], (bool, np.integer))
            else value
            for name, value in attributes.items()
        }
        self._container.add_node(*args, **plain)


def _join_inputs(
    graph: onnx.GraphProto, specs: Sequence[TensorSpec], places: Sequence[int]
) -> None:
    """Make the matrix of the estimator from the tensors of the view."""
    nodes, columns = [], []
    for spec in specs:
        flat, real = f"{spec.name}.flat", f"{spec.name}.float32"
        nodes.append(helper.make_node("Flatten", [spec.name], [flat], axis=1))
        nodes.append(helper.make_node("Cast", [flat], [real], to=TensorProto.FLOAT))
        columns.append(real)
    joined = "joined" if places else _MATRIX
    nodes.append(helper.make_node("Concat", columns, [joined], axis=1))
    if places:
        index = numpy_helper.from_array(np.array(places, np.int64), "places")
        graph.initializer.append(index)
        nodes.append(helper.make_node("Gather", [joined, index.name], [_MATRIX], axis=1))
    nodes.extend(graph.node)
    del graph.node[:], graph.input[:]
    graph.node.extend(nodes)
    graph.input.extend(
        helper.make_tensor_value_info(
            spec.name, helper.np_dtype_to_tensor_dtype(np.dtype(spec.dtype)), ("n", *spec.shape)
        )
        for spec in specs
    )


def _take_output(graph: onnx.GraphProto, output: str, *, probabilities: bool) -> None:
    """Leave one output (n,): the last column of what the estimator gives."""
    given = graph.output[-1].name
    index = numpy_helper.from_array(np.array(1 if probabilities else 0, np.int64), f"{output}.at")
    graph.initializer.append(index)
    graph.node.append(helper.make_node("Gather", [given, index.name], [output], axis=1))
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(output, TensorProto.FLOAT, ("n",)))


def _strip(model: onnx.ModelProto) -> None:
    """Remove what says where and how the graph was made, and opsets named twice."""
    model.producer_name, model.producer_version, model.doc_string = "rootml", "", ""
    model.domain, model.graph.doc_string, model.graph.name = "", "", "estimator"
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    del model.opset_import[:], model.metadata_props[:], model.graph.value_info[:]
    model.opset_import.extend(helper.make_opsetid(*item) for item in sorted(opsets.items()))
    for number, node in enumerate(model.graph.node):
        node.name, node.doc_string = f"{node.op_type}_{number}", ""
