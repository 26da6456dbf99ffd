"""Tagging many files: who does which, what failed, and how the whole looks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from rootml.errors import InputError, OutputError, RootmlError
from rootml.registry import find_card
from rootml.rootio.container.transaction import made_folder
from rootml.rootio.events.friends import parse_named
from rootml.rootio.opening import check_file
from rootml.rootio.remote import is_remote
from rootml.rootio.transfer import made_remote_folder
from rootml.scale.inputs import find_inputs, targets_in
from rootml.scale.outcome import FileOutcome, FilesResult
from rootml.scale.tally import Progress, Tally
from rootml.scale.task import Task
from rootml.scale.workforce import Workforce, workforce
from rootml.tagging.prepare import Card, TagOptions, check_folder, check_options, tag_options

GIVEN_UP = "given up, because another file failed"


def tag_files(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    folder: str | os.PathLike[str] | None = None,
    models: Card | Sequence[Card] | None = None,
    *,
    target: str | os.PathLike[str] | None = None,
    executor: str | None = None,
    workers: int | None = None,
    scheduler: str | None = None,
    entries_per_job: int | None = None,
    resume: bool = False,
    fail_fast: bool = False,
    plots: str | os.PathLike[str] | bool = True,
    dry_run: bool = False,
    progress: Callable[[Progress], None] | None = None,
    **options: Any,
) -> FilesResult:
    """Tag each of ``files`` into a file of its name in ``folder``, as :func:`rootml.tag_file` does.

    ``files``: paths and URLs, globs, folders (their ``*.root``) and lists (``"@list.txt"``).
    ``target``: the output of a single file, which then needs no ``folder``.
    ``executor``: ``"serial"``, one file after the other; ``"processes"``: ``workers`` processes of
    this machine; ``"dask"``: the workers of the cluster at ``scheduler`` (an address, or the path
    of a scheduler's JSON file), which see the same files, or ``workers`` made here. None takes dask
    where there is a ``scheduler``, processes where there are ``workers``, else serial. ``workers``:
    None takes as many as there are cores. Workers times threads are at most the cores of this
    machine, unless both are asked for; what they are is in the result. ``entries_per_job``: a
    worker judges so many entries of a file at a time, at most, or as many as are read at once, and
    this process writes what they say; 0: each worker tags whole files; None divides files where
    there are too few to keep all workers busy.

    A file that fails does not stop the others, unless ``fail_fast``: see ``failed`` of the result.
    ``resume``: an output that is there is kept if its record says that it was made from this
    input, by these networks, adapters and options; another one fails, or is replaced with
    ``overwrite``. ``plots``: folder of the validation of all files together, True for
    ``<folder>_validation``, False for none. ``progress``: is told now and then how many
    events and files are done (:class:`rootml.scale.Progress`).
    ``options``: those of :func:`rootml.tag_file`.

    Outputs appear whole or not at all, and are the same whatever they ran on. A worker that dies
    is replaced, and its file or range begun again. Scripts that start processes need the usual
    ``if __name__ == "__main__":``. Raises the errors of :mod:`rootml.errors` before anything runs.
    """
    start = time.perf_counter()
    inputs = find_inputs([os.fspath(one) for one in _listed(files)])
    asked = tag_options(models, plots=False, **options)
    targets = _targets(inputs, folder, target, asked)
    entries = 0 if entries_per_job is None and asked.in_place else entries_per_job
    staff = workforce(executor, workers, scheduler, asked.threads, len(inputs), entries)
    _check(inputs, targets, asked, staff, resume=resume)
    beside = folder if target is None else os.fspath(target).removesuffix(".root")
    page = None if plots is False or dry_run else _plot_folder(plots, beside)
    if page is not None:
        check_folder(page)
    if staff.executor == "dask":  # its workers have working directories of their own
        inputs, targets = list(map(_absolute, inputs)), list(map(_absolute, targets))
        asked = replace(
            asked,
            models=tuple(map(_absolute_card, asked.models)),
            friends=tuple(map(_absolute_friend, asked.friends)),
        )
    tasks = [
        Task(source, to, asked, resume=resume, dry_run=dry_run)
        for source, to in zip(inputs, targets, strict=True)
    ]
    with made(folder):
        outcomes = _run(tasks, Workforce("serial") if dry_run else staff, fail_fast, progress)
    result = FilesResult(outcomes, str(staff), time.perf_counter() - start)
    return result if page is None else _validated(result, asked, page)


def _listed(
    files: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
) -> Sequence[str | os.PathLike[str]]:
    return [files] if isinstance(files, str | os.PathLike) else files


def _targets(
    inputs: Sequence[str],
    folder: str | os.PathLike[str] | None,
    target: str | os.PathLike[str] | None,
    options: TagOptions,
) -> Sequence[str | None]:
    places = [place for place in (folder, target) if place is not None]
    if options.in_place and not places:
        return [None] * len(inputs)
    if options.in_place or len(places) != 1:
        raise InputError(
            "where to? Give either a folder for the outputs (folder=, -o), the output of a single "
            "file (target=) or in_place=True"
        )
    if folder is not None:
        return targets_in(os.fspath(folder), inputs)
    if len(inputs) > 1:
        raise InputError(f"{places[0]}: one output, but there are {len(inputs)} inputs")
    return [os.fspath(places[0])]


def _absolute(path: Any) -> Any:
    """A path of this machine from its root on; URLs and None as they are."""
    return path if path is None or is_remote(path) else str(Path(path).absolute())


def _absolute_card(model: str) -> str:
    return _absolute(model) if Path(model).exists() else model


def _absolute_friend(text: str) -> str:
    alias, file, tree = parse_named(text)
    return f"{f'{alias}=' if alias else ''}{_absolute(file)}{f':{tree}' if tree else ''}"


def _check(
    inputs: Sequence[str],
    targets: Sequence[str | None],
    options: TagOptions,
    staff: Workforce,
    *,
    resume: bool,
) -> None:
    """Refuse what would go wrong with every file, before anything runs."""
    check_options(options)
    if options.friends and len(targets) > 1:
        raise InputError(f"--friend belongs to one input, but there are {len(targets)}")
    if options.in_place and staff.executor == "dask":
        raise InputError(
            "in place not by dask: where it loses sight of a worker it begins a file again, while "
            "that worker may still be writing into it; take --executor processes"
        )
    if options.in_place and staff.entries:
        raise InputError(
            f"{staff.entries} entries per job, but in place a file is one job: nobody else may "
            "have it open"
        )
    for missing in (one for one in inputs if not (is_remote(one) or Path(one).exists())):
        check_file(missing)
    for model in options.models:
        find_card(model)
    there = [t for t in targets if t is not None and not is_remote(t) and Path(t).exists()]
    if there and not (resume or options.overwrite):
        raise OutputError(
            f"{there[0]}: exists already{f', and {len(there) - 1} more' * (len(there) > 1)}; "
            "--resume keeps what is made, --overwrite (overwrite=True) replaces it"
        )


def made(folder: str | os.PathLike[str] | None) -> AbstractContextManager[None]:
    """Make a folder, and take it away if nothing came to lie in it."""
    if folder is None:
        return nullcontext()
    if is_remote(url := os.fspath(folder)):
        return made_remote_folder(url)
    if Path(folder).is_file():
        raise OutputError(f"{folder}: is a file; several inputs need a folder to go to")
    return made_folder(Path(folder))


def _run(
    tasks: Sequence[Task],
    staff: Workforce,
    fail_fast: bool,
    progress: Callable[[Progress], None] | None,
) -> tuple[FileOutcome, ...]:
    outcomes = [task.failed(GIVEN_UP) for task in tasks]
    tally = Tally(len(tasks))

    def heard(number: int, done: int, total: int) -> None:
        tally.heard(number, done, total)
        if progress is not None:
            progress(tally.progress)

    with closing(staff.run(tasks, heard)) as arriving:
        for number, outcome in arriving:
            outcomes[number] = outcome
            tally.finished(number, outcome.result.events if outcome.result else 0)
            if progress is not None:
                progress(tally.progress)
            if outcome.error and fail_fast:
                break
    return tuple(outcomes)


def _plot_folder(
    plots: str | os.PathLike[str] | bool, folder: str | os.PathLike[str] | None
) -> Path:
    """Where the validation of the whole goes: beside a local ``folder``, else here."""
    if not isinstance(plots, bool):
        return Path(plots)
    if folder is None:
        return Path("tagged_validation")
    name = PurePosixPath(folder).name
    here = Path(name) if is_remote(os.fspath(folder)) else Path(folder)
    return here.with_name(f"{name}_validation")


def _validated(result: FilesResult, options: TagOptions, folder: Path) -> FilesResult:
    """The result with the validation of all outputs together, or with what kept it away."""
    sound = [outcome for outcome in result.outcomes if not outcome.error]
    if not sound:
        return result
    from rootml.tagged import validate_files  # late: histograms and scipy take half a second
    from rootml.tagged.samples import SampleFiles
    from rootml.validation import Style, write_study

    sample = SampleFiles(folder.name.removesuffix("_validation"), tuple(o.target for o in sound))
    try:
        study = validate_files([sample], options.models, tree=options.tree, prefix=options.prefix)
        files = write_study(study, folder, style=options.style or Style())
    except (RootmlError, OSError) as error:
        return replace(result, unvalidated=str(error))
    return replace(result, files=tuple(files))
