"""Changing a user's own file: only with nobody else at it, from the first look to the last write.

Nothing keeps other programs from opening a file, so this asks all who could know: ``flock``
keeps two of ours apart, the kernel says whether anybody has the file open (a write lease is
granted to the only one, fcntl(2)), and /proc says who it is.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from rootml.errors import OutputError
from rootml.rootio.container.transaction import reporting

_BUSY = {errno.EAGAIN, errno.EACCES}
_WRITE_BITS = 0o222
_DESCRIPTORS = Path("/proc/self/fd")


class InPlace:
    """The right to change ``path``, until ``abort``; ``path`` is where symbolic links lead.

    Raises OutputError if the file may not be written or another process has it open.
    """

    def __init__(self, path: Path) -> None:
        if not _DESCRIPTORS.is_dir():
            raise OutputError(f"cannot change {path}: in place works on Linux alone")
        self.target = path
        with reporting(path):
            self.path = path.resolve()
            if not self.path.stat().st_mode & _WRITE_BITS:
                raise OutputError(f"cannot change {path}: it is write-protected")
            self._fd = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
        try:
            self._lock()
            self.check()
        except BaseException:
            self.abort()
            raise

    def check(self) -> None:
        """Refuse a file that another process has open now."""
        holders = list(_holders(os.fstat(self._fd)))
        others = [pid for pid in holders if pid != os.getpid()]
        if others:
            who = ", ".join(f"{pid} ({_command(pid)})" for pid in others[:3])
            raise OutputError(f"cannot change {self.target}: it is open in process {who}")
        if holders.count(os.getpid()) == 1 and self._others_by_lease():
            raise OutputError(
                f"cannot change {self.target}: a process that cannot be seen from here has it open"
            )

    def commit(self, mode: int | None = None) -> None:
        """Do nothing: what was written is in its place already."""

    def abort(self) -> None:
        """Give the right back."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _lock(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in _BUSY:
                raise OutputError(
                    f"cannot change {self.target}: another process has locked it"
                ) from error
            # a file system without locks: the other two have to do

    def _others_by_lease(self) -> bool:
        """Whether the kernel knows of another opening; False where it does not say.

        The lease is given back at once: a later opening would be told to us by a signal.
        """
        try:
            fcntl.fcntl(self._fd, fcntl.F_SETSIG, signal.SIGURG)  # whose default is to ignore it
            fcntl.fcntl(self._fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            fcntl.fcntl(self._fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except OSError as error:
            return error.errno == errno.EAGAIN
        return False


def _holders(file: os.stat_result) -> Iterator[int]:
    """Yield the process of each visible descriptor of ``file``."""
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it is gone, or somebody else's
            for descriptor in os.scandir(process / "fd"):
                with contextlib.suppress(OSError):
                    if os.path.samestat(descriptor.stat(), file):
                        yield int(process.name)


def _command(pid: int) -> str:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return "gone"
