"""The grammar of expressions: formulate's trees, what of them is understood, and their values.

Names alone need none of it (:mod:`rootml.declared.formula`), and formulate takes a twentieth of a
second to import.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator

import formulate
import numpy as np
from formulate.AST import AST, BinaryOperator, Call, Literal, Matrix, Symbol, UnaryOperator
from formulate.identifiers import CONSTANTS as NAMED

from rootml.declared.formula import Lookup
from rootml.declared.functions import ARGUMENTS, BINARY, CONSTANTS, FUNCTIONS, SPELLED, UNARY
from rootml.declared.values import Values, apply, take
from rootml.errors import CardError, nearest

COMPARISONS = frozenset({"lt", "lte", "gt", "gte", "eq", "neq"})
DEPTH = 100
"""How deep an expression may be nested."""
_HINTS = {
    "?": "write 'condition ? a : b' as where(condition, a, b)",
    "&": "write && for 'and'",
    "|": "write || for 'or'",
    "~": "write ! for 'not'",
    " and ": "write && for 'and'",
    " or ": "write || for 'or'",
    "'": "texts cannot be computed with",
    '"': "texts cannot be computed with",
    "/": "a branch whose name holds other characters than letters, digits, _ and . gets a name "
    "under 'branches'",
}
_INSTEAD = {"alt": "; write 'Alt$(x[0], 5)' as x[0] with 'missing: 5'"}


def parse(text: str) -> AST:
    """The tree of an expression; CardError, pointing at the place, where it cannot be read."""
    shown = reprlib.repr(text)
    try:
        tree = formulate.from_root(text)
        _check(tree, 0)
    except formulate.ParseError as error:
        raise CardError(f"{shown}: {_place(text, error)}") from None
    except (ValueError, SyntaxError) as error:
        raise CardError(f"{shown}: {error}{_advice(str(error))}") from None
    return tree


def _place(text: str, error: formulate.ParseError) -> str:
    column = getattr(error.lark_error, "column", -1)
    if not 1 <= column <= len(text):
        return "it ends too early"
    hint = next((f"; {hint}" for sign, hint in _HINTS.items() if sign in text), "")
    return f"cannot be read from character {column} on, at {text[column - 1 :][:12]!r}{hint}"


def _advice(error: str) -> str:
    """What to write instead of the name in formulate's message."""
    named = re.search(r'"(.*)"', error)
    if named is None:
        return ""
    if "not a valid symbol" in error:
        return " A branch of that name needs another one under 'branches'"
    return _INSTEAD.get(named[1]) or nearest(named[1], FUNCTIONS)


def _check(node: AST, depth: int) -> None:
    if depth > DEPTH:
        raise ValueError(f"nested more than {DEPTH} deep")
    match node:
        case UnaryOperator() if node.operator not in UNARY:
            raise ValueError(f'Unknown operator "{node.operator}"')
        case BinaryOperator() if node.operator not in BINARY:
            raise ValueError("one expression makes one column")
        case Call() if node.function not in FUNCTIONS:
            raise ValueError(f'The function "{node.function}" is not known here')
        case Call() if not _fits(node):
            least, most = ARGUMENTS[node.function]
            wanted = str(least) if least == most else f"{least} to {most}"
            spelled = SPELLED.get(node.function, node.function)
            raise ValueError(f"{spelled} takes {wanted}, not {len(node.arguments)} arguments")
        case Matrix() if any(_is_negative(index) for index in node.indices):
            raise ValueError("indices count from 0")
        case BinaryOperator(operator="pow", right=BinaryOperator(operator="pow")):
            raise ValueError("a^b^c means one thing to ROOT, another elsewhere; write pow(a, b^c)")
        case BinaryOperator() if _compares(node) and any(map(_compares, _inside(node))):
            raise ValueError("write a < b < c as a < b && b < c")
        case Literal() if not abs(node.value) < 1e308:
            raise ValueError("a number beyond those of float64")
        case Symbol() if node.name in NAMED and node.name not in CONSTANTS:
            raise ValueError(f'The constant "{node.name}" is not known here')
    for inner in _inside(node):
        _check(inner, depth + 1)


def _compares(node: AST) -> bool:
    return isinstance(node, BinaryOperator) and node.operator in COMPARISONS


def _is_negative(index: AST) -> bool:
    return isinstance(index, UnaryOperator) and isinstance(index.operand, Literal)


def _fits(call: Call) -> bool:
    least, most = ARGUMENTS[call.function]
    return least <= len(call.arguments) <= most


def _inside(node: AST) -> tuple[AST, ...]:
    match node:
        case UnaryOperator():
            return (node.operand,)
        case BinaryOperator():
            return (node.left, node.right)
        case Matrix():
            return (node.var, *node.indices)
        case Call():
            return node.arguments
    return ()


def names_in(node: AST) -> Iterator[str]:
    """The variables and branches of a tree, as they appear."""
    if isinstance(node, Symbol) and node.name not in CONSTANTS:
        yield node.name
    for inner in _inside(node):
        yield from names_in(inner)


def evaluate(node: AST, lookup: Lookup, events: int) -> Values:
    """The values of a tree for so many events; ``lookup`` gives those of a name."""
    with np.errstate(all="ignore"):
        return _evaluate(node, lookup, events)


def _evaluate(node: AST, lookup: Lookup, events: int) -> Values:
    inner = [_evaluate(part, lookup, events) for part in _inside(node)]
    match node:
        case Literal():
            return Values(np.asarray(node.value, np.float64))
        case Symbol() if node.name in CONSTANTS:
            return Values(np.asarray(CONSTANTS[node.name]))
        case Symbol():
            return lookup(node.name)
        case UnaryOperator():
            return apply(UNARY[node.operator], *inner)
        case BinaryOperator():
            return apply(BINARY[node.operator], *inner)
        case Call():
            return FUNCTIONS[node.function](*inner)
        case Matrix():
            values, *indices = inner
            for index in indices:
                values = take(values, index, events)
            return values
    raise TypeError(f"no expression: {node!r}")


def is_name(node: AST) -> bool:
    """Whether a tree is a name alone, and not that of a constant."""
    return isinstance(node, Symbol) and node.name not in CONSTANTS


def base(node: AST) -> str:
    """The name that a tree is, or whose elements it takes; empty for any other."""
    inner = node.var if isinstance(node, Matrix) else node
    return inner.name if isinstance(inner, Symbol) else ""
