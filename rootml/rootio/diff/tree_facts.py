"""What is said of trees and branches: their members, compared one by one."""

from __future__ import annotations

from typing import Any

from rootml.rootio.diff.differences import Change
from rootml.rootio.diff.plain import facts, plain, said

_PLACES = {
    "fBranches", "fLeaves", "fBaskets", "fBasketBytes", "fBasketEntry", "fBasketSeek",
    "fMaxBaskets", "fWriteBasket", "fTotBytes", "fZipBytes", "fSavedBytes", "fFlushedBytes",
}  # fmt: skip
"""Members that say where things are; what is there is compared itself."""
_SETTINGS = {
    "fTimerInterval", "fScanField", "fUpdate", "fDefaultEntryOffsetLen", "fMaxEntries",
    "fMaxEntryLoop", "fMaxVirtualSize", "fAutoSave", "fAutoFlush", "fEstimate", "fNClusterRange",
    "fClusterRangeEnd", "fClusterSize", "fIOFeatures", "fCompress", "fBasketSize",
    "fEntryOffsetLen", "fEntryNumber", "fOffset", "fSplitLevel", "fFillColor", "fFillStyle",
    "fLineColor", "fLineStyle", "fLineWidth", "fMarkerColor", "fMarkerStyle", "fMarkerSize",
}  # fmt: skip
"""Members that say how to write, draw or loop: a difference is noted, nothing has changed."""
_RANGE = {"fMinimum", "fMaximum", "fIsRange"}
"""Of a leaf: adding a branch that it counts sets them."""
_WORDS = {
    "fTitle": "title", "fEntries": "entries", "fAliases": "aliases", "fFriends": "friends",
    "fUserInfo": "user info", "fTreeIndex": "index", "fWeight": "weight",
}  # fmt: skip
"""What users call members."""


def compare_facts(
    old: Any, new: Any, raws: tuple[bytes, bytes] = (b"", b"")
) -> tuple[list[Change], list[Change]]:
    """Compare two trees or two branches: what differs, and what differs in settings alone.

    ``raws``: the bytes from which the trees were read. Members that only one version of the
    class has are left out.
    """
    changed, settings = said("class", old.classname, new.classname), list[Change]()
    first, second = facts(old), facts(new)
    for name in first:
        if name not in second or name in _PLACES:
            continue
        values = (plain(side[name], raw) for side, raw in zip((first, second), raws, strict=True))
        (settings if name in _SETTINGS else changed).extend(said(_WORDS.get(name, name), *values))
    return changed, settings


def compare_leaves(old: Any, new: Any) -> list[Change]:
    """Compare the leaves of two branches."""
    leaves = ([_leaf(leaf) for leaf in branch.member("fLeaves")] for branch in (old, new))
    return said("leaves", *leaves)


def _leaf(leaf: Any) -> dict[str, Any]:
    counter = leaf.member("fLeafCount")
    told = {name: plain(v) for name, v in facts(leaf).items() if name not in _RANGE}
    return {**told, "class": leaf.classname, "fLeafCount": counter and counter.member("fName")}
