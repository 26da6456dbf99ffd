"""Validating tagged files: what networks said is read from the branches, counted, and reported."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from importlib import import_module
from types import MappingProxyType
from typing import Any

from rootml.errors import without_secrets
from rootml.rootio.events.friends import Named
from rootml.tagged.counting import Ledger, Step, count
from rootml.tagged.models import TaggedModel
from rootml.tagged.options import Options
from rootml.tagged.pairing import pair_up, same_events
from rootml.tagged.samples import Given, SampleFiles, given_samples, settled, slug
from rootml.tagged.survey import Surveyed, check_variables, survey
from rootml.validation.comparing.comparison import with_overtraining
from rootml.validation.comparing.mismatch import with_simulation
from rootml.validation.comparing.overlay import overlays
from rootml.validation.events.choosing import PER_KIND
from rootml.validation.report import Report
from rootml.validation.study import Note, Sample, Study

Progress = Callable[[int, int], None]
References = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
LIBRARIES = ("rootml", "numpy", "awkward", "uproot", "hist")


def validate_files(
    samples: Given | Mapping[str, Given] | Sequence[SampleFiles],
    models: References = (),
    *,
    data: Given | Mapping[str, Given] = (),
    train: Given | Mapping[str, Given] = (),
    weight: str = "",
    select: str = "",
    against: Sequence[str] = (),
    fits: Mapping[str, str] = MappingProxyType({}),
    truth: str = "",
    classes: Sequence[str] = (),
    inputs: bool = True,
    tree: str | None = None,
    friends: Named = (),
    prefix: str = "",
    normalise: str = "data",
    events: int = PER_KIND,
    importance: int = 0,
    title: str = "",
    progress: Progress | None = None,
) -> Study:
    """The validation of networks on tagged files: their outputs are read, not computed again.

    ``samples``: ``"[TITLE=]FILES"``, where FILES is a path, a glob or a comma-separated list;
    several of these; a mapping of titles to files; or :class:`SampleFiles`. Each is one sample,
    those of one title are joined. ``data`` is compared with all others, stacked; ``train`` are the
    files of the training, to compare with.

    ``models``: names or cards; none takes those that the files say they were tagged by.
    ``weight``, ``select``, ``truth``: expressions over branches (and those of ``friends``), logical
    columns and ``entry``, one number per event or object; data have no weight. ``truth`` counts
    through ``classes`` from 0 on and stands in for the truth that the adapter finds. ``against``:
    variables to draw figures against (:func:`~rootml.tagged.variables.parse_against`). ``fits``:
    name or title of one of them, with edges -> the peak fitted to its distribution in each sample,
    as ``"breit_wigner_gauss(gamma=2.4952)+exponential"``
    (:mod:`~rootml.validation.statistics.shapes`); what is in brackets is kept fixed. ``inputs``:
    also read the inputs and compare them with those of the training. ``prefix``: that of the
    branches. ``normalise``: ``"data"`` scales all simulation together to the data, ``"none"``
    leaves it. ``events``: how many single events of each kind are kept to be looked at.
    ``importance``: on how many events the network is run again with permuted inputs; 0 for none.
    ``progress(done, total)``: called after each chunk, in entries.

    Files of samples are read one by one in bounded memory and never changed. Raises the errors of
    :mod:`rootml.errors`; what does not stop the work becomes a note of the study.
    """
    options = Options(
        weight=weight,
        select=select,
        against=(against,) if isinstance(against, str) else tuple(against),
        fits=dict(fits),
        truth=truth,
        classes=tuple(classes),
        inputs=inputs,
        tree=tree,
        friends=(friends,) if isinstance(friends, str | os.PathLike) else tuple(friends),
        prefix=prefix,
        normalise=normalise,
        events=events,
        importance=importance,
    )
    requests = settled(
        [
            *given_samples(samples, "sample"),
            *given_samples(data, "data", "Data"),
            *given_samples(train, "train", "training"),
        ]
    )
    listed = (models,) if isinstance(models, str | os.PathLike) else models
    wanted = [TaggedModel.find(os.fspath(model)) for model in listed]
    surveyed = [survey(request, wanted, options) for request in requests]
    notes = [*_bandless(requests), *check_variables(surveyed)]
    groups = same_events(surveyed, options)
    lacking = _lacking(wanted, surveyed, groups)
    step = _steps(surveyed, groups, progress)
    counted = [count(sample, options, step) for sample in surveyed]
    study = _study(surveyed, wanted, counted, options, title, [*notes, *lacking])
    for group in groups:
        study = _paired(study, [(surveyed[i], counted[i]) for i in group], options, step)
    return replace(study, plots=overlays(study))


def _bandless(samples: Sequence[SampleFiles]) -> list[Note]:
    """A warning where variations would be bands around simulation that is compared with nothing."""
    if any(one.role == "data" for one in samples):
        return []
    text = "a variation is drawn as a band where there are data (--data); here it stands alone"
    return [Note("warning", text, one.title) for one in samples if one.role == "variation"]


def _lacking(
    wanted: Sequence[TaggedModel], surveyed: Sequence[Surveyed], groups: Sequence[Sequence[int]]
) -> Iterator[Note]:
    """A warning for each network that judged other samples, but not the events of this one."""
    every = dict.fromkeys(m.full_name for m in (*wanted, *(m for s in surveyed for m in s.models)))
    for group in groups:
        judged = {model.full_name for i in group for model in surveyed[i].models}
        for name in filter(lambda name: name not in judged, every):
            text = f"no output of {name} in its files: it is not validated there"
            yield from (Note("warning", text, surveyed[i].request.title) for i in group)


def _steps(
    surveyed: Sequence[Surveyed], groups: Sequence[Sequence[int]], progress: Progress | None
) -> Step:
    """Tells of the progress; events that several networks judged are read twice."""
    of_several = (g[0] for g in groups if sum(len(surveyed[i].models) for i in g) > 1)
    done, total = 0, sum(surveyed[i].entries for i in (*range(len(surveyed)), *of_several))

    def step(entries: int) -> None:
        nonlocal done
        done += entries
        if progress is not None:
            progress(done, total)

    return step


def _study(
    surveyed: Sequence[Surveyed],
    wanted: Sequence[TaggedModel],
    counted: Sequence[Sequence[Ledger]],
    options: Options,
    title: str,
    notes: Sequence[Note],
) -> Study:
    factor = _factor(surveyed, counted) if options.normalise == "data" else 1.0
    samples = tuple(_sample(one, options, factor or 1.0) for one in surveyed)
    found = (model for one in surveyed for model in one.models)
    models = list({model.full_name: model for model in (*wanted, *found)}.values())
    reports: list[Report] = []
    ledgers = [ledger for one in counted for ledger in one]
    said = [*notes, *(note for one in surveyed for note in one.notes())]
    said += [note for ledger in ledgers for note in ledger.notes()]
    if factor is None:
        text = "not scaled to the data: the weights of one of them add up to 0 or less"
        said.append(Note("warning", text, "simulation"))
        options = replace(options, normalise="none")
    for model in models:
        for sample, made in zip(samples, counted, strict=True):
            named = {ledger.model.full_name: ledger for ledger in made}
            if model.full_name in named:
                reports.append(named[model.full_name].report(sample))
    study = Study(
        title=title or _title(models),
        samples=samples,
        reports=tuple(reports),
        notes=tuple(dict.fromkeys(said)),
        events=tuple(event for ledger in ledgers for event in ledger.events()),
        provenance=_provenance(options),
    )
    return with_overtraining(with_simulation(study))


def _paired(
    study: Study,
    samples: Sequence[tuple[Surveyed, Sequence[Ledger]]],
    options: Options,
    step: Step,
) -> Study:
    """The study with pairs of the networks that judged the events of a group of samples."""
    if sum(len(ledgers) for _, ledgers in samples) < 2:
        return study
    reports = {
        (r.sample["name"], f"{r.model['name']}@{r.model['version']}"): (i, r)
        for i, r in enumerate(study.reports)
    }
    pairs, notes = pair_up(samples, reports, options, step)
    return replace(study, pairs=(*study.pairs, *pairs), notes=(*study.notes, *notes))


def _sample(surveyed: Surveyed, options: Options, factor: float) -> Sample:
    request = surveyed.request
    weight = options.weighting(request)
    return Sample(
        name=request.name,
        title=request.title,
        role=request.role,
        of=slug(request.of) if request.of else "",
        files=tuple(
            {**file.facts, "file": without_secrets(file.facts["file"])} for file in surveyed.files
        ),
        weight=weight.formula.text if weight else "",
        selection=options.select,
        scale=request.scale * (factor if request.role in ("simulation", "variation") else 1.0),
    )


def _factor(surveyed: Sequence[Surveyed], counted: Sequence[Sequence[Ledger]]) -> float | None:
    """What scales all simulation together to the data; None where one adds up to nothing."""
    totals = {"data": 0.0, "simulation": 0.0}
    for one, made in zip(surveyed, counted, strict=True):
        if one.request.role in totals:
            totals[one.request.role] += one.request.scale * made[0].yields
    if not {"data", "simulation"} <= {one.request.role for one in surveyed}:
        return 1.0
    data, simulation = totals.values()
    return data / simulation if data > 0 and simulation > 0 else None


def _title(models: Sequence[TaggedModel]) -> str:
    experiments = dict.fromkeys(model.adapter.title for model in models)
    named = ", ".join(f"{model.card.name} {model.card.version}" for model in models)
    return f"{named}: {', '.join(experiments)}"


def _provenance(options: Options) -> dict[str, Any]:
    return {
        "options": options.to_dict(),
        "versions": {name: import_module(name).__version__ for name in LIBRARIES}
        | {"python": platform.python_version()},
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }
