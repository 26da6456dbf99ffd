"""What a validation is of: a network, an experiment, and what its figures are shown against."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rootml.adapter import Adapter, View
from rootml.card import ModelCard, Output
from rootml.validation.counting.units import Variable, unique
from rootml.validation.statistics.agreement import USUAL_LIMITS, Limits
from rootml.working_point import WorkingPoint


@dataclass(frozen=True, eq=False)
class Setting:
    """All that is known before the first event; collectors of one setting add.

    ``branches``: output name -> branch name, for the outputs that are written. ``asked``: the
    variables asked for, beside those of the adapter. ``limits``: beyond which inputs drift from
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
        """The adapter's, unless others are called so, and what was asked for."""
        taken = {variable.name for variable in self.asked}
        declared = (variable for variable in self._declared if variable.name not in taken)
        return unique((*declared, *self.asked))

    @property
    def _declared(self) -> Iterator[Variable]:
        """The adapter's energy, and what else it shows figures against."""
        if self.energy:
            title = "reconstructed energy" if self.adapter.energy else "true energy"
            yield Variable("energy", title, "GeV", column=self.energy, log=True)
        for one in self.adapter.against:
            yield Variable(one.column, one.title, one.unit, one.edges)

    def identity(self) -> dict[str, str]:
        """What must be the same where counts are to add: texts, by what they are about."""
        card, truth = self.card, self.adapter.truth
        network = f"{card.name}, sha256 {card.network.sha256}"
        said = {
            "network": f"{network}: {', '.join(self.branches.values())}",
            "truth": f"{self.adapter.name}, {truth.label}: {', '.join(truth.classes)}",
            "weight": "one each unit" if self.weighted else "none",
        }
        said |= {f"working point {p.name}": _cut(p) for p in card.working_points}
        return said | {f"variable {v.name}": f"{v.source} in {_bins(v)}" for v in self.variables}


def difference(mine: Mapping[str, str], theirs: Mapping[str, str]) -> str:
    """What keeps counts of two identities from adding, in words; empty where nothing does."""
    for about in (*mine, *theirs):
        a, b = (identity.get(about, "not there") for identity in (mine, theirs))
        if a != b:
            return f"different {about} ({a}; {b})"
    return ""


def _cut(point: WorkingPoint) -> str:
    if point.threshold is not None:
        return f"{point.output} > {point.threshold}"
    return f"{point.output} > {point.thresholds} at {point.at} of {point.against}"


def _bins(variable: Variable) -> str:
    if variable.edges is None:
        return "fixed bins"
    return f"bins {', '.join(map(str, map(float, variable.edges)))}"
