"""Labels: outputs that say one of several classes, or how many of something there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict
from functools import partial
from typing import Any, Self

import numpy as np
from hist import axis

from rootml.card import Output
from rootml.spec import Array
from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally, in_bins
from rootml.validation.counting.units import Units, Variable, bins_of
from rootml.validation.figures.draft import Draft, Unavailable
from rootml.validation.report import Plot
from rootml.validation.statistics.binomial import efficiency_interval
from rootml.validation.statistics.calibration import Reliability
from rootml.validation.statistics.confusion import Confusion, known_or
from rootml.validation.statistics.counts import Counts
from rootml.validation.statistics.scales import LOGIT
from rootml.validation.topics.base import Topic
from rootml.validation.topics.classes import beyond, names_of, numbers, true_classes, untrue
from rootml.validation.topics.scores import about

MOST = 32
"""Numbers without names are told apart from 0 to one less."""

MISTAKES = 20
"""So many of the worst mistakes are listed."""


class Label(Topic):
    """An output that is the index of a class, a number of things, or a probability a class."""

    def __init__(self, setting: Setting, output: Output):
        self.setting = setting
        self.output = output
        self.columns = (output.estimates,) if output.estimates else ()
        self.names = names_of(setting, output)
        self.classes = len(self.names) or MOST

    @classmethod
    def of(cls, setting: Setting) -> Iterator[Self]:
        """One for each output of these roles."""
        return (cls(setting, output) for output in setting.outputs if is_label(output))

    def fill(self, tally: Tally, units: Units) -> None:
        """Count true against predicted classes, and by variable what was right."""
        name, k = self.output.name, self.classes
        truth = true_classes(self.setting, self.output, units, k)
        if truth is None:
            return
        said, confidence = predicted(self.output, units.outputs[name])
        rows, columns = known_or(truth, k), known_or(said, k)
        tally.counts["none", name] += int(np.count_nonzero(columns == k))
        told = ~np.isnan(truth)
        both = (_classes("truth", k + 1), _classes("predicted", k + 1))
        pairs = rows[told], columns[told]
        tally.fill(f"{name}/confusion", both, *pairs, weight=units.weights(told))
        if tally.weighted:
            entries = Counts.filled(np.ravel_multi_index(pairs, (k + 1, k + 1)), (k + 1) ** 2)
            tally.add(f"{name}/entries", entries.values.reshape(k + 1, k + 1))
        known = rows < k
        right = (rows == columns)[known].astype(np.int64)
        axes = (_classes("right", 2),)
        self.fill_by_variable(tally, units, f"{name}/right", axes, known, right)
        if confidence is not None:
            fine = LOGIT.axis("confidence", "log(p/(1-p))")
            values = right, LOGIT.forward(confidence[known])
            tally.fill(f"{name}/confidence", (*axes, fine), *values, weight=units.weights(known))
        self._keep_mistakes(tally, units, rows, columns, confidence)

    def figures(self, draft: Draft) -> Mapping[str, Any]:
        """What is taken for what, how well each class is found, and the worst mistakes."""
        name = self.output.name
        plot = Plot(f"{name}_confusion", "confusion", name)
        made = draft.draw(plot, partial(self._confusion, draft))
        if made is None:
            return {}
        none = draft.tally.counts["none", name]
        text = f"{none} values of {name} are none of the classes"
        draft.check(f"{name}_known", none == 0, text)
        for family in ("confusion_by_prediction", "classes"):
            draft.draw(Plot(f"{name}_{family}", family, name), dict)
        figures: dict[str, Any] = {"confusion": made, "against": self._against(draft)}
        if self.output.role == "probabilities":
            plot = Plot(f"{name}_reliability", "reliability", name)
            figures["reliability"] = draft.draw(plot, partial(self._reliability, draft))
        mistakes = draft.attempt(f"{name}_mistakes", partial(self._mistakes, draft, made))
        return {"outputs": {name: figures | {"mistakes": mistakes or []}}}

    def histograms(self, tally: Tally) -> Iterator[tuple[str, Any]]:
        """``confusion_<output>``: true against predicted class, the last of each: none."""
        if f"{self.output.name}/confusion" in tally.hists:
            yield f"confusion_{self.output.name}", tally.hists[f"{self.output.name}/confusion"]

    def _keep_mistakes(
        self, tally: Tally, units: Units, truth: Array, said: Array, confidence: Array | None
    ) -> None:
        """Keep the entries of the mistakes that were made with most confidence, or by most."""
        entry = units.column("entry")
        if entry is None:
            return
        file = units.column("file")
        rank = np.abs(said - truth) if confidence is None else confidence
        rows = (rank, np.zeros(len(entry)) if file is None else file, entry, truth, said)
        wrong = (truth < self.classes) & (truth != said)
        tally.keep(f"{self.output.name}/mistakes", np.stack(rows, axis=1)[wrong], MISTAKES)

    def _confusion(self, draft: Draft) -> dict[str, Any]:
        draft.require_judged()
        name = f"{self.output.name}/confusion"
        if name not in draft.tally.hists:
            raise untrue(self.setting, self.output, self.classes)
        counts = Counts.of(draft.tally.hists[name])
        known = counts[: self.classes]
        if not known.squares.any():
            raise Unavailable(f"no judged event has a true value from 0 to {self.classes - 1}")
        if not (total := float(known.values.sum())) > 0:
            raise Unavailable(f"the weights of the events add up to {total:g}")
        k = len(self.names) or _in_use(counts)
        places, names = [*range(k), self.classes], self.names or numbers(k)

        def confusion(table: Counts) -> Confusion:
            chosen = table.each(lambda part: part[:, places])
            title = beyond(self.names or numbers(self.classes))
            return Confusion(names, chosen[:k], chosen[self.classes], title)

        made = confusion(counts).figures()
        if (entries := draft.tally.sums.get(f"{self.output.name}/entries")) is not None:
            plain = confusion(Counts(entries, entries)).figures()
            kept = ("accuracy", "efficiency")
            made["unweighted"] = {key: plain[key] for key in kept}
        return made

    def _reliability(self, draft: Draft) -> dict[str, Any]:
        counts = Counts.of(draft.tally.hists[f"{self.output.name}/confidence"], flow=True)
        if not counts.values.sum() > 0:
            raise Unavailable(f"no value of {self.output.name} is a probability")
        made = Reliability.from_bins(LOGIT.middles(), counts[1], counts[0])
        return {"title": "Probability of the predicted class", "of": "right"} | made.figures()

    def _against(self, draft: Draft) -> dict[str, Any]:
        """Accuracy in bins of each variable that the file has."""
        name, made = self.output.name, {}
        for variable in self.setting.variables:
            plot = Plot(
                f"{name}_accuracy_vs_{variable.name}",
                "accuracy_against",
                f"{name}:{variable.name}",
            )
            rows = draft.draw(plot, partial(self._accuracy, draft, variable))
            if rows:
                made[variable.name] = about(variable) | {"accuracy": rows}
        return made

    def _accuracy(self, draft: Draft, variable: Variable) -> list[dict[str, Any]]:
        hist = draft.tally.hists.get(in_bins(f"{self.output.name}/right", variable.name))
        if hist is None:
            raise Unavailable(f"the file has no {variable.name} ({variable.source})")
        if not hist.variances(flow=True).any():
            raise Unavailable(f"no judged event has a valid {variable.name}")
        rows = []
        for one in bins_of(hist, variable):
            total = one.counts.sum()
            if total.values > 0:
                share = efficiency_interval(one.counts[1], total).one()
                entries = float(total.values)
                rows.append(
                    {"low": one.low, "high": one.high, "entries": entries}
                    | {"accuracy": asdict(share)}
                )
        return rows

    def _mistakes(self, draft: Draft, made: Mapping[str, Any]) -> list[dict[str, Any]]:
        top = draft.tally.tops.get(f"{self.output.name}/mistakes")
        if top is None:
            raise Unavailable("entries are not known here: rootml validate lists them")
        names = [*made["classes"], "none"]
        last = len(names) - 1
        return [
            {
                "file": int(file),
                "entry": int(entry),
                "true": names[int(truth)],
                "predicted": names[min(int(said), last)],
                **({"probability": rank} if self.output.role == "probabilities" else {}),
            }
            for rank, file, entry, truth, said in top.rows.tolist()
        ]


def is_label(output: Output) -> bool:
    """Whether an output says a class or a number of things."""
    if output.role == "probabilities":
        return len(output.shape) == 1 and output.shape[0] > 1
    return output.role in ("label", "multiplicity") and not output.shape


def predicted(output: Output, values: Array) -> tuple[Array, Array | None]:
    """The class that an output says of each unit, NaN for none, and how probable it says it is."""
    if output.role != "probabilities":
        said = values.astype(np.float64)
        return (np.rint(said) if output.role == "multiplicity" else said), None
    valid = ((values >= 0) & (values <= 1)).all(axis=1)
    best = np.where(valid, values.argmax(axis=1), np.nan)
    return best, np.where(valid, values.max(axis=1), 0.0).astype(np.float64)


def _classes(name: str, bins: int) -> Any:
    return axis.Integer(0, bins, name=name, label=f"{name} class", flow=False)


def _in_use(counts: Counts) -> int:
    """One more than the largest number that is true or predicted, 2 at least."""
    filled = counts.squares[:-1, :-1] > 0
    used = np.flatnonzero(filled.any(axis=0) | filled.any(axis=1) | (counts.squares[:-1, -1] > 0))
    return max(int(used[-1]) + 1 if len(used) else 0, 2)
