"""Variables that figures are drawn against: ``[TITLE [UNIT]=]EXPRESSION[:EDGES]``."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from rootml.errors import InputError, nearest
from rootml.tagged.expressions import Expression
from rootml.tagged.samples import slug
from rootml.validation.counting.units import Variable
from rootml.validation.statistics.shapes import Peak

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_EDGES = re.compile(rf"(?P<rest>.+):(?P<edges>{_NUMBER}(?:\s*,\s*{_NUMBER})+)", re.DOTALL)
_RANGE = re.compile(
    rf"(?P<rest>.+):(?P<low>{_NUMBER}):(?P<high>{_NUMBER}):(?P<bins>\d+)", re.DOTALL
)
_TITLE = re.compile(r"(?P<title>[^=<>!]+)=(?!=)(?P<rest>.+)", re.DOTALL)
_UNIT = re.compile(r"(?P<title>.*\S)\s*\[(?P<unit>[^\[\]]*)\]")
MOST_BINS = 200


@dataclass(frozen=True)
class Against:
    """A variable, and the expression that gives its values."""

    variable: Variable
    expression: Expression


def parse_against(text: str, option: str = "--against") -> Against:
    """``"energy"``, ``"pt:0,10,30"`` (edges), ``"p_T [GeV]=sqrt(px**2+py**2):0:100:20"``.

    Three numbers between colons are the lower end, the upper end and the number of bins. Raises
    InputError for an expression that cannot be read and for edges that do not ascend.
    """
    rest, edges = _edges(text, option)
    title, unit = "", ""
    if titled := _TITLE.fullmatch(rest):
        title, rest = titled["title"].strip(), titled["rest"]
        if united := _UNIT.fullmatch(title):
            title, unit = united["title"], united["unit"].strip()
    expression = Expression.parse(rest.strip(), option)
    name = slug(title or rest)
    return Against(Variable(name, title or rest.strip(), unit, edges), expression)


def with_fits(asked: Sequence[Against], fits: Mapping[str, str]) -> tuple[Against, ...]:
    """The variables, with the peaks that are to be fitted to some: name or title -> peak.

    Raises InputError for a variable that is not among them, or has no edges, and DataError for a
    peak that cannot be read.
    """
    names = {one.variable.title: one.variable.name for one in asked}
    names |= {name: name for name in names.values()}
    peaks = {}
    for name, text in fits.items():
        if name not in names:
            raise InputError(
                f"--fit {name!r}: no variable of --against is called so{nearest(name, names)}"
            )
        peaks[names[name]] = Peak.read(text)
    return tuple(
        Against(replace(one.variable, peak=peaks.get(one.variable.name)), one.expression)
        for one in asked
    )


def _edges(text: str, option: str) -> tuple[str, tuple[float, ...] | None]:
    """What is left of the text, and the edges at its end."""
    if regular := _RANGE.fullmatch(text):
        low, high, bins = float(regular["low"]), float(regular["high"]), int(regular["bins"])
        if not (low < high and 1 <= bins <= MOST_BINS):
            raise InputError(
                f"{option} {text!r}: expected EXPRESSION:LOW:HIGH:N with LOW < HIGH and N up to "
                f"{MOST_BINS}"
            )
        return regular["rest"], tuple(np.linspace(low, high, bins + 1).tolist())
    listed = _EDGES.fullmatch(text)
    if listed is None:
        return text, None
    edges = tuple(float(edge) for edge in listed["edges"].split(","))
    if any(low >= high for low, high in pairwise(edges)):
        raise InputError(f"{option} {text!r}: the edges of bins ascend, as in pt:0,10,30,100")
    return listed["rest"], edges
