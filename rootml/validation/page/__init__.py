"""The page of a study: one HTML file with all that a reader needs, and no request to anywhere."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from rootml.validation.page.content import page_content
from rootml.validation.study import Study

if TYPE_CHECKING:
    from jinja2 import Environment

STYLES = ("page.css",)
SCRIPTS = ("page.js", "tables.js", "frame.js", "viewer.js")


def write_page(study: Study, plots: Mapping[str, Path], path: str | os.PathLike[str]) -> Path:
    """Write a study as a self-contained HTML page; returns its path.

    ``plots``: name of a plot, after the place of its report where there are several
    (``model/sample/name``) -> the file drawn; the page embeds PNG and SVG, and links other
    formats that lie beside. It loads nothing, and allows no script but its own. The same study
    gives the same bytes. Raises OSError where the page cannot be written.
    """
    from markupsafe import Markup

    target = Path(path)
    style, script = _joined(STYLES), _joined(SCRIPTS)
    text = (
        _templates()
        .get_template("page.html")
        .render(
            page=page_content(study, plots, target),
            style=Markup(style),
            script=Markup(script),
            style_hash=_hash(style),
            script_hash=_hash(script),
        )
    )
    # Names of files may hold bytes that are no text.
    target.write_text(text, encoding="utf-8", errors="replace", newline="\n")
    return target


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    return Environment(
        loader=PackageLoader("rootml.validation.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _joined(names: tuple[str, ...]) -> str:
    static = resources.files("rootml.validation.page") / "static"
    return "".join((static / name).read_text(encoding="utf-8") for name in names)


def _hash(text: str) -> str:
    """What the page's security policy calls a script or a style that it allows."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
