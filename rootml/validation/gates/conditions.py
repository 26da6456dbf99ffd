"""Gates: conditions on figures that make a validation fail, for continuous integration.

    rejection@0.9 < 0.95*ref
    old:score:auc.high < 0.98 || outside > 0.02

Metrics are those of :mod:`rootml.validation.gates.measures`; ``ref`` is the same metric of a
reference report, ``ref(auc)`` any of its metrics. Operators and functions are those of declared
adapters. A gate that cannot be decided has failed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from formulate.AST import AST, BinaryOperator, UnaryOperator

from rootml.declared.formula import BARE, Formula
from rootml.declared.formula import read as read_formula
from rootml.declared.functions import BINARY
from rootml.declared.grammar import COMPARISONS, evaluate
from rootml.declared.values import Values
from rootml.errors import CardError, InputError
from rootml.validation.gates.measures import Undecided
from rootml.validation.gates.metrics import SPELLING, Found, Metric, find, find_same
from rootml.validation.study import Gate, Study

_PLAIN = re.sub(r"\?P<\w+>", "?:", SPELLING)
_TERM = re.compile(
    rf"""(?<![\w.])(?:
        ref\(\s*(?P<of>{_PLAIN})\s*\)(?:\.(?P<part_of>low|high|error)\b)?
        |(?P<ref>ref)\b(?!\s*[(:])(?:\.(?P<part>low|high|error)\b)?
        |(?P<metric>{_PLAIN})(?!\s*\()(?![\w:])
    )""",
    re.VERBOSE,
)
_JOINS = {"and", "or"}


@dataclass(frozen=True)
class Term:
    """A metric in an expression; of the reference where ``reference`` is set.

    ``metric``: None is ``ref``, the metric of this report that the expression names.
    """

    text: str
    metric: Metric | None
    part: str = "value"
    reference: bool = False


@dataclass(frozen=True)
class Condition:
    """An expression that was read: a formula of the names of its terms."""

    text: str
    formula: Formula
    terms: Mapping[str, Term] = field(default_factory=dict)

    @property
    def needs_reference(self) -> bool:
        """Whether it compares with a reference."""
        return any(term.reference for term in self.terms.values())


def read_condition(text: str) -> Condition:
    """The condition; InputError where it is none, or names a metric that is not known."""
    terms: dict[str, Term] = {}

    def named(match: re.Match[str]) -> str:
        if match[0] in BARE:
            return match[0]
        terms[name := f"term{len(terms)}"] = _term(match)
        return name

    try:
        formula = read_formula(_TERM.sub(named, text))
    except CardError as error:
        reason = re.sub(r"from character \d+ on, ", "", str(error).split(": ", 1)[-1])
        raise InputError(f"gate {text!r}: {_spelt(reason, terms)}") from None
    except InputError as error:
        raise InputError(f"gate {text!r}: {error}") from None
    for name in formula.names:
        if name not in terms:
            raise InputError(
                f"gate {text!r}: {_spelt(name, terms)!r}: parts are .low, .high, .error"
            )
    if not terms or not _is_condition(formula.tree):
        raise InputError(
            f"gate {text!r}: no condition on a metric; write one like 'auc < 0.98' or "
            "'rejection@0.9 < 0.95*ref'"
        )
    return Condition(text, formula, _settled(text, terms))


def check_gates(
    study: Study, conditions: Sequence[str], reference: Study | None = None
) -> tuple[Gate, ...]:
    """Decide conditions on the figures of a study, of which each that is true has failed.

    ``reference``: the study whose figures are ``ref``. InputError where a condition cannot be
    read, names what is not there, or needs a reference that is not given.
    """
    reports = [report.to_dict() for report in study.reports]
    theirs = None if reference is None else [report.to_dict() for report in reference.reports]
    return tuple(_gate(read_condition(text), reports, theirs) for text in conditions)


def _spelt(text: str, terms: Mapping[str, Term]) -> str:
    """A text about the formula, with the terms as the user wrote them."""
    return re.sub(r"\bterm\d+", lambda at: terms[at[0]].text if at[0] in terms else at[0], text)


def _term(match: re.Match[str]) -> Term:
    if match["metric"]:
        metric = Metric.read(match["metric"])
        return Term(match[0], metric, metric.part)
    if match["ref"]:
        return Term(match[0], None, match["part"] or "value", reference=True)
    metric = Metric.read(match["of"])
    return Term(match[0], metric, match["part_of"] or metric.part, reference=True)


def _settled(text: str, terms: Mapping[str, Term]) -> dict[str, Term]:
    """The terms, each ``ref`` with the metric that it is of."""
    named = {term.metric.bare for term in terms.values() if term.metric and not term.reference}
    if any(term.metric is None for term in terms.values()) and len(named) != 1:
        metrics = ", ".join(sorted(metric.text for metric in named)) or "none"
        raise InputError(
            f"gate {text!r}: 'ref' is the reference of the one metric that is named, here "
            f"{metrics}; write ref(auc), say"
        )
    return {
        name: term if term.metric else replace(term, metric=next(iter(named)))
        for name, term in terms.items()
    }


def _is_condition(node: AST) -> bool:
    match node:
        case UnaryOperator(operator="inv"):
            return _is_condition(node.operand)
        case BinaryOperator() if node.operator in _JOINS:
            return _is_condition(node.left) and _is_condition(node.right)
    return isinstance(node, BinaryOperator) and node.operator in COMPARISONS


def _gate(
    condition: Condition, reports: list[dict[str, Any]], reference: list[dict[str, Any]] | None
) -> Gate:
    if condition.needs_reference and reference is None:
        raise InputError(f"gate {condition.text!r} compares with a reference; none was given")
    numbers: dict[str, float] = {}
    said: list[str] = []
    reasons: dict[str, str] = {}
    for name, term in condition.terms.items():
        try:
            found = _found(term, reports, reference or [])
            numbers[name] = found.part(term.part)
            said.append(f"{term.text} = {_written(found, term.part)}")
        except Undecided as reason:
            reasons.setdefault(str(reason), term.text)
        except InputError as error:
            raise InputError(f"gate {condition.text!r}: {error}") from None
    values = {term.text: numbers.get(name, math.nan) for name, term in condition.terms.items()}
    try:
        if reasons:
            raise Undecided("; ".join(f"{term}: {reason}" for reason, term in reasons.items()))
        failed = _holds(condition.formula.tree, numbers)
    except Undecided as reason:
        return Gate(condition.text, True, f"cannot be decided: {reason}", values)
    return Gate(condition.text, failed, ", ".join(dict.fromkeys(said)), values)


def _found(term: Term, reports: list[dict[str, Any]], reference: list[dict[str, Any]]) -> Found:
    assert term.metric is not None
    if not term.reference:
        return find(reports, term.metric)
    if term.metric.qualifiers and term.text.startswith("ref("):
        return find(reference, term.metric)
    return find_same(reference, term.metric, find(reports, term.metric))


def _holds(node: Any, numbers: Mapping[str, float]) -> bool:
    if isinstance(node, UnaryOperator):
        return not _holds(node.operand, numbers)
    if node.operator == "and":
        return _holds(node.left, numbers) and _holds(node.right, numbers)
    if node.operator == "or":
        return _holds(node.left, numbers) or _holds(node.right, numbers)
    sides = [_number(side, numbers) for side in (node.left, node.right)]
    if not np.isfinite(sides).all():
        raise Undecided("one side of a comparison is not a finite number")
    return bool(BINARY[node.operator](*sides))


def _number(node: AST, numbers: Mapping[str, float]) -> float:
    made = evaluate(node, lambda name: Values(np.asarray(numbers[name])), 1)
    return float(made.data)


def _written(found: Found, part: str) -> str:
    value, low, high = (found.number(key) for key in ("value", "low", "high"))
    if part != "value" or value is None or low is None or high is None:
        return f"{found.part(part):.5g}"
    return f"{value:.5g} [{low:.5g}, {high:.5g}]"
