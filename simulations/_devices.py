"""Chunks side by side: one on each device of this process.

What decides the bits of a row is the program of one chunk, `size` rows compiled for one device of a
kind. Every device runs that very program on rows of its own and nothing passes between devices, so
the numbers do not depend on how many there are, nor on which chunks run beside each other.

`jax.shard_map` over all devices would need one compile for all, but does not keep the bits: the
partitioner that XLA then runs makes it fuse otherwise (the descent of two features ends 1e-16 away
for two devices), and diffrax cannot be traced inside it (JAX 0.10).

GPUs get a thread each, as a loop of unknown length holds up the thread that started it. Devices of
a CPU take turns: they share its cores, and two threads in compiled programs were seen to wait for
each other for ever.
"""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import equinox as eqx
import jax
import numpy as np

TRACING = threading.Lock()  # custom derivatives cannot be traced in two threads at once


def local_devices() -> list[Any]:
    """Those of this process that are of the kind computed on."""
    chosen = jax.config.jax_default_device  # pyright: ignore[reportAttributeAccessIssue]
    return jax.local_devices(backend=getattr(chosen, "platform", None))


def chunks_at_once() -> int:
    """How many chunks a stage whose programs are all `SideBySide` can take in one go."""
    return len(local_devices())


class SideBySide:
    """`one(*row)` compiled for `size` rows on each device; takes the rows of as many chunks.

    Compiled now for the first device, from a `chunk` of such rows, and for another when it is
    first needed. Called with the rows of k chunks, k at most the number of devices. Arrays with one
    row each go in and come out, as in the stages of a sweep. Raises `ValueError` for another number
    of rows.
    """

    def __init__(self, one: Callable[..., Any], size: int, *chunk: Any) -> None:
        self._size, self._chunk = size, chunk
        self._traced = jax.jit(lambda *rows: eqx.filter_vmap(one)(*rows))
        self._programs: dict[Any, Any] = {}
        self._program(local_devices()[0])

    def _program(self, device: Any) -> Any:
        if device not in self._programs:
            with TRACING:
                lowered = self._traced.lower(*jax.device_put(self._chunk, device))
            self._programs[device] = lowered.compile()
        return self._programs[device]

    def _chunks(self, rows: tuple[Any, ...]) -> list[tuple[Any, ...]]:
        count, size = len(jax.tree.leaves(rows)[0]), self._size
        if count % size or not 0 < count <= size * len(local_devices()):
            raise ValueError(
                f"Argument `rows` must be whole chunks of {size}, at most {len(local_devices())} "
                f"of them, but has {count} rows."
            )
        return [jax.tree.map(lambda a: a[k : k + size], rows) for k in range(0, count, size)]  # noqa: B023

    def __call__(self, *rows: Any) -> Any:
        chunks = self._chunks(rows)
        devices = local_devices()[: len(chunks)]
        programs = [self._program(device) for device in devices]

        def run(k: int) -> Any:
            return jax.device_get(programs[k](*jax.device_put(chunks[k], devices[k])))

        threads = 1 if devices[0].platform == "cpu" else len(devices)
        if threads == 1:
            parts = [run(k) for k in range(len(chunks))]
        else:
            with ThreadPoolExecutor(threads) as pool:
                parts = list(pool.map(run, range(len(chunks))))
        return jax.tree.map(lambda *a: np.concatenate(a), *parts)
