"""Sizes that cannot fit memory, refused with an estimate before anything is allocated."""

import os
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from numpy.typing import NDArray

_UNASKED = 10**8  # bytes that every machine has
# A group's limit, what it uses, and of this the files read but not in use, in memory.stat.
_VERSION_2 = ("memory.max", "memory.current", "inactive_file")
_VERSION_1 = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")


def available_memory() -> int:
    """Bytes that can be had now without swapping, within the limits of the control groups."""
    return host_memory(Path("/"))


def host_memory(root: Path) -> int:
    """The same of the machine whose files lie in `root`."""
    return max(min([_physical(root), *_left_in_groups(root)]), 0)


def _physical(root: Path) -> int:
    with suppress(OSError, ValueError, IndexError):
        text = (root / "proc/meminfo").read_text()
        return int(text.partition("MemAvailable:")[2].split()[0]) * 1024
    with suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 2**63  # unknown: nothing is refused


def _left_in_groups(root: Path) -> Iterator[int]:
    """What every control group around this process leaves, of version 2 or 1 of the kernel's.

    A container may see its own group at the top and not where the kernel says that it is.
    """
    with suppress(OSError, ValueError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            names = [part for part in path.split("/") if part not in ("", "..")]
            if not controllers:
                yield from _left(root / "sys/fs/cgroup", names, _VERSION_2)
            elif "memory" in controllers.split(","):
                yield from _left(root / "sys/fs/cgroup/memory", names, _VERSION_1)


def _left(top: Path, names: list[str], files: tuple[str, str, str]) -> Iterator[int]:
    """Of the group and of all above it; files that are read can be dropped from memory."""
    limit, used, cached = files
    for depth in range(len(names) + 1):
        folder = top.joinpath(*names[:depth])
        with suppress(OSError, ValueError):  # "max": no limit
            free = int((folder / limit).read_text()) - int((folder / used).read_text())
            yield free + _statistic(folder / "memory.stat", cached)


def _statistic(file: Path, name: str) -> int:
    with suppress(OSError, ValueError, KeyError):
        return int(dict(line.split() for line in file.read_text().splitlines())[name])
    return 0


def check_memory(name: str, value: int, needs: Callable[[int], int], things: str = "") -> None:
    """Raises ValueError unless the `needs(value)` bytes, rising in `value`, are available.

    `value` is the argument `name` itself or, where `things` are named, how many of them it has.
    """
    value = int(value)
    if needs(value) <= _UNASKED or needs(value) <= (free := available_memory()):
        return
    most = _largest(lambda size: needs(size) <= free, value)
    must, found = f"be at most about {most}", f"is {value}, which needs"
    if things:
        must, found = f"have at most about {most} {things}", f"has {value}, which need"
    raise ValueError(
        f"Argument `{name}` must {must} on this machine, where {_gigabytes(free)} of memory are "
        f"available, but {found} {_gigabytes(needs(value))}."
    )


def check_pairs(name: str, array: NDArray, arrays: int, of: str = "columns") -> None:
    """Raises ValueError unless so many arrays (n, n) fit memory beside `array` (m, n), of its type;
    (m, m) if they are pairs `of` rows."""
    size = arrays * array.dtype.itemsize
    check_memory(name, array.shape[of == "columns"], lambda n: size * n * n, of)


def _largest(fits: Callable[[int], bool], above: int) -> int:
    """The largest size that fits, rounded down to two digits."""
    low, high = 0, above
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if fits(middle) else (low, middle)
    unit = 10 ** max(len(str(low)) - 2, 0)
    return low // unit * unit


def _gigabytes(count: int) -> str:
    return f"about {min(count, 10**24) / 1e9:.2g} GB"
