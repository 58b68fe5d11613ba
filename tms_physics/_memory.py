"""Sizes that cannot fit memory, refused with an estimate before anything is allocated.

XLA ends the whole process where it cannot allocate, so no error can be caught afterwards.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import jax

_UNASKED = 10**8  # bytes that every machine has


def available_memory() -> int:
    """Bytes that JAX's default device can give: of a GPU what is free; of the machine what can be
    had without swapping, within the limit of a container where one is."""
    statistics = jax.devices()[0].memory_stats() or {}
    if "bytes_limit" in statistics:
        return statistics["bytes_limit"] - statistics["bytes_in_use"]
    found = [_physical()]
    with suppress(OSError, ValueError):
        limit = int(Path("/sys/fs/cgroup/memory.max").read_text())
        found.append(limit - int(Path("/sys/fs/cgroup/memory.current").read_text()))
    return max(min(found), 0)


def _physical() -> int:
    with suppress(OSError, ValueError, IndexError):
        text = Path("/proc/meminfo").read_text()
        return int(text.partition("MemAvailable:")[2].split()[0]) * 1024
    with suppress(AttributeError, OSError, ValueError):
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return 2**63  # unknown: nothing is refused


def check_memory(name: str, value: int, needs: Callable[[int], int]) -> None:
    """Raises ValueError unless the `needs(value)` bytes, rising in `value`, are available."""
    value = int(value)
    if needs(value) <= _UNASKED or needs(value) <= (free := available_memory()):
        return
    most = _largest(lambda size: needs(size) <= free, value)
    rule = f"at most about {most} on this machine, where {_gigabytes(free)} of memory are available"
    raise ValueError(
        f"Argument `{name}` must be {rule}, but is {value}, which needs {_gigabytes(needs(value))}."
    )


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
