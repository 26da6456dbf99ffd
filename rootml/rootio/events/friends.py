"""Finding the friends of a tree: those in its own record, and those a user names.

The file of a friend is looked for beside the file of the tree, then in the working directory,
where alone ROOT looks. A friend of the tree's own record that cannot be joined is a problem to
be told, not an error, because its branches may not be needed; one that the user named is an
error.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import uproot

from rootml.errors import BranchError, FileError, InputError, TreeError
from rootml.rootio.events.base import Events, Friend
from rootml.rootio.events.index import TreeIndex
from rootml.rootio.events.joined import JoinedEvents, make_friend
from rootml.rootio.events.kinds import as_events
from rootml.rootio.events.trees import TreeEvents
from rootml.rootio.opening import (
    open_file,
    open_tree,
    own_classes,
    reading,
    split_path,
    tree_names,
)
from rootml.rootio.remote import is_remote
from rootml.rootio.ttree.listening import Model_TTreeIndex

DEPTH = 4
"""How far friends of friends are followed."""

Trees = frozenset[tuple[str, str]]
"""Trees by file and name."""
Named = Sequence[str | os.PathLike[str]]


@dataclass(frozen=True)
class Link:
    """A friend as it is named; ``file`` is empty for the tree's own file."""

    alias: str
    file: str
    tree: str


def with_friends(events: Events, named: Named = (), above: tuple[Trees, ...] = ()) -> Events:
    """The tree with the friends of its record and those ``named`` by the user.

    ``named``: ``"[alias=]file.root[:tree]"``; the tree is the one named as this one, or the
    only one, unless given; the alias is its name. Raises FileError, TreeError or BranchError
    where one of these cannot be joined. Trees ``above`` are those of which this is a friend,
    and their friends: they are not joined once more, so that friends of each other come to an
    end (ROOT looks no tree up while it is being looked into).
    """
    itself = frozenset([(_identity(events.file), events.name)])
    friends, problems = _declared(events, (*above, itself))
    for text in named:
        alias, file, tree = parse_named(text)
        friend = _join(events, alias, file, [tree] if tree else [], (itself,), itself)
        if friend is None:
            raise InputError(f"friend {os.fspath(text)!r} is {events.where} itself")
        _check_alias(friend, friends)
        friends.append(friend)
    problems += [f"friend {f.alias!r}: {text}" for f in friends for text in f.events.problems]
    return JoinedEvents(events, friends, problems) if friends or problems else events


def _declared(events: Events, above: tuple[Trees, ...]) -> tuple[list[Friend], list[str]]:
    """The friends of the tree's record that can be joined, and why others cannot."""
    friends: list[Friend] = []
    problems: list[str] = []
    try:
        links = [(link, *_locate(link.file, events.file)) for link in declared_links(events)]
    except FileError as error:
        return [], [f"its friends are left out: {error}"]
    if links and len(above) > DEPTH:
        return [], [f"its friends are left out: they are followed {DEPTH} deep, no further"]
    siblings = above[-1].union((_identity(file), link.tree) for link, file, _ in links)
    for link, file, doubt in links:
        try:
            friend = _join(events, link.alias, file, _tree_paths(link, events), above, siblings)
        except InputError as error:
            problems.append(f"friend {link.alias!r} is left out: {error}")
        else:
            friends += [friend] if friend else []
            problems += [f"friend {link.alias!r}: {doubt}"] if doubt else []
    return friends, problems


def declared_links(events: Events) -> list[Link]:
    """The friends that a tree's own record names (TFriendElement)."""
    if not isinstance(events, TreeEvents):
        return []
    elements = _full_member(events.tree, "fFriends", b"TFriendElement")
    return [
        Link(element.member("fName"), element.member("fTitle"), str(element.member("fTreeName")))
        for element in elements or ()
    ]


def parse_named(text: str | os.PathLike[str]) -> tuple[str, str, str | None]:
    """Split ``"[alias=]file.root[:tree]"`` into alias (maybe empty), file and tree."""
    given = os.fspath(text)
    parts = None if Path(given).exists() else re.fullmatch(r"([A-Za-z_]\w*)=(.+)", given)
    alias, path = (parts[1], parts[2]) if parts else ("", given)
    return (alias, *split_path(path))


def _join(
    main: Events,
    alias: str,
    file: str,
    trees: Sequence[str],
    above: tuple[Trees, ...],
    siblings: Trees,
) -> Friend | None:
    """Open the first of ``trees`` that ``file`` has; None where that is among those ``above``."""
    directory = open_file(file)
    try:
        path = _choose(directory, trees, main)
        name = path.split(";")[0]
        if any((_identity(file), name) in level for level in above):
            directory.close()
            return None
        tree = open_tree(directory, path)
        events = with_friends(as_events(tree, name), above=(*above[:-1], siblings))
        return make_friend(main, alias or name.rpartition("/")[2], events, _read_index(tree))
    except BaseException:
        directory.close()
        raise


def _check_alias(friend: Friend, others: Sequence[Friend]) -> None:
    for other in others:
        if other.alias == friend.alias:
            shared = set(friend.events.names.paths) & set(other.events.names.paths)
            if shared:
                raise InputError(
                    f"two friends {friend.alias!r} have a branch {min(shared)!r} "
                    f"({other.events.where}; {friend.events.where}): name one as alias=file.root"
                )


def _choose(directory: uproot.ReadOnlyDirectory, trees: Sequence[str], main: Events) -> str:
    names = tree_names(directory)
    found = next((name for name in trees or [main.name] if name.split(";")[0] in names), None)
    if found is not None:
        return found
    if trees:
        open_tree(directory, trees[0])
    if len(names) != 1:
        raise TreeError(
            f"{directory.file.file_path}: which tree is the friend? Give it after a colon "
            f"(trees: {', '.join(names) or 'none'})"
        )
    return names[0]


def _tree_paths(link: Link, events: Events) -> list[str]:
    """Where a declared friend may be; ROOT counts from the file, AddFriend from the folder."""
    folder = events.name.rpartition("/")[0]
    beside = [f"{folder}/{link.tree}"] if folder and not link.file else []
    return [link.tree, *beside]


def _locate(file: str, main: str) -> tuple[str, str]:
    """The file of a declared friend, and a doubt, in words, if there could be another."""
    if not file or is_remote(file):
        return file or main, ""
    file = os.path.expandvars(os.path.expanduser(file))  # noqa: PTH111 - as TFile::Open does
    if os.path.isabs(file):  # noqa: PTH117
        return file, ""
    if is_remote(main):
        return f"{main.rpartition('/')[0]}/{file}", ""
    beside, here = Path(main).parent / file, Path(file)
    if not beside.exists():
        return str(here if here.exists() else beside), ""
    other = here.exists() and not here.samefile(beside)
    return str(beside), f"{beside} is read; ROOT would read {here.absolute()}" if other else ""


def _read_index(tree: Any) -> TreeIndex | None:
    model = _full_member(tree, "fTreeIndex", b"TTreeIndex")
    if model is None:
        return None
    if not isinstance(model, Model_TTreeIndex):
        raise BranchError(f"its index, a {model.classname}, cannot be read")
    return TreeIndex.of(model)


def _full_member(tree: Any, member: str, class_name: bytes) -> Any:
    """A member that uproot leaves out unless asked when the file is opened; None if not there.

    The tree's record is looked at first: an object in it is preceded by its class's name.
    """
    if not hasattr(tree, "chunk") or class_name not in np.asarray(tree.chunk.raw_data).tobytes():
        return None
    classes = {**own_classes(), "TTreeIndex": Model_TTreeIndex}
    options = {"minimal_ttree_metadata": False, "custom_classes": classes, "object_cache": None}
    with open_file(tree.file.file_path, **options) as directory:
        path = str(tree.object_path).strip("/")
        with reading(f"{tree.file.file_path}: tree {path!r}: {member}"):
            return directory[path].member(member, none_if_missing=True)


def _identity(file: str) -> str:
    return file if is_remote(file) else str(Path(file).resolve())
