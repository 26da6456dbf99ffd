"""File formats that cannot be read: brio files of Falaise, and trees of MiModule.

MiModule: github.com/miroslav-macko/MiModule.
"""

from __future__ import annotations

from typing import Final

import awkward as ak

from rootml.adapter import Branch, Layout, Options
from rootml.errors import LayoutError


def _refused(name: str, tree: str, branch: str, refusal: str, doc: str) -> Layout:
    def refuse(raw: ak.Array, wanted: tuple[str, ...], options: Options) -> ak.Array:
        raise LayoutError(refusal)

    branches = {"events": Branch((branch,))}
    return Layout(name, (tree,), branches, {}, refuse, refusal=refusal, doc=doc)


_EXPORT: Final = (
    "export the tracker's hits with TKEvent (github.com/TomasKrizak/TKEvent), or as hit_tree with "
    "the branches grid_layer, grid_column, grid_side, wirez, radius"
)
BRIO: Final = _refused(
    "brio",
    "ER",
    "datatools::things",
    f"a brio file of Falaise, whose records ROOT cannot read; {_EXPORT}",
    "Falaise's own format.",
)
MIMODULE: Final = _refused(
    "mimodule",
    "Event",
    "hasPTD",
    f"an event of MiModule (class MiEvent), which has no hits of the tracker; {_EXPORT}",
    "Events of class MiEvent, in a tree and branch named as TKEvent's.",
)
