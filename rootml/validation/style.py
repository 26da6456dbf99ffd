"""How every plot looks: its style by name, what its label says, colours for all eyes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from rootml.errors import RegistryError, nearest

STYLES = ("atlas", "cms", "lhcb", "plain")

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
"""Okabe and Ito, Color Universal Design, 2008; the pale yellow is left out."""

_DASHES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (8, 3)), (0, (1, 3)))

_MARKERS = ("o", "s", "D", "^", "v", "P", "X")


@dataclass(frozen=True)
class Style:
    """The look of all plots of a study, and what their label says.

    ``name``: one of STYLES. ``experiment``: the name in bold; empty: the title of the sample's
    adapter. ``status``: "Internal", "Preliminary", ...; empty: "Simulation" where all samples
    have truth. ``lumi``: a number in fb^-1, or a text with its unit. ``energy``: a
    centre-of-mass energy in TeV, such as 13.6, or a text ("test beam").
    Raises RegistryError for an unknown name.
    """

    name: str = "atlas"
    experiment: str = ""
    status: str = ""
    lumi: str = ""
    energy: str = ""

    def __post_init__(self) -> None:
        if self.name not in STYLES:
            raise RegistryError(
                f"no plot style {self.name!r}; there are {', '.join(STYLES)}"
                f"{nearest(self.name, STYLES)}"
            )


DEFAULT = Style()


@dataclass(frozen=True)
class Look:
    """Colour, dashes and marker that tell one series from the others, in greyscale too."""

    colour: str
    dashes: Any
    marker: str

    @property
    def line(self) -> dict[str, Any]:
        """Keywords of a line."""
        return {"color": self.colour, "ls": self.dashes}


def look(i: int) -> Look:
    """How the i-th series is drawn: where colours repeat, dashes and markers differ."""
    turn, place = divmod(i, len(COLOURS))
    other = (place + 3 * turn) % len(COLOURS)
    return Look(COLOURS[place], _DASHES[other], _MARKERS[other])


def upper_first(text: str) -> str:
    """A text that begins a label: ``energy [GeV]`` becomes ``Energy [GeV]``."""
    return text[:1].upper() + text[1:]


def words(name: str) -> str:
    """The name of a column as it stands in a sentence: ``truth_momentum``, truth momentum."""
    return re.sub(r"[\W_]+", " ", name)


def count(events: float) -> str:
    """A number of events, in groups of three digits."""
    return f"{events:,.0f}".replace(",", "\u00a0")
