"""From counts to a report: figures, checks, histograms, and what can be drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rootml.validation.counting.setting import Setting
from rootml.validation.counting.tally import Tally
from rootml.validation.figures.draft import Draft
from rootml.validation.figures.histograms import UNLABELLED
from rootml.validation.report import Report
from rootml.validation.study import Sample
from rootml.validation.topics.base import Topic


def assess(setting: Setting, tally: Tally, topics: Iterable[Topic], sample: Sample) -> Report:
    """The report of what was counted of a sample."""
    draft = Draft(setting, tally)
    figures: dict[str, Any] = {
        "events": _events(draft),
        "outputs": {},
        "references": {},
        "domain": {},
        "variables": {},
    }
    for topic in topics:
        figures = _merged(figures, topic.figures(draft))
    return Report(
        model=_model(setting),
        sample=_sample(setting, tally, sample),
        checks=tuple(draft.checks),
        figures=figures,
        hists={name: hist for topic in topics for name, hist in topic.histograms(tally)},
        plots=tuple(draft.plots),
        not_drawn=draft.not_drawn,
    )


def _merged(a: Mapping[str, Any], b: Mapping[str, Any]) -> dict[str, Any]:
    """Both mappings, nested ones merged too; other values of ``b`` win."""
    both = {
        key: _merged(a[key], b[key])
        for key in a.keys() & b.keys()
        if isinstance(a[key], Mapping) and isinstance(b[key], Mapping)
    }
    return {**a, **b, **both}


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


def _model(setting: Setting) -> Mapping[str, str]:
    card = setting.card
    return {
        "name": card.name,
        "version": card.version,
        "title": card.title,
        "sha256": card.network.sha256,
    }


def _sample(setting: Setting, tally: Tally, sample: Sample) -> Mapping[str, Any]:
    adapter = setting.adapter
    simulated = tally.counts["labelled",] + tally.counts["truth",] > 0
    return {
        "name": sample.name,
        "sample_title": sample.title,
        "role": sample.role,
        "adapter": adapter.name,
        "title": adapter.title,
        "status": (adapter.label or "Simulation") if simulated else "",
        "classes": list(adapter.truth.classes),
        "energy": "reconstructed energy" if adapter.energy else "true energy",
        "images": {
            spec.name: spec.name + (f" [{spec.unit}]" if spec.unit else "")
            for spec in setting.view.tensors
        },
    }
