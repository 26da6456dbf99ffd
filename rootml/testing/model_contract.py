"""What every model keeps."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from rootml.card import ModelCard
from rootml.errors import IntegrityError, RootmlError
from rootml.runtime.engine import FileEngine
from rootml.runtime.engines import open_engine
from rootml.runtime.model import Model
from rootml.spec import Array
from rootml.testing.samples import SEED, build, require, simulated


class ModelContract:
    """What every model keeps. Needs a fixture ``model``."""

    rows = 12
    """Rows that a test runs the network on."""

    def tensors(self, model: Model) -> dict[str, Array]:
        """Input: simulated where the adapter can, else uniform random numbers in [0, 1)."""
        if model.adapter.simulate is not None:
            batch = build(model.adapter, model.view, simulated(model.adapter, 4 * self.rows))
            require(batch.rows >= 2, "too few simulated events can be judged")
            return {name: tensor[: self.rows] for name, tensor in batch.tensors.items()}
        rng = np.random.default_rng(SEED)
        tensors = {
            spec.name: rng.random(
                (self.rows, *(8 if isinstance(size, str) else size for size in spec.shape))
            ).astype(spec.dtype)
            for spec in model.view.tensors
        }
        if model.view.members:
            filled = rng.integers(1, model.view.members + 1, (self.rows, 1))
            tensors[model.view.mask] = np.arange(model.view.members) < filled
        return tensors

    def test_card_round_trip(self, model: Model) -> None:
        """The card, written and read back, is the same."""
        require(ModelCard.from_yaml(model.card.to_yaml()) == model.card, "the card changed")

    def test_altered_network_is_refused(self, model: Model) -> None:
        """A network that differs in one bit from that of the card does not load."""
        assert isinstance(model.engine, FileEngine)
        data = bytearray(model.engine.path.read_bytes())
        data[len(data) // 2] ^= 1
        with tempfile.TemporaryDirectory() as folder:
            altered = Path(folder) / model.engine.path.name
            altered.write_bytes(data)
            try:
                open_engine(model.card, altered)
            except IntegrityError:
                return
        raise AssertionError("a network altered by one bit was loaded")

    def test_outputs_are_as_the_card_says(self, model: Model) -> None:
        """Names, shapes and dtypes; probabilities lie in [0, 1] and those of classes add to 1."""
        tensors = self.tensors(model)
        rows = len(next(iter(tensors.values())))
        results = model(tensors)
        _check_outputs(model, results, rows)
        for output in model.card.outputs:
            values = results[output.name]
            if model.view.lists(output):
                values = values[tensors[model.view.mask]]
            if output.role in ("score", "probabilities"):
                low, high = values.min(), values.max()
                require(low >= 0 and high <= 1, f"{output.name!r} spans [{low}, {high}]")
            if output.role == "probabilities" and output.shape:
                np.testing.assert_allclose(values.sum(axis=-1), 1, atol=1e-4)

    def test_batch_size_does_not_matter(self, model: Model) -> None:
        """The outputs are the same one by one, in uneven batches and all at once."""
        tensors = self.tensors(model)
        whole = model(tensors, batch_size=self.rows)
        for size in (1, 5):
            _require_close(model(tensors, batch_size=size), whole, f"in batches of {size}")

    def test_rows_are_judged_alone(self, model: Model) -> None:
        """Rows in another order give the same outputs in that order."""
        tensors = self.tensors(model)
        order = np.random.default_rng(SEED).permutation(len(next(iter(tensors.values()))))
        expected = {name: values[order] for name, values in model(tensors).items()}
        shuffled = model({name: tensor[order] for name, tensor in tensors.items()})
        _require_close(shuffled, expected, "in another order")

    def test_no_rows(self, model: Model) -> None:
        """No rows in, no rows out, in the same shapes and dtypes."""
        empty = {name: tensor[:0] for name, tensor in self.tensors(model).items()}
        _check_outputs(model, model(empty), 0)

    def test_pickles(self, model: Model) -> None:
        """A pickled model gives the same outputs, and does not carry the network along."""
        text = pickle.dumps(model)
        require(len(text) < 100_000 + len(model.card.to_yaml()), f"{len(text)} bytes of pickle")
        tensors = self.tensors(model)
        _require_close(pickle.loads(text)(tensors), model(tensors), "after pickling")  # noqa: S301


def check_model(model: Model) -> dict[str, str]:
    """Run the contract on ``model``: what failed, or an empty string, by the name of the check."""
    contract = ModelContract()
    results = {}
    for name in filter(lambda name: name.startswith("test_"), vars(ModelContract)):
        try:
            getattr(contract, name)(model)
            results[name.removeprefix("test_")] = ""
        except (AssertionError, RootmlError) as error:
            results[name.removeprefix("test_")] = str(error).strip()
    return results


def _check_outputs(model: Model, results: Mapping[str, Array], rows: int) -> None:
    require([*results] == [output.name for output in model.card.outputs], f"{[*results]}")
    for output in model.card.outputs:
        values = results[output.name]
        expected = (rows, *model.view.row_shape(output))
        require(values.shape == expected, f"{output.name!r}: {values.shape}")
        require(values.dtype == output.dtype, f"{output.name!r}: {values.dtype}")


def _require_close(found: Mapping[str, Array], expected: Mapping[str, Array], how: str) -> None:
    for name, values in expected.items():
        np.testing.assert_allclose(
            found[name], values, rtol=1e-5, atol=1e-5, err_msg=f"output {name!r} {how}"
        )
