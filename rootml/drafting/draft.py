"""From a network and a file to the draft of a card."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from rootml.drafting.branches import NtupleBranch, by_collection, fold, list_branches
from rootml.drafting.matching import Guess, Symbols, names_in
from rootml.drafting.network import open_network
from rootml.drafting.sentinels import find_oddities
from rootml.drafting.tensors import TensorGuess, guess_collection, guess_tensors
from rootml.drafting.text import Draft
from rootml.errors import BranchError, TreeError, nearest
from rootml.rootio.events.kinds import open_events
from rootml.rootio.opening import open_file, tree_names

_LABEL = re.compile(r"(?i)(.*_)?(label|is_?signal|signal|genPartFlav|target)|.*\WtruthType")

EVENT = "event"


def make_draft(
    network: Path,
    source: str,
    *,
    name: str,
    file: str,
    tree: str | None = None,
    per: str | None = None,
) -> Draft:
    """A card for the network at ``network``, to be applied to a tree of the file ``source``.

    ``name``: of the model; ``file``: the network's, as the card calls it. ``tree``: needed where
    the source has several. ``per``: the collection whose objects are judged, ``"event"`` for the
    event; None guesses it from the names of the network's inputs. Raises what opening either does,
    and BranchError where the tree has no such collection.
    """
    found = open_network(network)
    with open_file(source) as directory:
        events = open_events(directory, tree or _only_tree(source, tree_names(directory)))
        branches = list_branches(events)
        if not branches:
            raise BranchError(f"{events.where}: no branch of it holds numbers")
        symbols = Symbols(branches)
        chosen = (
            _collection(branches, per, events.where)
            if per is not None
            else guess_collection(found.inputs, branches, symbols)
        )
        objects = by_collection(branches).get(chosen.text, []) if chosen.text else []
        tensors = guess_tensors(found.inputs, branches, chosen.text, symbols)
        judged = objects or [branch for branch in branches if branch.is_flat]
        labels = [symbols.of(branch) for branch in judged if _LABEL.fullmatch(branch.name)]
        oddities = find_oddities(events, _looked_at(tensors, branches, symbols))
    return Draft(
        name=name,
        file=file,
        source=Path(source).name,
        tree=events.name.rpartition("/")[2],
        network=found,
        tensors=tuple(tensors),
        per=chosen,
        counter=_counter(objects, chosen.text),
        aliases=symbols.aliases,
        oddities=tuple(oddities),
        labels=tuple(labels),
    )


def _only_tree(source: str, names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    if not names:
        raise TreeError(f"{source}: no tree in it")
    raise TreeError(f"{source}: which tree? Choose with --tree (trees: {', '.join(names)})")


def _collection(branches: Sequence[NtupleBranch], per: str, where: str) -> Guess:
    if per == EVENT:
        return Guess("")
    known = [key for key in by_collection(branches) if key]
    for key in known:
        if fold(key) == fold(per):
            return Guess(key)
    there = ", ".join(known) or "none"
    raise BranchError(f"{where}: no list of {per!r}{nearest(per, known)} (there are: {there})")


def _counter(objects: Sequence[NtupleBranch], per: str) -> str:
    """The branch that counts the objects, unless it is called as cards take for granted."""
    counter = next((branch.counter for branch in objects if branch.counter), "")
    return "" if counter == f"n{per}" else counter


def _looked_at(
    tensors: Sequence[TensorGuess], branches: Sequence[NtupleBranch], symbols: Symbols
) -> dict[str, NtupleBranch]:
    """The branches that the tensors name, or may name, by what they call them."""
    texts = [guess.text for t in tensors for guess in (*t.columns, *filter(None, (t.array,)))]
    used = {name for text in texts for name in names_in(text)}
    used |= {name for tensor in tensors for name in tensor.candidates}
    paths = {path: alias for alias, path in symbols.aliases.items()}
    named = {paths.get(branch.path, branch.name): branch for branch in branches}
    return {name: branch for name, branch in named.items() if name in used}
