"""Changing a user's own file: only with nobody else at it, from the first look to the last write.

Nothing keeps other programs from opening a file, so this asks all who could know: ``flock``
keeps two of ours apart, the kernel says whether anybody has the file open (a write lease is
granted to the only one, fcntl(2)), and /proc says who it is. While we have it open ourselves only
/proc is left, which may not show the processes of other users; what they write is noticed all the
same (``RootFile.expect``).
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from rootml.errors import OutputError
from rootml.rootio.container.transaction import reporting

_BUSY = {errno.EAGAIN, errno.EACCES}
_WRITE_BITS = 0o222
_PAUSE = 0.1
PATIENCE = 5.0
"""Seconds."""
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
            self._check()
        except BaseException:
            self.abort()
            raise

    def check(self) -> None:
        """Refuse a file that another process has open, and keeps open for some seconds.

        (So that no long run is lost to a program that looks into every file for a moment.)
        """
        stop = time.monotonic() + PATIENCE
        while True:
            try:
                return self._check()
            except OutputError:
                if time.monotonic() > stop:
                    raise
            time.sleep(_PAUSE)

    def _check(self) -> None:
        holders = list(_holders(os.fstat(self._fd)))
        others = [pid for pid in holders if pid != os.getpid()]
        if others:
            who = ", ".join(f"{pid} ({_command(pid)})" for pid in others[:3])
            raise OutputError(f"cannot change {self.target}: it is open in process {who}")
        if holders.count(os.getpid()) == 1 and self._others_by_lease():
            raise OutputError(
                f"cannot change {self.target}: a process that cannot be seen from here has it "
                "open, or so its file system says; write a copy"
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
        """Whether the kernel knows of another opening.

        Some file systems never grant a lease, not even for a file that is new: they do not say.
        """
        if _leased(self._fd):
            return False
        with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=self.path.parent) as new:
            return _leased(new.fileno())
        return False


def _leased(fd: int) -> bool:
    """Ask for a write lease and give it back: a later opening would reach us as a signal."""
    try:
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)  # whose default is to ignore it
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError:
        return False
    return True


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
