"""What tells a ROOT file from every other, at the cost of reading a few kilobytes of it."""

from __future__ import annotations

import hashlib
from typing import Any

from rootml.rootio.opening import reading


def fingerprint(tree: Any) -> str:
    """The sha256 of the file's header and of the tree's own record, as hexadecimal digits.

    ``tree``: uproot's TTree or RNTuple. The header holds the file's UUID, which ROOT makes from
    clock and host when the file is created, and its length; the record of a TTree holds the place
    and size of every basket and when it was written (ROOT's TFile and TKey:
    https://root.cern/doc/master/classTFile.html). So a file that was written again, or updated,
    has another fingerprint, and a copy has the same. Bytes of baskets that were flipped without
    ROOT are not seen. Raises FileError where the file cannot be read.
    """
    file, key = tree.file, tree.parent
    digest = hashlib.sha256()
    with reading(f"{file.file_path}: the record of tree {tree.name!r}"):
        for start, size in ((0, file.fBEGIN), (key.fSeekKey, key.fNbytes)):
            digest.update(file.source.chunk(start, start + size).raw_data)
    return digest.hexdigest()
