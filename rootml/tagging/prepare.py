"""Opening and checking everything a batch run needs, before anything is written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from uproot.behaviors.RNTuple import RNTuple

from rootml.adapter import Adapter
from rootml.errors import InputError, OutputError, TreeError
from rootml.registry import default_model, get_adapter, load
from rootml.rootio.chunks import branches_of
from rootml.rootio.container.in_place import InPlace
from rootml.rootio.opening import check_file
from rootml.rootio.provenance import read_provenance
from rootml.rootio.remote import Location, is_remote, location, name_of
from rootml.rootio.source import Source, open_sources
from rootml.rootio.transfer import check_output
from rootml.runtime.model import Model
from rootml.runtime.servers import is_server
from rootml.tagger import Tagger
from rootml.tagging.candidates import candidates
from rootml.tagging.job import Job, columns_by_source
from rootml.tagging.models import kept_model
from rootml.tagging.plan import PlannedModel, TagPlan
from rootml.tagging.points import check_points
from rootml.tagging.record import made_by, outdated
from rootml.variations import Vary

if TYPE_CHECKING:
    from rootml.validation import Style

OUTPUTS = ("append", "friend")
EntryRange = tuple[int | None, int | None]
Card = str | os.PathLike[str]
"""A model's name, or the path of a card."""


@dataclass(frozen=True, kw_only=True)
class TagOptions:
    """The options of :func:`rootml.tag_file`, documented there."""

    models: tuple[str, ...] = ()
    tree: str | None = None
    friends: tuple[str, ...] = ()
    adapter: str | None = None
    output: str = "append"
    in_place: bool = False
    prefix: str = ""
    outputs: tuple[str, ...] | None = None
    working_points: str | tuple[str, ...] = ()
    vary: Vary | None = None
    vary_seed: int = 0
    ood: bool = False
    batch_size: int | None = None
    threads: int | None = None
    device: str = "cpu"
    engine: str | None = None
    compression: str | None = None
    entry_range: EntryRange = (None, None)
    overwrite: bool = False
    verify: bool = False
    plots: str | bool = True
    style: Style | None = None

    def shaping(self) -> dict[str, Any]:
        """The options that shape the columns, for the record in the output."""
        return {
            "output": self.output,
            "prefix": self.prefix,
            "outputs": None if self.outputs is None else list(self.outputs),
            "working_points": self.working_points or [],
            "vary": {name: list(map(float, values)) for name, values in (self.vary or {}).items()},
            "vary_seed": self.vary_seed,
            "ood": self.ood,
            "batch_size": self.batch_size,
            "device": self.device,
            "engine": self.engine,
            "entry_range": list(self.entry_range),
        }


def tag_options(models: Card | Sequence[Card] | None = None, **given: Any) -> TagOptions:
    """The options as a caller of :func:`rootml.tag_file` gives them, as plain values."""
    listed = (models,) if isinstance(models, str | os.PathLike) else models or ()
    plain = {name: _plain(value) for name, value in given.items()}
    return TagOptions(models=_plain(listed), **plain)


def _plain(value: Any) -> Any:
    """Paths as texts, sequences as tuples, what else there is as it is."""
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return tuple(map(_plain, value))
    return value


@dataclass(frozen=True)
class Run:
    """One file opened and planned."""

    plan: TagPlan
    jobs: tuple[Job, ...]
    columns: Mapping[Source, tuple[str, ...]]
    provenance: Mapping[str, Any] | None


def prepare(stack: ExitStack, source: str, target: Location | None, options: TagOptions) -> Run:
    """Open the source on ``stack``, load the networks, and check that the run can be done."""
    check_options(options)
    if (target is None) != options.in_place:
        raise InputError(f"{source}: where to? Give either an output file or in_place=True")
    _check_place(source, target, overwrite=options.overwrite)
    jobs = open_jobs(stack, source, options)
    opened = jobs[0].source
    if target is not None:
        inputs = map(location, opened.events.files)
        check_output(target, inputs, overwrite=options.overwrite)
    folder = _plot_folder(options.plots, target or Path(source))
    if folder is not None:
        check_folder(folder)
    columns = columns_by_source(jobs)
    provenance = read_provenance(opened.tree.file.root_directory, opened.name)
    plan = _plan(jobs, branches_of(columns), target, options, provenance)
    return Run(plan, jobs, columns, provenance)


def open_jobs(stack: ExitStack, source: str, options: TagOptions) -> tuple[Job, ...]:
    """The networks, loaded, and the tree that all of them read, opened on ``stack``."""
    models = [_load(name, options) for name in options.models]
    sources = open_sources(
        source, _choices(models, options), tree=options.tree, friends=options.friends
    )
    opened = stack.enter_context(sources[0])
    if opened.num_entries == 0:
        raise TreeError(f"{source}: tree {opened.name!r} has no entries, nothing to tag")
    if not models:
        default = default_model(opened.adapter, opened.decoder.layout, source)
        models = [_load(default, options)]
    return tuple(
        _job(model, sources[index], options)
        for model, index in zip(models, _groups(models), strict=True)
    )


def _check_place(source: str, target: Location | None, *, overwrite: bool) -> None:
    """Refuse a source that is not ROOT's, and a place (None: the source) that cannot be written."""
    if not is_remote(source):
        check_file(source)
    if target is not None:
        check_output(target, [location(source)], overwrite=overwrite)
    elif is_remote(source):
        raise OutputError(f"{source}: cannot be changed in place: it is not on this machine")
    else:
        InPlace(Path(source)).abort()


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made or written into."""
    there = folder
    while not there.exists():
        there = there.parent
    if not there.is_dir() or not os.access(there, os.W_OK | os.X_OK):
        raise OutputError(f"{folder}: the plots cannot be written: {there} is no writable folder")


def check_options(options: TagOptions) -> None:
    """Refuse options that contradict each other, with InputError."""
    if options.output not in OUTPUTS:
        raise InputError(f"output {options.output!r}: expected {' or '.join(OUTPUTS)}")
    if options.in_place and options.output != "append":
        raise InputError("in place branches are appended; a friend is a file of its own")
    if options.verify and options.output != "append":
        raise InputError("a friend has nothing of the source that could be verified")
    if options.batch_size is not None and options.batch_size < 1:
        raise InputError(f"batch size {options.batch_size}: expected 1 or more")
    if len(set(options.models)) != len(options.models):
        raise InputError(f"the same model is named twice: {', '.join(options.models)}")


def _load(name: str, options: TagOptions) -> Model:
    asked = options.threads, options.device, options.engine
    if options.engine and is_server(options.engine):  # it may have another one for the next file
        return load(name, threads=asked[0], device=asked[1], engine=asked[2])
    return kept_model(name, *asked)


def _choices(models: Sequence[Model], options: TagOptions) -> list[Sequence[Adapter]]:
    """The adapters that are all to read the file; without a model, those of which one may."""
    if not models:
        return [candidates() if options.adapter is None else [get_adapter(options.adapter)]]
    for model in models:
        if options.adapter not in (None, model.adapter.name):
            raise InputError(
                f"adapter {options.adapter!r}: the model {model.card.name!r} is one of "
                f"{model.adapter.name!r}"
            )
    groups = _groups(models)
    return [[models[groups.index(number)].adapter] for number in range(max(groups) + 1)]


def _groups(models: Sequence[Model]) -> list[int]:
    """For each model the number of its adapter; the same for those with equal declarations."""
    different: list[Any] = []
    for model in models:
        if model.card.adapter not in different:
            different.append(model.card.adapter)
    return [different.index(model.card.adapter) for model in models]


def _job(model: Model, source: Source, options: TagOptions) -> Job:
    tagger = Tagger(
        model,
        prefix=options.prefix,
        outputs=options.outputs,
        working_points=options.working_points,
        vary=options.vary,
        vary_seed=options.vary_seed,
        ood=options.ood,
        batch_size=options.batch_size,
        layout=source.decoder.layout,
    )
    check_points(tagger, source.decoder)
    if options.plots is False:
        return Job(source, tagger, None)
    from rootml.validation import Collector  # late: histograms and scipy take half a second

    return Job(source, tagger, Collector(model.card, source.adapter, branches=tagger.branches))


def _plan(
    jobs: Sequence[Job],
    branches: tuple[str, ...],
    target: Location | None,
    options: TagOptions,
    provenance: Mapping[str, Any] | None,
) -> TagPlan:
    source = jobs[0].source
    added = tuple(column for job in jobs for column in job.tagger.columns)
    names = [column.name for column in added]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise InputError(
            f"two of the models make a branch {twice!r}: add that of one after that of the other, "
            "with --prefix"
        )
    clashing = [column.name for column in added if column.name in source.tree]
    if clashing and not options.overwrite:
        made = made_by(provenance, source.name, clashing[0])
        raise OutputError(
            f"{source.path}: tree {source.name!r} already has a branch {clashing[0]!r}"
            + (f", made by {made}" if made else "")
            + "; --overwrite replaces it, --prefix names the new one differently"
        )
    return TagPlan(
        source=source.path,
        target=target or Path(source.path),
        in_place=options.in_place,
        output=options.output,
        tree=source.name,
        entries=source.num_entries,
        entry_range=_entry_range(options.entry_range, source),
        branches_read=branches,
        models=tuple(_planned(job) for job in jobs),
        columns=added,
        replaced=tuple(clashing),
        dropped=_dropped(source, provenance, names) if options.output == "append" else (),
        plots=_plot_folder(options.plots, target or Path(source.path)),
    )


def _dropped(
    source: Source, provenance: Mapping[str, Any] | None, made: Sequence[str]
) -> tuple[str, ...]:
    """Branches of earlier cuts on scores that are made again; OutputError where they must stay."""
    found = [name for name in outdated(provenance, source.name, made) if name in source.tree]
    if found and isinstance(source.tree, RNTuple):
        raise OutputError(
            f"{source.path}: RNTuple {source.name!r} has {found[0]!r}, a cut on a score that is to"
            " be replaced, and a field cannot be taken out: ask for it again (--pass), or name the"
            " new score differently (--prefix)"
        )
    return tuple(found)


def _planned(job: Job) -> PlannedModel:
    decoder = job.source.decoder
    return PlannedModel(
        card=job.tagger.model.card,
        adapter=job.source.adapter.name,
        layout=decoder.layout.name,
        layout_options=decoder.options,
    )


def _entry_range(wanted: EntryRange, source: Source) -> tuple[int, int]:
    start = 0 if wanted[0] is None else wanted[0]
    stop = source.num_entries if wanted[1] is None else wanted[1]
    if not 0 <= start < stop <= source.num_entries:
        raise InputError(
            f"{source.path}: tree {source.name!r}: entry range {start}:{stop} "
            f"does not lie within its {source.num_entries} entries"
        )
    return start, stop


def _plot_folder(plots: str | bool, target: Location) -> Path | None:
    """The folder of the plots; beside the target, or here where that is on a server."""
    if plots is False:
        return None
    if plots is not True:
        return Path(plots)
    beside = target.parent if isinstance(target, Path) else Path()
    return beside / f"{PurePath(name_of(target)).stem}_validation"
