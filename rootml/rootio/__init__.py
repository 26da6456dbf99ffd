"""Reading ROOT files, and writing new columns without losing anything of the old ones.

- ``events``: TTrees and RNTuples, alone or with friends, as one; ``source`` finds out their layout.
- ``container``: a file as records of bytes, and the order in which it may be changed.
- ``ttree``, ``rntuple``: columns added to an object of either kind; ``appending`` chooses.
- ``sink``, ``friend``: the doors for writing, all or nothing.
- ``diff``: two files compared.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rootml.rootio.diff.compare import compare_files
    from rootml.rootio.diff.differences import FileDiff
    from rootml.rootio.friend import FriendSink
    from rootml.rootio.provenance import PROVENANCE, read_provenance
    from rootml.rootio.sink import AppendSink, Sink, append_branches

_WHERE = {
    "PROVENANCE": "provenance",
    "AppendSink": "sink",
    "FileDiff": "diff.differences",
    "FriendSink": "friend",
    "Sink": "sink",
    "append_branches": "sink",
    "compare_files": "diff.compare",
    "read_provenance": "provenance",
}

__all__ = [
    "PROVENANCE",
    "AppendSink",
    "FileDiff",
    "FriendSink",
    "Sink",
    "append_branches",
    "compare_files",
    "read_provenance",
]


def __getattr__(name: str) -> Any:
    if name in _WHERE:
        return getattr(importlib.import_module(f"rootml.rootio.{_WHERE[name]}"), name)
    raise AttributeError(f"module 'rootml.rootio' has no attribute {name!r}")
