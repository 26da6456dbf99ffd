"""What a validation is of: a network, an experiment, and what its figures are shown against."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rootml.adapter import Adapter, View
from rootml.card import ModelCard, Output
from rootml.validation.agreement import USUAL_LIMITS, Limits
from rootml.validation.units import Variable, unique


@dataclass(frozen=True, eq=False)
class Setting:
    """All that is known before the first event; collectors of one setting add.

    ``branches``: output name -> branch name, for the outputs that are written. ``asked``: the
    variables asked for, beside the adapter's energy. ``limits``: beyond which inputs drift from
    the training.
    """

    card: ModelCard
    adapter: Adapter
    branches: Mapping[str, str]
    asked: tuple[Variable, ...] = ()
    weighted: bool = False
    limits: Limits = USUAL_LIMITS

    @property
    def view(self) -> View:
        """The view the network sees."""
        return self.adapter.views[self.card.view]

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The outputs that are written."""
        return tuple(output for output in self.card.outputs if output.name in self.branches)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes that the truth knows."""
        return self.adapter.truth.classes

    @property
    def energy(self) -> str | None:
        """The logical column with the energy, reconstructed or else true."""
        return self.adapter.energy or self.adapter.truth.energy

    @property
    def variables(self) -> tuple[Variable, ...]:
        """The adapter's energy, unless another variable is called so, and what was asked for."""
        if not self.energy or any(variable.name == "energy" for variable in self.asked):
            return unique(self.asked)
        title = "reconstructed energy" if self.adapter.energy else "true energy"
        return unique((Variable("energy", title, "GeV", column=self.energy, log=True), *self.asked))

    def difference(self, other: Setting) -> str:
        """What keeps collectors of two settings from adding, in words; empty where nothing does."""
        if self.card.network.sha256 != other.card.network.sha256 or self.branches != other.branches:
            return f"different networks or outputs: {_network(self)} and {_network(other)}"
        if self.adapter.name != other.adapter.name or self.adapter.truth != other.adapter.truth:
            return f"different truth: {_truth(self)} and {_truth(other)}"
        if self.weighted != other.weighted:
            return "weighted and unweighted counts"
        mine, theirs = (
            {variable.name: variable for variable in setting.variables} for setting in (self, other)
        )
        for name in sorted(mine.keys() | theirs.keys()):
            if mine.get(name) != theirs.get(name):
                return f"variable {name!r}: {_bins(mine.get(name))} and {_bins(theirs.get(name))}"
        return ""


def _network(setting: Setting) -> str:
    return f"{setting.card.name} ({', '.join(setting.branches.values())})"


def _truth(setting: Setting) -> str:
    truth = setting.adapter.truth
    return f"{setting.adapter.name} ({truth.label}: {', '.join(truth.classes)})"


def _bins(variable: Variable | None) -> str:
    if variable is None:
        return "not counted"
    if variable.edges is None:
        return f"{variable.source} in fixed bins"
    return f"{variable.source} in bins {', '.join(f'{edge:g}' for edge in variable.edges)}"
