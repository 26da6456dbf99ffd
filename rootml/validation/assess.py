"""From counts to a report: figures, checks, histograms, and what can be drawn."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from rootml.card import Output
from rootml.spec import TensorSpec
from rootml.validation import separation as sep
from rootml.validation.cuts import Cut
from rootml.validation.domain import domain_section
from rootml.validation.draft import Draft, Unavailable
from rootml.validation.histograms import UNLABELLED, export
from rootml.validation.images import is_image, is_wide
from rootml.validation.report import Plot, Report
from rootml.validation.residuals import residual_section
from rootml.validation.scales import ASINH, LOGIT, NO_ENERGY, Scale
from rootml.validation.tally import is_score

if TYPE_CHECKING:
    from rootml.validation.collect import Collector

_VALID = {"uncertainty": "a positive number"}


def assess(collector: Collector) -> Report:
    """The report of what a collector counted."""
    draft = Draft(collector)
    figures = {
        "events": _events(draft),
        "outputs": {output.name: _output(draft, output) for output in collector.outputs},
        "references": _references(draft),
        "domain": domain_section(draft),
    }
    for spec in collector.view.tensors:
        for name in (spec.name, f"{spec.name}_centred") if is_wide(spec) else (spec.name,):
            draft.draw(Plot(f"image_{name}", "image", name), partial(_image, draft, spec))
    return Report(
        model=_model(collector),
        sample=_sample(collector),
        checks=tuple(draft.checks),
        figures=figures,
        hists=export(collector),
        plots=tuple(draft.plots),
        not_drawn=draft.not_drawn,
    )


def _events(draft: Draft) -> dict[str, Any]:
    units, judged = int(draft.units.sum()), int(draft.judged.sum())
    draft.check("judged", judged > 0, f"{judged} of {units} could be judged")
    names = (*draft.classes, UNLABELLED)
    return {
        "events": draft.tally.counts["events",],
        "units": units,
        "judged": judged,
        "not_judged": units - judged,
        "classes": {
            name: {"units": int(found), "judged": int(kept)}
            for name, found, kept in zip(names, draft.units, draft.judged, strict=True)
        },
    }


def _output(draft: Draft, output: Output) -> dict[str, Any]:
    name, score = output.name, is_score(output)
    invalid = draft.tally.counts["invalid", name]
    wanted = "a probability in [0, 1]" if score else _VALID.get(output.role, "finite")
    draft.check(f"{name}_valid", invalid == 0, f"{invalid} values of {name} are not {wanted}")
    plot = Plot(f"{name}_distribution", "distribution" if score else "values", name)
    draft.draw(plot, partial(_distribution, draft, name, score))
    made = {
        "branch": draft.collector.branches[name],
        "role": output.role,
        "unit": output.unit,
        "invalid": invalid,
    }
    return made | (_score(draft, name) if score else residual_section(draft, output))


def _distribution(draft: Draft, name: str, score: bool) -> None:
    draft.require_judged()
    if not draft.tally.entries(name).sum():
        raise Unavailable(f"no value of {name} is valid")
    if not score and not draft.tally.hists[name].values().sum():
        raise Unavailable(f"no value of {name} is within the range of its histogram")


def _score(draft: Draft, name: str) -> dict[str, Any]:
    curves = draft.draw(Plot(f"{name}_roc", "roc", name), partial(_curves, draft, name, LOGIT))
    draft.draw(Plot(f"{name}_rejection", "rejection", name), partial(draft.require_both, name))
    against = partial(_against_energy, draft, name, LOGIT)
    energy = draft.draw(Plot(f"{name}_rejection_vs_energy", "rejection_vs_energy", name), against)
    return {
        **(curves or {}),
        "card_working_points": _card_points(draft, name),
        "rejection_vs_energy": energy or [],
    }


def _curves(draft: Draft, name: str, scale: Scale, sign: float = 1.0) -> dict[str, Any]:
    draft.require_both(name)
    return sep.figures(draft.tally.hists[name], scale, sign)


def _against_energy(
    draft: Draft, name: str, scale: Scale, sign: float = 1.0
) -> list[dict[str, Any]]:
    draft.require_both(name)
    hist = draft.tally.hists[name]
    if all(key == NO_ENERGY for key in hist.axes["energy"]):
        raise Unavailable(f"the file has no energy ({draft.collector.energy})")
    rows = sep.against_energy(hist, scale, sign)
    if all(row["cut"] is None for row in rows):
        signal, background = draft.classes[sep.SIGNAL], draft.classes[sep.BACKGROUND]
        raise Unavailable(
            f"no energy bin has {sep.MIN_SIGNAL} events of the class {signal} "
            f"and one of the class {background}"
        )
    return rows


def _card_points(draft: Draft, name: str) -> list[dict[str, Any]]:
    """The card's working points on this sample; without truth, their thresholds alone."""
    rows = []
    for point in draft.card.working_points:
        if point.output != name:
            continue
        row: dict[str, Any] = {"name": point.name, "threshold": point.threshold}
        try:
            draft.require_both(name)
        except Unavailable:
            rows.append(row)
            continue
        total = draft.tally.entries(name)
        signal, background = (
            (draft.tally.counts["point", point.name, name, str(i)], int(total[i]))
            for i in (sep.SIGNAL, sep.BACKGROUND)
        )
        rows.append(row | sep.describe(Cut(point.threshold, *signal, *background)))
    return rows


def _references(draft: Draft) -> dict[str, Any]:
    """The adapter's reference discriminants, as far as the file has them."""
    made = {}
    for reference in draft.collector.discriminants:
        name = f"reference_{reference.column}"
        if name not in draft.tally.hists:
            continue
        entry: dict[str, Any] = {
            "title": reference.title,
            "higher_is_signal": reference.higher_is_signal,
            "missing": draft.tally.counts["missing", name],
        }
        sign = 1.0 if reference.higher_is_signal else -1.0
        try:
            entry |= _curves(draft, name, ASINH, sign)
            entry["rejection_vs_energy"] = _against_energy(draft, name, ASINH, sign)
        except Unavailable as reason:
            entry["unavailable"] = str(reason)
        made[reference.column] = entry
    return made


def _image(draft: Draft, spec: TensorSpec) -> None:
    if not is_image(spec):
        raise Unavailable(f"a tensor of shape {spec.shape} has no average image")
    draft.require_judged()


def _model(collector: Collector) -> Mapping[str, str]:
    card = collector.card
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
        "title": adapter.title,
        "status": (adapter.label or "Simulation") if labelled else "",
        "classes": list(adapter.truth.classes),
        "energy": "reconstructed energy" if adapter.energy else "true energy",
        "images": {
            spec.name: spec.name + (f" [{spec.unit}]" if spec.unit else "")
            for spec in collector.view.tensors
        },
    }
