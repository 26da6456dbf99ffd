"""Reading ROOT files, and writing new columns without losing anything of the old ones.

- ``events``: TTrees and RNTuples, alone or with friends, as one; ``source`` finds out their layout.
- ``container``: a file as records of bytes, and the order in which it may be changed.
- ``ttree``, ``rntuple``: columns added to an object of either kind; ``appending`` chooses.
- ``sink``, ``friend``: the doors for writing, all or nothing.
- ``diff``: two files compared.
"""

from rootml.rootio.diff.compare import compare_files
from rootml.rootio.diff.differences import FileDiff
from rootml.rootio.friend import FriendSink
from rootml.rootio.provenance import PROVENANCE, read_provenance
from rootml.rootio.sink import AppendSink, Sink, append_branches

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
