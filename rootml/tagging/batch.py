"""Tagging a whole file: read ahead, judge, append, validate; all in bounded memory."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from rootml.errors import InputError, without_secrets
from rootml.rootio import AppendSink, FriendSink, Sink
from rootml.rootio.events.friends import Named
from rootml.rootio.provenance import PROVENANCE
from rootml.rootio.remote import Location, location, name_of
from rootml.rootio.sink import FileSink
from rootml.spec import Column
from rootml.tagging.judging import Judge, Judged, judge_here
from rootml.tagging.plan import TagResult
from rootml.tagging.prepare import Card, EntryRange, Run, TagOptions, prepare, tag_options
from rootml.tagging.record import record
from rootml.variations import Vary

if TYPE_CHECKING:
    from rootml.validation import Style

Progress = Callable[[int, int], None]
SINKS: Mapping[str, Callable[..., FileSink]] = {"append": AppendSink, "friend": FriendSink}
BLOCK = 1 << 16
"""Entries written at once where nothing is judged."""


def tag_file(
    source: str | os.PathLike[str],
    target: str | os.PathLike[str] | None = None,
    models: Card | Sequence[Card] | None = None,
    *,
    tree: str | None = None,
    friends: Named = (),
    adapter: str | None = None,
    output: str = "append",
    in_place: bool = False,
    prefix: str = "",
    outputs: Sequence[str] | None = None,
    working_points: str | Sequence[str] = (),
    vary: Vary | None = None,
    vary_seed: int = 0,
    ood: bool = False,
    batch_size: int | None = None,
    threads: int | None = None,
    device: str = "cpu",
    engine: str | None = None,
    compression: str | None = None,
    entry_range: EntryRange = (None, None),
    overwrite: bool = False,
    verify: bool = False,
    plots: str | os.PathLike[str] | bool = True,
    style: Style | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> TagResult:
    """Write ``target``: the file ``source`` with the outputs of networks as new branches.

    Either may be a URL: ``root://`` and ``https://`` are read, ``root://`` is written.
    ``models``: names or cards, of any adapters, installed or declared, that read the same tree;
    None takes the default of the experiment, which is found from the branches of the file
    (``adapter`` and ``tree`` narrow the search). ``friends``: files
    (``"[alias=]file.root[:tree]"``) whose branches belong to the same entries, beside the friends
    that the tree itself names. ``output``: ``"append"`` copies the source and adds the branches to
    its tree; ``"friend"`` writes a small file with a tree of the same name that holds only them.
    ``in_place`` appends to the source itself, without a target; it must not be open elsewhere.
    ``working_points``: names of cuts of the models' cards, or "all"; each becomes a branch of
    bools, ``<model>_<point>``, False where nothing was judged.
    ``vary``: systematic variations that the models' views declare, and their values:
    ``{"cell_scale": (0.99, 1.01)}`` makes each branch again as ``<branch>_cell_scale_0p99`` and so
    on, of inputs that are read once; ``vary_seed`` is that of random ones. ``ood``: adds the
    distance of each event or object to the training domain of the model, ``<model>_ood``.
    ``engine``: what runs the networks, instead of what their cards say (``"openvino"``).
    ``entry_range``: judge only these entries; the others get NaN (-1 for integers, False for
    bools). ``compression`` of the new branches: None takes the file's own, else ``"ZSTD-5"`` and
    the like. ``overwrite``: replace an existing target, and branches of the same name;
    earlier cuts on these that are not asked for again are dropped.
    ``verify``: compare all objects and branches with the source before the target appears (in
    place: before an old byte changes).
    ``plots``: folder of the validation, True for ``<target>_validation``, False for none;
    ``style``: how they look (:class:`rootml.validation.Style`).
    ``progress(done, total)``: called after each chunk, in events. ``dry_run``: only check all.

    The target appears whole or not at all; the source is never touched, unless ``in_place``: killed
    at any moment it reads as before or as after. Raises the errors of :mod:`rootml.errors`.
    """
    options = tag_options(
        models,
        tree=tree,
        friends=friends,
        adapter=adapter,
        output=output,
        in_place=in_place,
        prefix=prefix,
        outputs=outputs,
        working_points=working_points,
        vary=vary,
        vary_seed=vary_seed,
        ood=ood,
        batch_size=batch_size,
        threads=threads,
        device=device,
        engine=engine,
        compression=compression,
        entry_range=entry_range,
        overwrite=overwrite,
        verify=verify,
        plots=plots,
        style=style,
    )
    place = None if target is None else location(target)
    return tag_one(os.fspath(source), place, options, progress, dry_run=dry_run)


def tag_one(
    source: str,
    target: Location | None,
    options: TagOptions,
    progress: Progress | None = None,
    *,
    dry_run: bool = False,
    judge: Judge = judge_here,
) -> TagResult:
    """What :func:`tag_file` does, with its options together; ``judge``: who judges the events."""
    clock = [time.perf_counter()]
    with ExitStack() as stack:
        run = prepare(stack, source, target, options)
        if dry_run:
            return TagResult(run.plan, dry_run=True)
        clock.append(time.perf_counter())
        judged = stack.enter_context(closing(judge(run)))
        objects: dict[str, str] = {}
        sink = stack.enter_context(_sink(run, options, objects))
        rows, ran = _write(run, judged, sink, progress)
        # Only now is it known what ran the networks: a server may have gone away meanwhile.
        objects[PROVENANCE] = record(run.provenance, run.jobs, options.shaping(), ran)
        sink.commit()
        made = json.loads(record(None, run.jobs, options.shaping(), ran))
    clock.append(time.perf_counter())
    figures, files = _validate(run, options, made)
    clock.append(time.perf_counter())
    return TagResult(
        run.plan,
        dry_run=False,
        judged=rows,
        verified=sink.diff,
        seconds=_seconds(clock),
        figures=figures,
        files=(run.plan.target, *files),
    )


def _sink(run: Run, options: TagOptions, objects: Mapping[str, str]) -> FileSink:
    append = {"in_place": options.in_place, "compare": options.verify}
    return SINKS[options.output](
        run.plan.source,
        None if options.in_place else run.plan.target,
        run.plan.tree,
        run.plan.columns,
        compression=options.compression,
        replace=(*run.plan.replaced, *run.plan.dropped),
        objects=objects,
        overwrite=options.overwrite,
        **(append if options.output == "append" else {}),
    )


def _write(
    run: Run, judged: Iterable[Judged], sink: Sink, progress: Progress | None
) -> tuple[dict[str, int], dict[str, dict[str, str]]]:
    """Write what is said of the entries in range; returns by model what it judged, what ran it.

    A chunk is compressed and written by a thread while the next one is judged.
    """
    start, stop = run.plan.entry_range
    rows = {job.name: 0 for job in run.jobs}
    ran: dict[str, dict[str, str]] = {job.name: {} for job in run.jobs}
    done = 0
    for block in _unjudged(run.plan.columns, start):
        sink.write(block)
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="rootml-write") as writer:
        written: Future[None] | None = None
        for chunk in judged:
            if written is not None:
                written.result()
            written = writer.submit(sink.write, chunk.columns)
            done += chunk.entries
            for name in rows:
                rows[name] += chunk.rows[name]
                ran[name] |= chunk.ran[name]
            if progress is not None:
                progress(done, stop - start)
        if written is not None:
            written.result()
    for block in _unjudged(run.plan.columns, run.plan.entries - stop):
        sink.write(block)
    return rows, ran


def _unjudged(columns: Sequence[Column], entries: int) -> Iterator[Mapping[str, Any]]:
    """Blocks of missing values for entries outside the range."""
    jagged = [column.name for column in columns if column.per is not None]
    if jagged and entries:
        raise InputError(
            f"column {jagged[0]!r} has one value per object: an entry range that leaves out "
            "entries cannot be tagged, because their objects are not read"
        )
    for done in range(0, entries, BLOCK):
        size = min(BLOCK, entries - done)
        yield {c.name: np.full((size, *c.shape), c.missing, c.dtype) for c in columns}


def _validate(
    run: Run, options: TagOptions, made: Mapping[str, Any]
) -> tuple[dict[str, Mapping[str, Any]], list[Path]]:
    """Write the study of all networks, ``made`` so; returns the figures of each, and the files."""
    collectors = [job.collector for job in run.jobs if job.collector is not None]
    plan, folder = run.plan, run.plan.plots
    if folder is None:
        return {}, []
    from rootml.validation import Sample, Study, Style, write_study
    from rootml.validation.comparing.overlay import overlays
    from rootml.validation.figures.histograms import identifier

    start, stop = plan.entry_range
    file = {"path": without_secrets(plan.source), "tree": plan.tree, "entries": stop - start}
    title = PurePosixPath(name_of(location(plan.source))).stem
    sample = Sample(identifier(title), title, files=(file,))
    reports = tuple(collector.report(sample) for collector in collectors)
    study = replace(
        Study.of(*reports),
        samples=(sample,),
        provenance=made,
    )
    figures = {report.model["name"]: report.to_dict()["figures"] for report in reports}
    return figures, write_study(
        replace(study, plots=overlays(study)), folder, style=options.style or Style()
    )


def _seconds(clock: Sequence[float]) -> dict[str, float]:
    prepare_, tag, plots = np.diff(clock).tolist()
    return {"prepare": prepare_, "tag": tag, "plots": plots, "total": clock[-1] - clock[0]}
