"""Writing a study into a folder, and reading it back."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

from rootml.errors import InputError, OutputError
from rootml.validation.report import Check, Plot, Report
from rootml.validation.store import HISTOGRAMS, read_histograms, write_histograms, write_root
from rootml.validation.study import SCHEMA, SCHEMA_VERSION, Gate, Note, Pair, Sample, Study
from rootml.validation.style import DEFAULT, Style

REPORT = "report.json"
PAGE = "index.html"
PLOT_SUFFIXES = frozenset({".png", ".pdf", ".svg"})
SHOWN = (".png", ".svg")
"""Plots that the page can show, preferred first."""


def write_study(
    study: Study,
    folder: str | os.PathLike[str],
    *,
    formats: Sequence[str] = ("png", "pdf"),
    style: Style = DEFAULT,
    page: bool = True,
    histograms: str = "json",
) -> list[Path]:
    """Write a study, its plots and its page into a folder; returns the paths written.

    Files: report.json, report.md, histograms.json (UHI; ``histograms="zip"``: histograms.zip, an
    archive of arrays), histograms.root, index.html, and <plot>.<format>, those of several reports
    in folders <model>/<sample>. The page shows PNG or SVG; where ``formats`` has neither, it has
    no plots. Plots of an earlier study in the folder are removed, so that none of another sample
    stays beside the new ones.
    Raises OutputError where the folder cannot be written; InputError for plots of reports that
    were read without their histograms.
    """
    from rootml.validation.plots import draw_study
    from rootml.validation.text import to_markdown

    if formats:
        _require_histograms(study)
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _remove_earlier(folder)
        written = [
            _write(folder / "report.md", to_markdown(study)),
            write_histograms(study.histograms, folder / HISTOGRAMS[histograms]),
            write_root(study.histograms, folder / "histograms.root"),
        ]
        plots = draw_study(study, folder, formats=formats, style=style) if formats else {}
        written += [path for paths in plots.values() for path in paths]
        if page:
            from rootml.validation.page import write_page

            written.append(write_page(study, _shown(plots), folder / PAGE))
        return [_write(folder / REPORT, study.to_json()), *written]
    except OSError as error:
        raise OutputError(f"{folder}: the report cannot be written: {error}") from error


def read_study(path: str | os.PathLike[str]) -> Study:
    """Read a study back from its folder or its report.json.

    The reports have their histograms where these lie beside it; then they are written and drawn
    as before. Events of the page are not kept, and numbers that were not finite are None. Raises
    InputError where there is no report, or one that this version does not read.
    """
    path = Path(path)
    path = path / REPORT if path.is_dir() else path
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(f"{path}: the report cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InputError(f"{path}: is no JSON, expected a {REPORT} of rootml: {error}") from error
    _check_schema(data, path)
    with _undamaged(path):
        study = _study(data)
    for file in filter(Path.exists, map(path.with_name, HISTOGRAMS.values())):
        with _undamaged(file):
            return _with_histograms(study, read_histograms(file))
    return study


@contextlib.contextmanager
def _undamaged(path: Path) -> Iterator[None]:
    """What a file cannot be read for is that it was cut or edited: InputError."""
    try:
        yield
    except (AttributeError, LookupError, OSError, TypeError, ValueError, BadZipFile) as error:
        raise InputError(f"{path}: it is damaged: {error!r}; validate again") from error


def _require_histograms(study: Study) -> None:
    for report in study.reports:
        if report.plots and not report.hists:
            raise InputError(
                f"{report.title}: no plots without its histograms, which are read where "
                f"{' or '.join(HISTOGRAMS.values())} lies beside {REPORT}"
            )


def _check_schema(data: Any, path: Path) -> None:
    schema = data.get("schema") if isinstance(data, dict) else None
    if schema != SCHEMA:
        raise InputError(
            f"{path}: is no report of `rootml validate`: expected the schema {SCHEMA!r}, "
            f"found {schema!r}"
        )
    version = data.get("schema_version")
    if version != SCHEMA_VERSION:
        later = isinstance(version, int) and version > SCHEMA_VERSION
        raise InputError(
            f"{path}: a report of schema version {version!r}, this rootml reads {SCHEMA_VERSION}: "
            + ("update rootml" if later else "validate its files again with this rootml")
        )


def _study(data: Mapping[str, Any]) -> Study:
    return Study(
        title=data["title"],
        samples=tuple(
            Sample(**sample | {"files": tuple(sample["files"])}) for sample in data["samples"]
        ),
        reports=tuple(map(_report, data["reports"])),
        notes=tuple(Note(**note) for note in data["notes"]),
        gates=tuple(Gate(**gate) for gate in data["gates"]),
        provenance=data["provenance"],
        plots=_plots(data["plots"]),
        pairs=tuple(
            Pair(**{**pair, "reports": tuple(pair["reports"])}) for pair in data.get("pairs", ())
        ),
    )


def _report(data: Mapping[str, Any]) -> Report:
    parts = {
        "checks": tuple(Check(**check) for check in data["checks"]),
        "plots": _plots(data["plots"]),
        "hists": {},
    }
    outputs = data["figures"]["outputs"]
    for part in (data["model"], data["sample"], data["not_drawn"], outputs, *outputs.values()):
        if not isinstance(part, dict):
            raise TypeError(f"expected an object, found {part!r:.40}")
    if lacking := {"name", "version", "sha256"} - data["model"].keys():
        raise KeyError(*sorted(lacking))
    return Report(**{**data, **parts})


def _plots(data: Sequence[Mapping[str, Any]]) -> tuple[Plot, ...]:
    return tuple(Plot(**{**plot, "reports": tuple(plot["reports"])}) for plot in data)


def _with_histograms(study: Study, hists: Mapping[str, Any]) -> Study:
    """The study whose reports have their own of the histograms, which go by place and name."""
    owned: list[dict[str, Any]] = [{} for _ in study.reports]
    places = {study.place(i): i for i in range(len(study.reports))}
    for key, hist in hists.items():
        place, _, name = key.rpartition("/")
        owned[places[place]][name] = hist
    reports = (replace(one, hists=mine) for one, mine in zip(study.reports, owned, strict=True))
    return replace(study, reports=tuple(reports))


def _write(path: Path, text: str) -> Path:
    # Names of files may hold bytes that are no text.
    path.write_text(text, encoding="utf-8", errors="replace")
    return path


def _shown(plots: Mapping[str, Sequence[Path]]) -> dict[str, Path]:
    """The file of each plot that the page shows, or links where it cannot show any."""
    return {
        name: next((p for suffix in SHOWN for p in paths if p.suffix == suffix), paths[0])
        for name, paths in plots.items()
    }


def _remove_earlier(folder: Path) -> None:
    """Remove the page, plots and histograms of an earlier study."""
    try:
        earlier = json.loads((folder / REPORT).read_text(encoding="utf-8"))
        if earlier["schema"] != SCHEMA:
            return
        names = _drawn(earlier)
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return
    for file in (PAGE, *HISTOGRAMS.values()):
        (folder / file).unlink(missing_ok=True)
    for path in list(folder.rglob("*")):
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in names and path.suffix in PLOT_SUFFIXES:
            path.unlink()


def _drawn(data: Mapping[str, Any]) -> set[str]:
    """Places and names of the plots of a report.json of this schema version, or of the first."""
    if data["schema_version"] == 1:
        return {str(plot["name"]) for plot in data["plots"]}
    study = _study(data)
    own = (f"{study.place(i)}/{p.name}" for i, r in enumerate(study.reports) for p in r.plots)
    return {name.removeprefix("/") for name in (*own, *(plot.name for plot in study.plots))}
