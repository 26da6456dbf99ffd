"""From counts to a report: figures, checks, histograms, and what can be drawn."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from rootml.card import DomainAxis, ModelCard, Output
from rootml.errors import nearest
from rootml.validation import separation as sep
from rootml.validation.classification import Cut, clopper_pearson
from rootml.validation.domain import OUTSIDE_LIMIT, compare
from rootml.validation.histograms import export
from rootml.validation.report import Check, Plot, Report
from rootml.validation.scales import ASINH, LOGIT, NO_ENERGY, Scale
from rootml.validation.tally import Tally, is_image

if TYPE_CHECKING:
    from rootml.validation.collect import Collector


class Unavailable(Exception):
    """A figure that this sample cannot give, and why."""


class Assessment:
    """Builds a report from a collector, section by section."""

    def __init__(self, collector: Collector):
        self.collector = collector
        self.card: ModelCard = collector.card
        self.tally: Tally = collector.tally
        self.classes = collector.adapter.truth.classes
        self.figures: dict[str, Any] = {}
        self.checks: list[Check] = []
        self.plots: list[Plot] = []
        self.not_drawn: dict[str, str] = {}

    def report(self) -> Report:
        """The finished report."""
        self.figures["events"] = self._events()
        self.figures["outputs"] = {o.name: self._output(o) for o in self.collector.outputs}
        self.figures["references"] = self._references()
        self._images()
        self.figures["domain"] = self._domain()
        return Report(
            model=_model(self.card),
            sample=_sample(self.collector),
            checks=tuple(self.checks),
            figures=self.figures,
            hists=export(self.collector),
            plots=tuple(self.plots),
            not_drawn=self.not_drawn,
        )

    def check(self, name: str, passed: bool, message: str) -> None:
        """Record a check."""
        self.checks.append(Check(name, passed, message))

    def draw(self, plot: Plot, make: Callable[[], Any]) -> Any:
        """What ``make`` returns, to be drawn as ``plot``; None, and the reason, if it cannot."""
        try:
            made = make()
        except Unavailable as reason:
            self.not_drawn[plot.name] = str(reason)
            return None
        self.plots.append(plot)
        return made

    def require_judged(self) -> None:
        """Raise Unavailable where the network judged nothing."""
        if not self.figures["events"]["units"]:
            raise Unavailable("the sample has no events")
        if not self.figures["events"]["judged"]:
            raise Unavailable("the network could judge none of the events")

    def _events(self) -> dict[str, Any]:
        counts = self.tally.counts
        names = (*self.classes, "unlabelled")
        table = {
            name: {"units": counts["units", str(i)], "judged": counts["judged", str(i)]}
            for i, name in enumerate(names)
        }
        units = sum(row["units"] for row in table.values())
        judged = sum(row["judged"] for row in table.values())
        self.check("judged", judged > 0, f"{judged} of {units} could be judged")
        return {
            "events": counts["events",],
            "units": units,
            "judged": judged,
            "not_judged": units - judged,
            "classes": table,
        }

    def _output(self, output: Output) -> dict[str, Any]:
        name = output.name
        invalid = self.tally.counts["invalid", name]
        wanted = "probabilities in [0, 1]" if output.role == "score" else "finite"
        self.check(f"{name}_valid", invalid == 0, f"{invalid} values of {name} are not {wanted}")
        self.draw(Plot(f"{name}_distribution", _family(output), name), self.require_judged)
        made = {
            "branch": self.collector.branches[name],
            "role": output.role,
            "unit": output.unit,
            "invalid": invalid,
        }
        if output.role == "score" and not output.shape:
            made |= self._score(name)
        return made

    def _score(self, name: str) -> dict[str, Any]:
        made: dict[str, Any] = {"card_working_points": self._card_points(name)}
        roc = Plot(f"{name}_roc", "roc", name)
        separated = self.draw(roc, lambda: self._separated(name, LOGIT))
        self.draw(Plot(f"{name}_rejection", "rejection", name), lambda: self.require_both(name))
        energy = self.draw(
            Plot(f"{name}_rejection_vs_energy", "rejection_vs_energy", name),
            lambda: self._against_energy(name, LOGIT),
        )
        return made | (separated or {}) | {"rejection_vs_energy": energy or []}

    def require_both(self, name: str) -> None:
        """Raise Unavailable where there is no truth, or signal or background is missing."""
        truth = self.collector.adapter.truth
        self.require_judged()
        if truth.label is None or len(self.classes) < 2:
            raise Unavailable("the experiment's adapter names no truth to compare with")
        if not self.tally.counts["labelled",]:
            raise Unavailable(f"the file has no truth label ({truth.label})")
        counts = sep.by_class(self.tally.hists[name]).sum(axis=1)
        for i in (sep.SIGNAL, sep.BACKGROUND):
            if not counts[i]:
                raise Unavailable(f"no judged event of the class {self.classes[i]}")

    def _separated(self, name: str, scale: Scale) -> dict[str, Any]:
        self.require_both(name)
        return sep.figures(self.tally.hists[name], scale)

    def _against_energy(self, name: str, scale: Scale) -> list[dict[str, Any]]:
        self.require_both(name)
        hist, column = self.tally.hists[name], self.collector.energy
        if all(key == NO_ENERGY for key in hist.axes["energy"]):
            raise Unavailable(f"the file has no energy ({column})")
        rows = sep.against_energy(hist, scale)
        if all(row["cut"] is None for row in rows):
            raise Unavailable(
                f"no energy bin has {sep.MIN_SIGNAL} {self.classes[sep.SIGNAL]} events "
                f"and a {self.classes[sep.BACKGROUND]}"
            )
        return rows

    def _card_points(self, name: str) -> list[dict[str, Any]]:
        counts, rows = self.tally.counts, []
        for point in self.card.working_points:
            if point.output != name:
                continue
            passed = [counts["point", point.name, name, str(i)] for i in range(2)]
            valid = (
                sep.by_class(self.tally.hists[name]).sum(axis=1) if name in self.tally.hists else []
            )
            row: dict[str, Any] = {"name": point.name, "threshold": point.threshold}
            if len(self.classes) >= 2 and len(valid) and min(valid[:2]) > 0:
                cut = Cut(point.threshold, passed[1], int(valid[1]), passed[0], int(valid[0]))
                row |= sep.describe(cut)
            rows.append(row)
        return rows

    def _references(self) -> dict[str, Any]:
        made = {}
        for reference in self.collector.adapter.references:
            name = f"reference_{reference.column}"
            if name not in self.tally.hists:
                continue
            entry: dict[str, Any] = {
                "title": reference.title,
                "higher_is_signal": reference.higher_is_signal,
                "missing": self.tally.counts["missing", name],
            }
            try:
                entry |= self._separated(name, ASINH)
                entry["rejection_vs_energy"] = self._against_energy(name, ASINH)
            except Unavailable as reason:
                entry["unavailable"] = str(reason)
            made[reference.column] = entry
        return made

    def _images(self) -> None:
        for spec in self.collector.view.tensors:
            plot = Plot(f"image_{spec.name}", "image", spec.name)
            self.draw(plot, lambda spec=spec: self._image(spec))  # type: ignore[misc]

    def _image(self, spec: Any) -> None:
        if not is_image(spec):
            raise Unavailable(f"a tensor of shape {spec.shape} has no average image")
        self.require_judged()

    def _domain(self) -> dict[str, Any]:
        if not self.card.domain:
            self.not_drawn["domain"] = "the model card records no training domain"
            return {}
        counts = self.tally.counts
        judged = self.figures["events"]["judged"]
        outside = counts["outside",]
        low, high = clopper_pearson(outside, judged)
        share = outside / judged if judged else None
        self.check(
            "domain",
            share is not None and share <= OUTSIDE_LIMIT,
            f"{outside} of {judged} judged are outside the training domain "
            f"(at most {OUTSIDE_LIMIT:.0%} should be)",
        )
        axes = {}
        for axis in self.card.domain:
            plot = Plot(f"domain_{axis.name}", "domain", axis.name)
            axes[axis.name] = self.draw(plot, lambda axis=axis: self._axis(axis))  # type: ignore[misc]
        fraction = {"value": share, "low": float(low), "high": float(high)}
        return {"outside": outside, "judged": judged, "fraction": fraction, "axes": axes}

    def _axis(self, axis: DomainAxis) -> dict[str, Any]:
        names = [summary.name for summary in self.collector.view.summaries]
        if axis.name not in names:
            raise Unavailable(
                f"the view {self.card.view} has no summary {axis.name!r}{nearest(axis.name, names)}"
            )
        self.require_judged()
        counts = self.tally.hists[f"domain_{axis.name}"].values(flow=True)
        made: dict[str, Any] = {
            "outside": self.tally.counts["outside", axis.name],
            "low": axis.low,
            "high": axis.high,
            "log": axis.log,
            "edges": axis.edges,
            "training": axis.fractions,
        }
        if not counts.sum():
            raise Unavailable(f"no judged event has a finite {axis.name}")
        trained = self.card.training.events.get("train")
        return made | asdict(compare(counts, axis, trained))


def assess(collector: Collector) -> Report:
    """The report of what a collector counted."""
    return Assessment(collector).report()


def _family(output: Output) -> str:
    return "distribution" if output.role == "score" and not output.shape else "values"


def _model(card: ModelCard) -> Mapping[str, str]:
    return {
        "name": card.name,
        "version": card.version,
        "title": card.title,
        "sha256": card.network.sha256,
    }


def _sample(collector: Collector) -> Mapping[str, Any]:
    adapter = collector.adapter
    labelled = collector.tally.counts["labelled",] > 0
    return {
        "adapter": adapter.name,
        "label": adapter.label or adapter.title,
        "status": "Simulation" if labelled else "",
        "classes": list(adapter.truth.classes),
        "images": {
            spec.name: (spec.doc or spec.name) + (f" [{spec.unit}]" if spec.unit else "")
            for spec in collector.view.tensors
        },
    }
