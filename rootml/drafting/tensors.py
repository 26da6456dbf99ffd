"""From the inputs of a network to tensors over branches, as far as they can be guessed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rootml.drafting.branches import NtupleBranch, by_collection, fold
from rootml.drafting.matching import Guess, Pool
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
Sizes = tuple[int | None, ...]


@dataclass(frozen=True)
class TensorGuess:
    """One tensor of a draft, for the network's input ``name``.

    ``shape``: of a row, None for any length. ``columns``: as far as known; where the order is
    (``ordered`` False) or the choice (``candidates``) is the user's, they say so. ``length`` is
    that of a padded list, with the tensor ``mask`` beside it; ``array`` is an expression for all.
    A list may have its axis behind that of the columns (``channels_first``).
    """

    name: str
    dtype: str
    shape: Sizes
    columns: tuple[Guess, ...] = ()
    ordered: bool = True
    candidates: tuple[str, ...] = ()
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
        elif not (any(castable(kind, port.dtype) for kind in DTYPES) or _is_mask(port, ports)):
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
    ports: Sequence[Port], branches: Sequence[NtupleBranch]
) -> tuple[str, tuple[str, ...]]:
    """The collection whose objects the inputs' names are properties of, and others like it.

    Empty where they are as well, or better, properties of an event.
    """
    names = [name for port in ports if len(sizes(port)) == 1 for name in names_of(port)]
    flat = [branch for branch in branches if branch.is_flat]
    pools = {"": flat} | by_collection(branches)
    hits = {
        key: Pool(pool if pool is flat else [*pool, *flat]).count(names)
        for key, pool in pools.items()
    }
    best = max(hits.values())
    if hits[""] == best:
        return "", ()
    first, *others = (key for key, count in hits.items() if count == best)
    return first, tuple(others)


def guess_tensors(
    ports: Sequence[Port], branches: Sequence[NtupleBranch], per: str, aliases: dict[str, str]
) -> list[TensorGuess]:
    """A tensor for each input but masks, which go with the lists they are of."""
    lists = [port for port in ports if len(sizes(port)) == 2 and not _is_mask(port, ports)]
    masks = {
        (_mask_for(port, lists) or lists[0]).name: port.name
        for port in ports
        if _is_mask(port, ports)
    }
    found = []
    for port in ports:
        if port.name in masks.values():
            continue
        array = _array(port, branches, aliases)
        if array is not None:
            found.append(array)
        elif len(sizes(port)) == 1:
            found.append(_flat(port, branches, per, aliases))
        elif len(sizes(port)) == 2:
            found.append(_padded(port, branches, masks.get(port.name, ""), aliases))
        else:
            found.append(TensorGuess(port.name, port.dtype, sizes(port), array=_no_array(port)))
    return found


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
    port: Port, branches: Sequence[NtupleBranch], per: str, aliases: dict[str, str]
) -> TensorGuess:
    own = [branch for branch in branches if branch.collection == per and not branch.shape]
    events = [branch for branch in branches if branch.is_flat]
    if names := names_of(port):
        pool = Pool([*own, *events] if per else events, aliases)
        columns = tuple(pool.guess(name) for name in names)
        return TensorGuess(port.name, port.dtype, sizes(port), columns)
    counters = frozenset(branch.counter for branch in branches)
    return _unnamed(port, Pool(own if per else events, aliases), counters)


def _unnamed(port: Port, pool: Pool, counters: frozenset[str] = frozenset()) -> TensorGuess:
    """The branches that may be columns, in their order, if they are as many as are needed."""
    width = width_of(port)
    likely = [branch for branch in pool.branches if not NO_INPUT.fullmatch(branch.name)]
    measured = [branch for branch in likely if branch.name not in counters]
    fitting = next((some for some in (measured, likely, pool.branches) if len(some) == width), ())
    columns = tuple(Guess(pool.symbol(branch)) for branch in fitting)
    candidates = () if fitting else tuple(branch.name for branch in likely)
    return TensorGuess(port.name, port.dtype, sizes(port), columns, False, candidates)


def _padded(
    port: Port, branches: Sequence[NtupleBranch], mask: str, aliases: dict[str, str]
) -> TensorGuess:
    first = is_channels_first(port)
    length, width = None if first else sizes(port)[0], width_of(port)
    names, lists = names_of(port), by_collection(branches)
    if names:
        key = max(lists, key=lambda key: Pool(lists[key]).count(names), default="")
        pool = Pool(lists.get(key, []), aliases)
        columns = tuple(pool.guess(name) for name in names)
        guess = TensorGuess(port.name, port.dtype, sizes(port), columns)
    else:
        named = [key for key in lists if key and fold(key) in fold(port.name)]
        fitting = [key for key, pool in lists.items() if len(pool) == width]
        chosen = [lists[key] for key in (named or fitting)[:1]] or lists.values()
        guess = _unnamed(port, Pool([branch for some in chosen for branch in some], aliases))
    return replace(guess, length=length or LENGTH, mask=mask, channels_first=first)


def _array(
    port: Port, branches: Sequence[NtupleBranch], aliases: dict[str, str]
) -> TensorGuess | None:
    """The one branch that has this fixed shape in every event."""
    fitting = [b for b in branches if b.shape and not b.jagged and b.shape == sizes(port)]
    if len(fitting) != 1 or names_of(port):
        return None
    text = Pool(branches, aliases).symbol(fitting[0])
    note = f"the one branch of the shape {fitting[0].shape}"
    return TensorGuess(port.name, port.dtype, sizes(port), array=Guess(text, note, is_open=True))


def _no_array(port: Port) -> Guess:
    return Guess("", "no branch has this shape; else write an adapter in Python", is_open=True)


def _is_mask(port: Port, ports: Sequence[Port]) -> bool:
    says_so = "mask" in fold(port.name) or port.dtype == "bool"
    return says_so and _mask_for(port, ports) is not None


def _mask_for(port: Port, ports: Sequence[Port]) -> Port | None:
    """The list whose elements a mask is of: of its length, and named most like it."""
    fitting = [
        other
        for other in ports
        if len(sizes(other)) == 2 and other is not port and sizes(port) == _mask_sizes(other)
    ]
    return max(fitting, key=lambda other: len(_common_head(other.name, port.name)), default=None)


def _mask_sizes(port: Port) -> Sizes:
    first, last = sizes(port)
    return (1, last) if is_channels_first(port) else (first,)


def _common_head(one: str, other: str) -> str:
    pairs = zip(fold(one), fold(other), strict=False)
    length = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
    return one[:length]
