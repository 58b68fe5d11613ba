"""How sweeps and the sparse limit grow: cells a second, memory, and the bound of two products.

    python -m benchmarks.scaling
    python -m benchmarks.scaling --device gpu

1. Cells a second of a stage of descents (two features) through the sweep engine, files included,
   against the size of a chunk, in one process and in two shards at once that start together.
2. Peak memory of a process (Linux) against the number of cells, on a cheap stage: a logistic map.
3. Value, gradient and forces of the sparse limit against the two products of matrices that they
   cannot do without, 4 n² m operations: at the rate of products of these shapes (at most 4,096
   features), and at the highest rate of these and of square matrices, measured in turns beside
   them. On a GPU this part alone.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks._numbers import can_write, write
from benchmarks.phase_map import load
from simulations._entry import finish, set_up_jax
from simulations._options import check, parse
from theory._memory import check_memory

AIMS = {"speedup": 1.8, "share_of_bound": 0.5}
_WIDEST, _SQUARE = 4096, 2048  # features in the products that are timed, and of the square ones
_LIMITS = {"cpu": 16_384, "gpu": 65_536}
_CELL, _ENTRY = 200, 48  # bytes: of a cell of the sweeps; of an entry of W, six arrays at a time


@dataclass(frozen=True)
class Config:
    """How sweeps and the sparse limit grow."""

    chunk_sizes: tuple[int, ...] = (64, 256, 1024)
    """Rows of a chunk of the stage of descents."""

    cells: int = 8192
    """Of that stage."""

    memory_cells: tuple[int, ...] = (100, 1_000, 10_000, 100_000)
    """Of the cheap stage."""

    features: tuple[int, ...] = (1_024, 4_096, 16_384)
    """Of the sparse limit; at most 16,384, on a GPU 65,536."""

    hidden: tuple[int, ...] = (64, 512)
    """Dimensions of the sparse limit."""

    turns: int = 3
    """How often each time is taken; the shortest counts."""

    device: Literal["cpu", "gpu"] = "cpu"
    """Where to compute the sparse limit."""

    out: Path = Path("benchmarks/scaling.json")
    """Where to write the numbers."""

    def __post_init__(self) -> None:
        limit = _LIMITS[self.device]
        most = {"chunk_sizes": 10**6, "memory_cells": 10**8, "features": limit, "hidden": limit}
        for name, largest in most.items():
            values = getattr(self, name)
            check(name, values, 1 <= len(values) <= 64, "1 to 64 numbers")
            for value in values:
                check(name, value, value >= 1, "at least 1")
                check(name, value, value <= largest, f"at most {largest}")
        check("turns", self.turns, 1 <= self.turns <= 1000, "in [1, 1000]")
        least = 2 * max(self.chunk_sizes)
        check("cells", self.cells, self.cells >= least, f"at least two chunks, {least}")
        check("cells", self.cells, self.cells <= 10**7, "at most 10000000")
        check_memory("cells", self.cells, lambda count: _CELL * count)
        check_memory("memory_cells", max(self.memory_cells), lambda count: _CELL * count)
        check_memory("hidden", max(self.hidden), lambda m: _ENTRY * max(self.features) * m)


def workers(asked: dict[str, Any], processes: int) -> list[dict[str, Any]]:
    """The answers of processes that share the cells of a stage and start together."""
    running = []
    for i in range(processes):
        text = json.dumps(asked | {"shard": f"{i}/{processes}"})
        command = [sys.executable, "-m", "benchmarks._scaling_worker", text]
        pipe = subprocess.PIPE
        running.append(
            subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True)
        )
    try:
        for program in running:
            assert program.stdout is not None
            assert program.stdout.readline() == "ready\n"
        for program in running:
            assert program.stdin is not None
            program.stdin.write("go\n")
            program.stdin.flush()
        return [json.loads(program.communicate(timeout=600)[0]) for program in running]
    finally:
        for program in running:
            program.kill()


def rates(config: Config) -> list[dict[str, Any]]:
    """Cells a second for each size of a chunk, in one process and in two."""
    rows = []
    for chunk in config.chunk_sizes:
        asked = {"stage": "descent", "cells": config.cells, "chunk": chunk}
        row: dict[str, Any] = {"chunk": chunk}
        for processes in (1, 2):
            parts = workers(asked, processes)
            seconds = max(part["seconds"] for part in parts)
            row[f"cells_a_second_{processes}"] = config.cells / seconds
            row[f"cpu_seconds_{processes}"] = sum(part["cpu_seconds"] for part in parts)
        row["speedup"] = row["cells_a_second_2"] / row["cells_a_second_1"]
        rows.append(row)
    return rows


def memory(config: Config) -> list[dict[str, Any]]:
    """Peak memory of a process that computes and collects all cells, and their bytes."""
    rows = []
    for cells in config.memory_cells:
        (answer,) = workers({"stage": "logistic", "cells": cells, "chunk": 256}, 1)
        rows.append(
            {"cells": cells, "peak_bytes": answer["peak_bytes"], "result_bytes": 12 * cells}
        )
    return rows


def shortest(turns: int, *calls: Callable[[], Any]) -> list[float]:
    """Seconds of each call, the shortest of some turns, after a first one that is not counted."""
    import jax

    seconds = [[] for _ in calls]
    for turn in range(turns + 1):
        for call, taken in zip(calls, seconds, strict=True):
            began = time.perf_counter()
            jax.block_until_ready(call())
            if turn:
                taken.append(time.perf_counter() - began)
    return [min(taken) for taken in seconds]


def sparse_limit(n: int, m: int, dtype: str, config: Config) -> dict[str, Any]:
    """Seconds for value, gradient and forces, beside the products of matrices."""
    import jax
    import jax.numpy as jnp

    import tms_physics as tp

    rng = np.random.default_rng([n, m])
    W = jnp.asarray(rng.normal(size=(m, n)) / np.sqrt(m), dtype)
    b = jnp.asarray(-rng.uniform(0, 0.1, n), dtype)
    one = jnp.ones(n, dtype)
    k = min(n, _WIDEST)
    rows, pull, square = W[:, :k].T, jnp.ones((k, k), dtype), jnp.ones((_SQUARE, _SQUARE), dtype)
    product = jax.jit(jnp.matmul)
    ours, *seconds = shortest(
        config.turns,
        lambda: tp.evaluate_sparse_limit(W, b, importance=one),
        lambda: product(rows, rows.T),
        lambda: product(pull, rows),
        lambda: product(square, square),
    )
    rates = [2 * k**2 * m / seconds[0], 2 * k**2 * m / seconds[1], 2 * _SQUARE**3 / seconds[2]]
    bound, products = 4 * n**2 * m / max(rates), 2 * n**2 * m * (1 / rates[0] + 1 / rates[1])
    return {
        "n": n, "m": m, "dtype": dtype, "seconds": ours, "product_rates": rates,
        "share_of_products": products / ours, "share_of_bound": bound / ours,
    }  # fmt: skip


def start(config: Config) -> int:
    can_write(config.out)
    kind, before = set_up_jax(config.device), load()
    limits = [
        sparse_limit(n, m, dtype, config)
        for dtype in ("float64", "float32")
        for m in config.hidden
        for n in config.features
    ]
    here = config.device == "cpu"
    numbers = {
        "device": kind, "architecture": platform.machine(), "cores": os.cpu_count(), "aims": AIMS,
        "rates": rates(config) if here else [], "memory": memory(config) if here else [],
        "sparse_limit": limits, "load_before": before, "load_after": load(),
        "settings": {k: v for k, v in vars(config).items() if k != "out"},
    }  # fmt: skip
    write(numbers, config.out)
    report(numbers)
    print(f"Wrote {config.out}.")
    return 0


def report(numbers: dict[str, Any]) -> None:
    for row in numbers["rates"]:
        print(
            f"Chunks of {row['chunk']}: {row['cells_a_second_1']:.0f} cells a second, in two "
            f"processes {row['speedup']:.2f} times as many; aim {AIMS['speedup']}."
        )
    for row in numbers["memory"]:
        print(f"{row['cells']} cells: peak memory {row['peak_bytes'] / 2**20:.0f} MiB.")
    for row in numbers["sparse_limit"]:
        print(
            f"n = {row['n']}, m = {row['m']}, {row['dtype']}: {row['seconds']:.3g} s, "
            f"{row['share_of_products']:.2f} of the rate of its products alone, "
            f"{row['share_of_bound']:.2f} of the highest; aim {AIMS['share_of_bound']}."
        )


if __name__ == "__main__":
    finish(lambda: start(parse(Config, "python -m benchmarks.scaling", None)))
