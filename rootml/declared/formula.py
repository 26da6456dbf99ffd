"""Expressions as ROOT users write them: read by formulate, checked, and evaluated without eval.

Syntax is formulate's (``formulate.from_root``), what its names mean is in
:mod:`rootml.declared.functions`: nothing else can be called.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from keyword import iskeyword
from typing import TYPE_CHECKING

from rootml.declared.values import Values
from rootml.errors import CardError

if TYPE_CHECKING:
    from formulate.AST import AST

Lookup = Callable[[str], Values]

BARE = frozenset({"pi", "true", "false", "True", "False"})
"""Names that stand for constants without ``TMath::`` before and ``()`` behind them."""
RESERVED = frozenset(
    """avogadro c_light clight deg2rad degtorad e_euler e_minus e_num e_number e_plus eminus eplus
    exp1 false h_bar h_bar_c h_planck hbar hbarc hplanck inf infinity invpi k_boltzmann kboltzmann
    ln10 log10e loge nan neginf negative_infinity oneoverpi pi piover2 piover4 quietnan rad2deg
    radtodeg signalingnan sqrt2 tau true twopi τ π ℏ ℏc ℯ""".split()  # noqa: SIM905 - a list would be 48 lines
)
"""Names of constants in formulate (``formulate.identifiers``), and other spellings."""
_NAME = re.compile(r"(?<![\w:.$])[^\W\d][\w.]*(?![\w$]|\s*\(|::)")


@dataclass(frozen=True)
class Formula:
    """An expression that was read and checked."""

    text: str

    @cached_property
    def tree(self) -> AST:
        """What formulate makes of it."""
        from rootml.declared.grammar import parse

        return parse(self.text)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Variables and branches that it uses, in the order of their appearance."""
        if _is_name(self.text):
            return (self.text,)
        from rootml.declared.grammar import names_in

        return tuple(dict.fromkeys(names_in(self.tree)))

    @property
    def alone(self) -> bool:
        """Whether it is nothing but a name."""
        if _is_name(self.text):
            return True
        from rootml.declared.grammar import is_name

        return is_name(self.tree)

    @property
    def base(self) -> str:
        """The name that it is, or whose elements it takes; empty for anything else."""
        if _is_name(self.text):
            return self.text
        from rootml.declared.grammar import base

        return base(self.tree)

    def __call__(self, lookup: Lookup, events: int) -> Values:
        """Its values for so many events; ``lookup`` gives those of a name."""
        if _is_name(self.text):
            return lookup(self.text)
        from rootml.declared.grammar import evaluate

        return evaluate(self.tree, lookup, events)


def read(text: str) -> Formula:
    """The expression; CardError, pointing at the place, where it cannot be read."""
    if clash := next((name for name in _bare(text) if name in RESERVED), None):
        raise CardError(
            f"{reprlib.repr(text)}: {clash!r} is the name of a constant; a branch of that name "
            "needs another one under 'branches', a constant is written as in TMath::Pi()"
        )
    formula = Formula(text)
    if not _is_name(text):
        _ = formula.tree  # what is wrong with it is said now
    return formula


def _is_name(text: str) -> bool:
    """Whether a text is a name, for which formulate need not be imported nor set up its parser."""
    named = text.isascii() and text.isidentifier()
    return named and not iskeyword(text) and text not in BARE


def _bare(text: str) -> Iterator[str]:
    return (name for name in _NAME.findall(text) if name not in BARE)
