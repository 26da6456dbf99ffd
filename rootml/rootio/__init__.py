"""Reading ROOT files, and writing new columns without losing anything of the old ones."""

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
