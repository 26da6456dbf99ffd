"""Where baskets end: at the edges of the tree's clusters, at about a quarter of a megabyte each.

A cluster is a range of entries whose baskets end together (TTree::GetClusterIterator), so
that a reader that takes one cluster at a time never touches a basket twice.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

Edges = npt.NDArray[np.int64]

BASKET_BYTES = 1 << 18
"""The size that baskets aim at, uncompressed."""


def cluster_edges(
    entries: int, ranges: Iterable[tuple[int, int]] = (), auto_flush: int = 0
) -> Edges:
    """Return the entries at which clusters end, ascending, the last being ``entries``.

    ``ranges``: (``fClusterRangeEnd``, ``fClusterSize``) pairs, the end being the range's last
    entry and a size of 0 the whole range; after them a cluster ends every ``auto_flush``.
    """
    parts = [np.array([entries], np.int64)]
    start = 0
    for last, size in ranges:
        stop = min(last + 1, entries)
        if size > 0:
            parts.append(np.arange(start + size, stop, size))
        parts.append(np.array([stop]))
        start = stop
    if auto_flush > 0:
        parts.append(np.arange(start + auto_flush, entries, auto_flush))
    # not np.unique, for which numpy would load its masked arrays
    return np.array(sorted(set(np.concatenate(parts).tolist())), np.int64)


def basket_stop(edges: Edges, first: int, fitting: int) -> int:
    """Return the entry before which the basket that begins at ``first`` should end.

    ``fitting``: how many entries from ``first`` on have room in ``BASKET_BYTES``. Whole
    clusters where one fits, otherwise as many entries as fit, at least one.
    """
    furthest = first + max(fitting, 1)
    edge = int(np.searchsorted(edges, furthest, side="right")) - 1
    return int(edges[edge]) if edge >= 0 and edges[edge] > first else furthest
