"""Who works in a folder: any number of runs at a time, or one that deletes, alone.

The lock is on a file in the folder and ends with its process, however that ends. Where the system
or the file system has no such locks, none is held and nobody is refused.
"""

import contextlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ._options import UsageError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

NAME = ".lock"


@contextmanager
def at_work(folder: Path) -> Iterator[None]:
    """Keeps others from deleting here; waits for one that is just deleting."""
    with _lock_file(folder) as file:
        if fcntl and file is not None:
            with contextlib.suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_SH)
        yield


@contextmanager
def deleting(folder: Path) -> Iterator[None]:
    """Keeps others from starting here; raises `UsageError` where one is at work."""
    with _lock_file(folder) as file:
        if fcntl and file is not None:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                rule = f"left out while another run works in {folder}"
                raise UsageError(f"Argument `fresh` must be {rule}.") from None
            except OSError:
                pass  # no such locks
        yield


@contextmanager
def _lock_file(folder: Path) -> Iterator[int | None]:
    """The file to lock; None where it cannot be made, as in a folder that is only read."""
    file = None
    with contextlib.suppress(OSError):
        file = os.open(folder / NAME, os.O_RDWR | os.O_CREAT, 0o666)
    try:
        yield file
    finally:
        if file is not None:
            os.close(file)
