"""Samples as users name them: ``TITLE=FILES``, where FILES are paths, globs or lists of them."""

from __future__ import annotations

import glob
import math
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from rootml.errors import InputError, nearest
from rootml.rootio.opening import find_files
from rootml.rootio.remote import is_remote
from rootml.validation.study import Role

Given = str | os.PathLike[str] | Sequence[str | os.PathLike[str]]
"""A path, a glob, a comma-separated list of these, or a sequence of them."""

MOST = 12
"""Samples of one study; more cannot be told apart on a plot, and are a glob that was not quoted."""

LONGEST = 80
"""Characters of a name in paths: file systems take 255, of which plots need some."""


@dataclass(frozen=True)
class SampleFiles:
    """Files that are one sample, and what it is in the comparison.

    ``of``: title of the sample that a variation belongs to. ``weight``: an expression; None takes
    that of the study. ``scale``: a factor on all weights. ``suffix``: of the branches that hold the
    outputs for varied inputs (``rootml-tag --vary``), as ``cell_scale_1p02``.
    """

    title: str
    files: tuple[str, ...]
    role: Role = "sample"
    of: str = ""
    weight: str | None = None
    scale: float = 1.0
    suffix: str = ""

    @property
    def name(self) -> str:
        """The title as it stands in paths."""
        return slug(f"{self.of} {self.title}" if self.of else self.title)


def slug(text: str) -> str:
    """Letters, digits and ``_`` alone: what may stand in a path."""
    return re.sub(r"\W+", "_", text, flags=re.ASCII)[:LONGEST].strip("_") or "sample"


def parse_sample(text: str, role: Role = "sample", title: str = "") -> SampleFiles:
    """The sample ``"TITLE=FILES"``; without TITLE it is called ``title``, or as its files.

    Raises InputError where a glob matches nothing.
    """
    named, files = _titled(text)
    return SampleFiles(named or title or _title(files), expanded(files), role)


def parse_variation(text: str) -> SampleFiles:
    """The variation ``"[OF:]NAME=FILES"`` of the sample OF, or of the only one there is."""
    named, files = _titled(text)
    of, _, name = named.rpartition(":")
    if not name:
        raise InputError(f"variation {text!r}: expected [SAMPLE:]NAME=FILES")
    return SampleFiles(name.strip(), expanded(files), "variation", of.strip())


def parse_weight_variation(text: str) -> SampleFiles:
    """The variation ``"[OF:]NAME=WEIGHT"``: the files of the sample OF with another weight."""
    named, _, weight = text.partition("=")
    of, _, name = named.rpartition(":")
    if not (name and weight):
        raise InputError(f"variation {text!r}: expected [SAMPLE:]NAME=EXPRESSION")
    return SampleFiles(name.strip(), (), "variation", of.strip(), weight)


def parse_branch_variation(text: str) -> SampleFiles:
    """The variation ``"[OF:]NAME=SUFFIX"``: what the files of OF hold for varied inputs."""
    named, _, suffix = text.partition("=")
    of, _, name = named.rpartition(":")
    if not (name and suffix.isidentifier()):
        raise InputError(
            f"variation {text!r}: expected [SAMPLE:]NAME=SUFFIX, as cells_up=cell_scale_1p02 for "
            "what rootml-tag --vary cell_scale=1.02 made"
        )
    return SampleFiles(name.strip(), (), "variation", of.strip(), suffix=suffix)


def scaled(samples: Sequence[SampleFiles], scales: Iterable[str]) -> list[SampleFiles]:
    """The samples with the factors ``"TITLE=X"``; InputError for a title that none has."""
    factors: dict[str, float] = {}
    titles = [sample.title for sample in samples if sample.role != "variation"]
    for text in scales:
        title, equals, number = text.rpartition("=")
        try:
            factors[title] = float(number)
        except ValueError:
            equals = ""
        if not equals or not 0 < factors[title] < math.inf:
            raise InputError(f"scale {text!r}: expected TITLE=FACTOR, a number above 0")
        if title not in titles:
            raise InputError(
                f"scale {text!r}: no sample is called {title!r}{nearest(title, titles)} "
                f"(samples: {', '.join(titles)})"
            )
    return [replace(sample, scale=factors.get(sample.title, sample.scale)) for sample in samples]


def expanded(files: Given) -> tuple[str, ...]:
    """The paths that ``files`` stand for, each once; InputError where a glob matches none."""
    given = (files,) if isinstance(files, str | os.PathLike) else files
    found = [path for one in given for part in _parts(os.fspath(one)) for path in find_files(part)]
    if not found:
        raise InputError("a sample needs at least one file")
    return tuple(dict.fromkeys(found))


def given_samples(
    given: Given | Mapping[str, Given] | Sequence[SampleFiles], role: Role, title: str = ""
) -> list[SampleFiles]:
    """Samples as :func:`~rootml.tagged.validate_files` takes them; ``title`` of untitled ones."""
    if isinstance(given, Mapping):
        return [SampleFiles(name, expanded(files), role) for name, files in given.items()]
    if isinstance(given, str | os.PathLike):
        return [parse_sample(os.fspath(given), role, title)]
    return [
        one if isinstance(one, SampleFiles) else parse_sample(os.fspath(one), role, title)
        for one in given
    ]


def settled(samples: Iterable[SampleFiles]) -> tuple[SampleFiles, ...]:
    """Samples of one title joined, roles and variations settled; InputError where they do not fit.

    Beside data, what is nothing else is simulation.
    """
    joined: dict[tuple[str, str, str], SampleFiles] = {}
    for sample in samples:
        key = sample.title, sample.role, sample.of
        before = joined.get(key)
        files = (*before.files, *sample.files) if before else sample.files
        joined[key] = replace(sample, files=tuple(dict.fromkeys(files)))
    every = list(joined.values())
    if any(sample.role == "data" for sample in every):
        every = [replace(s, role="simulation") if s.role == "sample" else s for s in every]
    nominal = {s.title: s for s in every if s.role in ("sample", "simulation")}
    every = [_varied(s, nominal) if s.role == "variation" else s for s in every]
    _check(every)
    return tuple(every)


def _varied(sample: SampleFiles, nominal: Mapping[str, SampleFiles]) -> SampleFiles:
    """A variation, with what it does not say itself from the sample that it is one of."""
    varied = nominal[_of(sample, list(nominal))]
    files, weight = sample.files or varied.files, sample.weight
    return replace(
        sample,
        of=varied.title,
        files=files,
        weight=varied.weight if weight is None else weight,
        scale=varied.scale,
    )


def _of(sample: SampleFiles, nominal: Sequence[str]) -> str:
    if not sample.of and len(nominal) == 1:
        return nominal[0]
    if sample.of in nominal:
        return sample.of
    known = ", ".join(map(repr, nominal)) or "none"
    what = f"no sample is called {sample.of!r}" if sample.of else "of which sample is it?"
    raise InputError(
        f"variation {sample.title!r}: {what}{nearest(sample.of, nominal)} (samples: {known}; "
        "write SAMPLE:NAME=FILES)"
    )


def _check(samples: Sequence[SampleFiles]) -> None:
    if not samples:
        raise InputError("no sample to validate: give tagged files")
    nominal = [sample for sample in samples if sample.role != "variation"]
    if len(nominal) > MOST:
        raise InputError(
            f"{len(nominal)} samples are more than can be told apart ({MOST}); quote a glob to "
            "make one sample of its files, or name it: TITLE='run*.root'"
        )
    names: dict[str, SampleFiles] = {}
    for sample in samples:
        other = names.setdefault(sample.name, sample)
        if other is not sample:
            raise InputError(
                f"the samples {other.title!r} and {sample.title!r} would be written to one place "
                f"({sample.name}); give them other titles: TITLE=FILES"
            )


def _titled(text: str) -> tuple[str, str]:
    """Title, empty where there is none, and files; ``=`` may also belong to the name of a file."""
    title, equals, files = text.partition("=")
    # Path refuses long titles and absolute patterns
    is_file = os.path.exists(text) or glob.glob(text)  # noqa: PTH110, PTH207
    return (title.strip(), files) if equals and "://" not in title and not is_file else ("", text)


def _parts(text: str) -> list[str]:
    """The parts of a comma-separated list; a comma may also belong to the name of a file."""
    if os.path.exists(text):  # noqa: PTH110 - as in _titled
        return [text]
    parts = re.split(r",(?=\w+://)" if is_remote(text) else ",", text)
    return [part.strip() for part in parts if part.strip()]


def _title(files: str) -> str:
    first, *others = _parts(files) or [files]
    return f"{Path(first).stem} and others" if others else Path(first).stem
