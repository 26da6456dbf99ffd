"""From the inputs of a network to tensors over branches, as far as they can be guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher

from rootml.drafting.branches import NtupleBranch, by_collection, fold
from rootml.drafting.matching import Guess, Pool, Symbols
from rootml.errors import NetworkError
from rootml.runtime.engine import Port
from rootml.runtime.signature import castable

DTYPES = ("float32", "float64", "int32", "int64")
"""What declared tensors can be."""
LENGTH = 10
"""Elements of a list that are proposed where the network takes any number."""
NO_INPUT = re.compile(
    r"(?i)run|lumi.*|event|.*event_?(number|id)|run_?number|n?entr(y|ies)|.*weights?"
    r"|(is_?)?(signal|label|target)|(truth|gen|mc|true)_.*"
    r"|(?-i:Gen|LHE|HTXS|HLT|L1|Flag|nGen|nLHE)[A-Z_].*"
)
"""Names of branches that are rarely inputs of a network."""
SHOWN = 60
"""Candidates for columns that are listed."""
Sizes = tuple[int | None, ...]
_NO_ARRAY = Guess("", "no branch has this shape; else write an adapter in Python", is_open=True)


@dataclass(frozen=True)
class TensorGuess:
    """One tensor of a draft, for the network's input ``name``.

    ``shape``: of a row, None for any length. ``columns``: as far as known; where the order is
    (``ordered`` False) or the choice (``candidates``, and ``more``) is the user's, they say so.
    ``length``: of a padded list, with the tensor ``mask`` beside it, and its axis behind that of
    the columns where ``channels_first``. ``array``: one expression for all.
    """

    name: str
    dtype: str
    shape: Sizes
    columns: tuple[Guess, ...] = ()
    ordered: bool = True
    candidates: tuple[str, ...] = ()
    more: int = 0
    length: int | None = None
    mask: str = ""
    channels_first: bool = False
    array: Guess | None = None


def check_inputs(ports: Sequence[Port], where: str) -> None:
    """Raise NetworkError where no declared adapter can feed the network as it is."""
    for port in ports:
        if port.shape is None:  # TorchScript tells neither shapes nor types
            continue
        if len(port.shape) < 2:
            problem = "it should have a batch axis and one for its columns, (n, columns)"
        elif isinstance(port.shape[0], int):
            problem = f"its batch axis is fixed to {port.shape[0]}: export it with a dynamic one"
        elif not (
            any(castable(kind, port.dtype) for kind in DTYPES) or _owner_of_mask(port, ports)
        ):
            problem = f"a declared tensor is of {', '.join(DTYPES)}: put a cast into the network"
        else:
            continue
        raise NetworkError(f"{where}: input {port.name!r} ({describe(port)}): {problem}")


def describe(port: Port) -> str:
    """``float32 (n, 7)``; an axis of any length, but the first, is ``any``."""
    if port.shape is None:
        return "the file tells no shape"
    axes = ["any" if not isinstance(size, int) else str(size) for size in port.shape]
    return f"{port.dtype} ({', '.join(['n', *axes[1:]])})"


def guess_collection(
    ports: Sequence[Port], branches: Sequence[NtupleBranch], symbols: Symbols
) -> Guess:
    """The collection whose objects the inputs' names are properties of; open, if others are too.

    Empty where they are as well, or better, properties of an event.
    """
    names = [name for port in ports if len(sizes(port)) == 1 for name in names_of(port)]
    flat = [branch for branch in branches if branch.is_flat]
    known = by_collection(branches)
    hits = {key: Pool([*known[key], *flat], symbols).count(names) for key in known if key}
    best = max(hits.values(), default=0)
    if best <= Pool(flat, symbols).count(names):
        return Guess("")
    first, *others = (key for key, hit in hits.items() if hit == best)
    return Guess(first, f"or {', '.join(others)}" if others else "", is_open=bool(others))


def guess_tensors(
    ports: Sequence[Port], branches: Sequence[NtupleBranch], per: str, symbols: Symbols
) -> list[TensorGuess]:
    """A tensor for each input but masks, which go with the lists they are of."""
    owners = {port.name: _owner_of_mask(port, ports) for port in ports}
    masks = {owner.name: name for name, owner in owners.items() if owner is not None}
    return [
        _array(port, branches, symbols)
        or _flat(port, branches, per, symbols)
        or _padded(port, branches, masks.get(port.name, ""), symbols)
        or TensorGuess(port.name, port.dtype, sizes(port), array=_NO_ARRAY)
        for port in ports
        if owners[port.name] is None
    ]


def sizes(port: Port) -> Sizes:
    """The shape of a row, None for an axis of any length; one axis, where nothing is known."""
    if port.shape is None:
        return (None,)
    return tuple(size if isinstance(size, int) else None for size in port.shape[1:])


def is_channels_first(port: Port) -> bool:
    """Whether only the last of two axes takes any length, so that it is that of a list."""
    row = sizes(port)
    return len(row) == 2 and row[0] is not None and row[1] is None


def width_of(port: Port) -> int | None:
    """How many columns an input has; None for any number."""
    return sizes(port)[0 if is_channels_first(port) else -1]


def names_of(port: Port) -> tuple[str, ...]:
    """What the network calls the columns of an input; none where it does not say."""
    width = width_of(port)
    if port.columns and width in (None, len(port.columns)):
        return port.columns
    return (port.name,) if width == 1 else ()


def _flat(
    port: Port, branches: Sequence[NtupleBranch], per: str, symbols: Symbols
) -> TensorGuess | None:
    """One number of each event, or object, in each column."""
    if len(sizes(port)) != 1:
        return None
    own = [branch for branch in branches if branch.collection == per and not branch.shape]
    events = [branch for branch in branches if branch.is_flat]
    if names := names_of(port):
        pool = Pool([*own, *events] if per else events, symbols)
        columns = tuple(pool.guess(name) for name in names)
        return TensorGuess(port.name, port.dtype, sizes(port), columns)
    counters = frozenset(branch.counter for branch in branches)
    return _unnamed(port, Pool(own if per else events, symbols), counters)


def _unnamed(port: Port, pool: Pool, counters: frozenset[str] = frozenset()) -> TensorGuess:
    """The branches that may be columns, in their order, if they are as many as are needed."""
    width = width_of(port)
    likely = [branch for branch in pool.branches if not NO_INPUT.fullmatch(branch.name)]
    measured = [branch for branch in likely if branch.name not in counters]
    fitting = next((some for some in (measured, likely, pool.branches) if len(some) == width), ())
    columns = tuple(Guess(pool.symbols.of(branch)) for branch in fitting)
    shown = () if fitting else likely[:SHOWN]
    candidates = tuple(pool.symbols.of(branch) for branch in shown)
    more = 0 if fitting else len(likely) - len(shown)
    return TensorGuess(port.name, port.dtype, sizes(port), columns, False, candidates, more)


def _padded(
    port: Port, branches: Sequence[NtupleBranch], mask: str, symbols: Symbols
) -> TensorGuess | None:
    """A list for each event, of one collection if one fits."""
    if len(sizes(port)) != 2:
        return None
    first = is_channels_first(port)
    length, width = None if first else sizes(port)[0], width_of(port)
    names, lists = names_of(port), by_collection(branches)
    if names:
        key = max(lists, key=lambda key: Pool(lists[key], symbols).count(names), default="")
        pool = Pool(lists.get(key, []), symbols)
        columns = tuple(pool.guess(name) for name in names)
        guess = TensorGuess(port.name, port.dtype, sizes(port), columns)
    else:
        named = [key for key in lists if key and fold(key) in fold(port.name)]
        fitting = [key for key, pool in lists.items() if len(pool) == width]
        chosen = [lists[key] for key in (named or fitting)[:1]] or lists.values()
        guess = _unnamed(port, Pool([branch for some in chosen for branch in some], symbols))
    return replace(guess, length=length or LENGTH, mask=mask, channels_first=first)


def _array(port: Port, branches: Sequence[NtupleBranch], symbols: Symbols) -> TensorGuess | None:
    """The one branch that has this fixed shape in every event."""
    fitting = [b for b in branches if b.shape and not b.jagged and b.shape == sizes(port)]
    if len(fitting) != 1 or names_of(port):
        return None
    array = Guess(symbols.of(fitting[0]), "the one branch of this shape", is_open=True)
    return TensorGuess(port.name, port.dtype, sizes(port), array=array)


def _says_mask(port: Port) -> bool:
    return "mask" in fold(port.name) or port.dtype == "bool"


def _owner_of_mask(port: Port, ports: Sequence[Port]) -> Port | None:
    """The list whose elements a mask is of: of its length, and named most like it."""
    fitting = [
        other
        for other in ports
        if _says_mask(port) and not _says_mask(other) and sizes(port) == _mask_sizes(other)
    ]
    return max(
        fitting, key=lambda o: SequenceMatcher(None, o.name, port.name).ratio(), default=None
    )


def _mask_sizes(port: Port) -> Sizes:
    """The shape of a mask for a list; empty for what is none."""
    if len(sizes(port)) != 2:
        return ()
    first, last = sizes(port)
    return (1, last) if is_channels_first(port) else (first,)
