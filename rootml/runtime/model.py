"""A trained network ready to run: its card, its adapter and its engine."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from rootml.adapter import Adapter, View
from rootml.card import ModelCard, Output
from rootml.errors import DataError, NetworkError
from rootml.plugins import adapter_of, package_of
from rootml.runtime.engine import Engine, Port
from rootml.runtime.signature import Wiring, castable, check_card, connect
from rootml.spec import Array, Mask, Places, TensorSpec

Rows = slice | Places

DEFAULT_BATCH = 256
BATCH_BYTES = 1 << 17
"""Networks with rows so small that more of them fit in here see as many at once.

Of more rows the values between layers, of which there are several a number of the input, would
leave a core's cache.
"""
TRIAL_LENGTH = 8
"""Length, in a trial, of an axis that may have any."""


@dataclass(frozen=True, repr=False)
class Model:
    """A network that takes a view's tensors and returns its card's outputs.

    Card, adapter and network are checked against each other when it is made: CardError or
    NetworkError. It may be called from several threads. Pickled, it travels as its card, a
    declared adapter in it, and the network's path, and is rebuilt, sha256 checked, where it
    arrives.
    """

    card: ModelCard
    adapter: Adapter
    engine: Engine
    origin: str = ""
    """Who offered the card, in words."""
    card_sha256: str = ""
    """That of the card's text."""
    view: View = field(init=False)
    _wiring: Wiring = field(init=False)

    def __post_init__(self) -> None:
        view = check_card(self.card, self.adapter)
        object.__setattr__(self, "view", view)
        object.__setattr__(self, "_wiring", connect(self.card, view, self.engine))
        if any(port.shape is None for port in self._wiring.outputs.values()):
            for rows in (2, 3):
                self._try(rows)

    def __call__(
        self, tensors: Mapping[str, Array], batch_size: int | None = None
    ) -> dict[str, Array]:
        """Run the network; returns an array ``(n, *shape)`` per output of the card, by name.

        An output for each object that a row lists is ``(n, members, *shape)``, 0 behind the last.
        ``tensors``: arrays ``(n, *shape)`` by the names of the view's tensors; n may be 0.
        ``batch_size``: rows the engine sees at once; None takes the card's, else 256 or, of small
        rows, as many as BATCH_BYTES hold. Raises NetworkError where the tensors do not fit or the
        network gives a non-finite value for finite input, DataError where the input is not finite
        itself.
        """
        step = self.batch_rows if batch_size is None else batch_size
        if step < 1:
            raise NetworkError(f"a batch holds one row or more, not {step}")
        arrays = self._checked(tensors)
        rows = len(next(iter(arrays.values())))
        results = {
            output.name: np.empty((rows, *self.view.row_shape(output)), output.dtype)
            for output in self.card.outputs
        }
        sources = [output.source for output in self.card.outputs]
        there = self._there(tensors, rows)
        parts = _parts(rows, step, there)
        batches = self.engine.run_each((self._feed(arrays, part) for part in parts), sources)
        for part, values in zip(parts, batches, strict=True):
            for output, value in zip(self.card.outputs, values, strict=True):
                results[output.name][part] = self._fitted(output, value, part, arrays, there)
        return results

    @property
    def batch_rows(self) -> int:
        """Rows that the engine sees at once, unless asked otherwise."""
        row = sum(spec.row_bytes for spec in self.view.tensors)
        return self.card.batch_size or max(DEFAULT_BATCH, BATCH_BYTES // row)

    @property
    def key(self) -> str:
        """16 digits that are others for another card, network, adapter or engine: for caches."""
        adapter = self.card.adapter  # one that is declared is in the card
        package = package_of(adapter) if isinstance(adapter, str) else ""
        engine = f"{self.engine.name} {self.engine.version}"
        said = (self.card.model_dump_json(), self.engine.sha256, package, engine)
        return hashlib.sha256("\n".join(said).encode()).hexdigest()[:16]

    def __dask_tokenize__(self) -> str:
        return self.key

    def __repr__(self) -> str:
        outputs = ", ".join(output.name for output in self.card.outputs)
        return f"<Model {self.card.name} {self.card.version}: {self.adapter.name} -> {outputs}>"

    def __reduce__(self) -> tuple[object, tuple[ModelCard, Engine, str, str]]:
        return _rebuilt, (self.card, self.engine, self.origin, self.card_sha256)

    def _checked(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        specs = {spec.name: spec for spec in self.view.tensors}
        arrays = {}
        for name, port in self._wiring.inputs.items():
            if name not in tensors:
                raise NetworkError(f"model {self.card.name!r}: the tensor {name!r} is missing")
            array = arrays[name] = np.asarray(tensors[name])
            _check_tensor(self.card.name, array, specs[name], port)
        if len({len(array) for array in arrays.values()}) > 1:
            sizes = ", ".join(f"{name} {len(array)}" for name, array in arrays.items())
            raise NetworkError(f"model {self.card.name!r}: tensors differ in rows: {sizes}")
        return arrays

    def _there(self, tensors: Mapping[str, Array], rows: int) -> Mask | None:
        """Which places of the lists in the rows are filled; None where rows are no lists."""
        name = self.view.mask
        if not self.view.members:
            return None
        if name not in tensors or np.shape(tensors[name]) != (rows, self.view.members):
            raise NetworkError(
                f"model {self.card.name!r}: the tensor {name!r}, which tells the objects that are "
                f"there, is missing or not of the shape {(rows, self.view.members)}"
            )
        return np.asarray(tensors[name], np.bool_)

    def _feed(self, arrays: Mapping[str, Array], part: Rows) -> dict[str, Array]:
        """Some rows as the graph takes them, by the names of its inputs."""
        return {
            port.name: np.ascontiguousarray(arrays[name][part], port.dtype or None)
            for name, port in self._wiring.inputs.items()
        }

    def _try(self, rows: int) -> None:
        """Run a network that does not tell its shapes on zeros, to see that it fits its card."""
        feed = {}
        for spec in self.view.tensors:
            if port := self._wiring.inputs.get(spec.name):
                shape = (rows, *(TRIAL_LENGTH if isinstance(n, str) else n for n in spec.shape))
                feed[port.name] = np.zeros(shape, port.dtype or spec.dtype)
        values = self.engine.run(feed, [output.source for output in self.card.outputs])
        for output, value in zip(self.card.outputs, values, strict=True):
            self._shaped(output, value, rows)
            if not castable(value.dtype.name, output.dtype):
                raise NetworkError(
                    f"{self.engine.where}: output {output.source!r} is {value.dtype.name}, which "
                    f"cannot be cast to the card's {output.dtype} without loss"
                )

    def _fitted(
        self,
        output: Output,
        value: Array,
        part: Rows,
        arrays: Mapping[str, Array],
        there: Mask | None,
    ) -> Array:
        numbers = np.arange(len(next(iter(arrays.values()))))[part]
        value = self._shaped(output, value, len(numbers))
        with np.errstate(over="ignore"):  # what a narrower type cannot hold becomes infinite
            value = value.astype(output.dtype, copy=False)
        if there is not None and self.view.lists(output):
            filled = there[part].reshape(*value.shape[:2], *(1 for _ in output.shape))
            value = np.where(filled, value, np.zeros((), value.dtype))
        finite = np.isfinite(value)
        if not finite.all():
            row = int(np.argwhere(~finite)[0][0])
            _explain_not_finite(self, output, row, int(numbers[row]), self._feed(arrays, part))
        return value

    def _shaped(self, output: Output, value: Array, rows: int) -> Array:
        expected = (rows, *self.view.row_shape(output))
        if output.shape == () and value.shape == (*expected, 1):
            value = value[..., 0]
        if value.shape != expected:
            raise NetworkError(
                f"{self.engine.where}: output {output.source!r} has the shape {value.shape} for "
                f"{rows} rows; the card says {expected}"
            )
        return value


def _parts(rows: int, step: int, there: Mask | None) -> list[Rows]:
    """The rows that are seen at once.

    Those with the shortest lists come first: a network may cut a batch to its longest.
    """
    starts = range(0, rows, step)
    if there is None:
        return [slice(start, min(start + step, rows)) for start in starts]
    order = np.argsort(np.count_nonzero(there, axis=1), kind="stable")
    return [order[start : start + step] for start in starts]


def _rebuilt(card: ModelCard, engine: Engine, origin: str, card_sha256: str) -> Model:
    return Model(card, adapter_of(card), engine, origin, card_sha256)


def _check_tensor(model: str, array: Array, spec: TensorSpec, port: Port) -> None:
    if not spec.fits(array.shape):
        expected = ", ".join(["n", *map(str, spec.shape)])
        raise NetworkError(
            f"model {model!r}: tensor {spec.name!r} has the shape {array.shape}, "
            f"expected ({expected})"
        )
    if not castable(array.dtype.name, port.dtype):
        raise NetworkError(
            f"model {model!r}: tensor {spec.name!r} is {array.dtype.name}, which cannot be cast "
            f"to the network's {port.dtype} without loss"
        )


def _explain_not_finite(
    model: Model, output: Output, row: int, number: int, feed: Mapping[str, Array]
) -> None:
    for spec in model.view.tensors:
        port = model._wiring.inputs.get(spec.name)
        if port is None:
            continue
        values = feed[port.name][row]
        bad = np.isinf(values) if spec.allow_nan else ~np.isfinite(values)
        if bad.any():
            raise DataError(
                f"model {model.card.name!r}: row {number} of the input {port.name!r} holds "
                f"{'infinity' if spec.allow_nan else 'NaN or infinity'}"
            )
    raise NetworkError(
        f"{model.engine.where}: output {output.source!r} is NaN or infinite in row {number}, "
        "for finite input"
    )
