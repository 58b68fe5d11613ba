"""One process of `benchmarks.scaling`: its argument is a JSON object, its answer another.

It says "ready" when all is compiled, and begins when it hears a line.
"""

import functools
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

Rows = dict[str, Any]


def logistic_cells(count: int) -> Rows:
    return {"rate": np.linspace(3.5, 4.0, count)}


def logistic(cells: Rows) -> Rows:
    """A cheap stage: a thousand steps of x → r x (1 - x)."""
    return {"end": np.asarray(_map()(cells["rate"])), "result": 0 * cells["index"]}


@functools.cache
def _map() -> Callable[..., Any]:
    import jax

    def end(r: Any) -> Any:
        return jax.lax.fori_loop(0, 1000, lambda _, x: r * x * (1 - x), 0.5 + 0 * r)

    return jax.jit(end)


def descent_cells(count: int) -> Rows:
    """Random starts over the default range of the main job, ordered at random."""
    rng = np.random.default_rng(0)
    density = np.exp(rng.uniform(np.log(0.01), 0.0, count))
    return {
        "density": density,
        "last_density": density,
        "relative_importance": np.exp(rng.uniform(np.log(0.1), 0.0, count)),
        "start": np.hstack([rng.normal(scale=0.8, size=(count, 2)), np.zeros((count, 2))]),
    }


def stage(asked: dict[str, Any]) -> Any:
    from simulations._sweep import Stage

    if asked["stage"] == "logistic":
        return Stage("logistic", logistic_cells(asked["cells"]), logistic, asked["chunk"])
    from simulations import _two_features as two

    two.DESCENT_ROWS = asked["chunk"]
    return Stage("descent", descent_cells(asked["cells"]), two.descend, asked["chunk"])


def peak_bytes() -> int:
    """Of this program alone: `ru_maxrss` also remembers the process that started it."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))


def main() -> None:
    asked = json.loads(sys.argv[1])
    from simulations._entry import set_up_jax
    from simulations._store import ChunkStore
    from simulations._sweep import Shard, collect, compute, solve_chunks

    set_up_jax("cpu")
    work, shard = stage(asked), Shard.parse(asked["shard"])
    with tempfile.TemporaryDirectory() as folder:
        store = ChunkStore(Path(folder), "benchmark")
        solve_chunks(work, [0])
        print("ready", flush=True)
        sys.stdin.readline()
        began, cpu = time.perf_counter(), time.process_time()
        compute(work, store, shard)
        seconds = time.perf_counter() - began
        if shard.of == 1:
            collect(work, store)
    answer = {
        "cells": sum(len(work.rows(index)) for index in shard.chunks(work.chunks)),
        "seconds": seconds,
        "cpu_seconds": time.process_time() - cpu,
        "peak_bytes": peak_bytes(),
    }
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
