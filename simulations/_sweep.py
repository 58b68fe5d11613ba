"""Stages of independent cells, solved in chunks of one shape that survive on disk.

A stage's cells are solved `chunk_size` at a time, so that `solve` compiles once; the last chunk is
padded by repeating its last cell. As the shape of a chunk never changes and each is written when
done, a cell's numbers are the same bits in any order, under any shard and after any resume. Several
devices take a chunk each, side by side, and the bits stay the same (`_devices`).
Randomness must come from the cell alone: `jax.random.fold_in(key, cell["index"])`.
"""

import contextlib
import functools
import hashlib
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from typing import Any

import numpy as np
from tqdm import tqdm

from ._store import REMEDY, ChunkStore, StoreError

Arrays = Mapping[str, np.ndarray]


class MissingChunksError(Exception):
    """Chunks that should be there are not; the text is one sentence."""


@dataclass(frozen=True)
class Shard:
    """Chunks number, number + of, number + 2 of, ... of every stage."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        number, _, of = text.partition("/")
        with contextlib.suppress(ValueError):  # int refuses thousands of digits
            if number.isdecimal() and of.isdecimal() and int(number) < int(of):
                return cls(int(number), int(of))
        raise ValueError(f"Argument `shard` must be i/k with 0 <= i < k, but is {text!r}.")

    def chunks(self, total: int) -> range:
        return range(self.number, total, self.of)


WHOLE = Shard(0, 1)


@dataclass(frozen=True)
class Stage:
    """Cells that can be solved independently of each other.

    `cells` are arrays with one row a cell. `solve` gets `chunk_size` of these rows, with the cell's
    number in the stage as `index`, and returns arrays with as many rows; one of them is the
    integer `result`, 0 for success. It may get the rows of up to `side_by_side` chunks at once, one
    chunk after the other; then no chunk's numbers may depend on its neighbours'.
    """

    name: str
    cells: Arrays
    solve: Callable[[dict[str, np.ndarray]], Mapping[str, Any]]
    chunk_size: int
    side_by_side: int = 1

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"Argument `name` must be an identifier, but is {self.name!r}.")
        if self.chunk_size < 1:
            raise ValueError(f"Argument `chunk_size` must be positive, but is {self.chunk_size}.")
        if self.side_by_side < 1:
            raise ValueError(
                f"Argument `side_by_side` must be positive, but is {self.side_by_side}."
            )
        if "index" in self.cells:
            raise ValueError("Argument `cells` must not contain 'index': the sweep adds it.")
        lengths = {name: len(values) for name, values in self.cells.items()}
        if len(set(lengths.values())) != 1 or 0 in lengths.values():
            raise ValueError(f"Argument `cells` must have equal lengths >= 1, but has {lengths}.")

    @functools.cached_property
    def size(self) -> int:
        return len(next(iter(self.cells.values())))

    @property
    def chunks(self) -> int:
        return -(-self.size // self.chunk_size)

    def rows(self, index: int) -> range:
        """The cells of a chunk; fewer than `chunk_size` in the last one."""
        start = index * self.chunk_size
        return range(start, min(start + self.chunk_size, self.size))

    def padded_rows(self, index: int) -> np.ndarray:
        """The cells of a chunk, the last one repeated up to `chunk_size`."""
        rows = self.rows(index)
        return np.minimum(np.arange(self.chunk_size) + rows.start, rows.stop - 1)

    @functools.cached_property
    def digest(self) -> str:
        """A fingerprint of the cells and of how they are cut into chunks."""
        digest = hashlib.sha256(f"{self.chunk_size}".encode())
        for name, values in self.cells.items():
            digest.update(f" {name} {values.dtype.str} {values.shape} ".encode())
            digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


def solve_chunks(stage: Stage, indices: Sequence[int]) -> list[dict[str, np.ndarray]]:
    """Solves some chunks in one go, each padded to full size and trimmed again."""
    padded = np.concatenate([stage.padded_rows(index) for index in indices])
    cells = {name: values[padded] for name, values in stage.cells.items()}
    solved = stage.solve(cells | {"index": padded.astype(np.int32)})
    results = {name: np.asarray(values) for name, values in solved.items()}
    _check_results(stage, results, len(padded))
    starts = range(0, len(padded), stage.chunk_size)
    parts = [(k, k + len(stage.rows(index))) for k, index in zip(starts, indices, strict=True)]
    return [{name: values[a:b] for name, values in results.items()} for a, b in parts]


def _check_results(stage: Stage, results: Arrays, count: int) -> None:
    if "result" not in results or results["result"].dtype.kind not in "iu":
        raise TypeError(f"Stage {stage.name} must return an integer array `result`.")
    for name, values in results.items():
        if values.shape[:1] != (count,):
            raise TypeError(
                f"Stage {stage.name} must return {count} rows of `{name}`, "
                f"but returned shape {values.shape}."
            )


def compute(stage: Stage, store: ChunkStore, shard: Shard = WHOLE) -> None:
    """Computes the shard's chunks that the store does not hold yet.

    One call of `solve` at a time, in a thread, so that an interrupt is heard at once: it cancels
    what has not started, and leaves what has started to end or to die. Not several at a time: on a
    CPU with two cores, two threads in compiled programs were seen to wait for each other for ever.
    """

    def work(indices: Sequence[int]) -> int:
        for index, solved in zip(indices, solve_chunks(stage, indices), strict=True):
            store.write(stage.name, index, stage.digest, solved)
        return sum(len(stage.rows(index)) for index in indices)

    gaps, width = missing(stage, store, shard), stage.side_by_side
    groups = [gaps[k : k + width] for k in range(0, len(gaps), width)]
    pool = ThreadPoolExecutor(1)
    try:
        with _progress(stage, shard.chunks(stage.chunks), gaps) as bar:
            for job in as_completed([pool.submit(work, group) for group in groups]):
                bar.update(job.result())
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def collect(stage: Stage, store: ChunkStore) -> dict[str, np.ndarray]:
    """All cells' results in order; raises `MissingChunksError` if any chunk is not there.

    `StoreError` where they do not fit each other, as when the code changed between them.
    """
    chunks = [store.read(stage.name, index, stage.digest) for index in range(stage.chunks)]
    whole = [chunk for chunk in chunks if chunk is not None]
    if len(whole) < len(chunks):
        raise MissingChunksError(missing_sentence(stage, store))
    if any(_layout(chunk) != _layout(whole[0]) for chunk in whole):
        folder = store.folder / stage.name
        raise StoreError(f"The chunks in {folder} do not hold the same arrays: {REMEDY}.")
    return {name: np.concatenate([chunk[name] for chunk in whole]) for name in whole[0]}


def _layout(arrays: Arrays) -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
    """What all chunks of a stage have in common."""
    return {name: (array.dtype, array.shape[1:]) for name, array in arrays.items()}


def missing(stage: Stage, store: ChunkStore, shard: Shard = WHOLE) -> list[int]:
    """Which of the shard's chunks are not in the store."""
    indices = shard.chunks(stage.chunks)
    return [i for i in indices if store.read(stage.name, i, stage.digest) is None]


def missing_sentence(stage: Stage, store: ChunkStore) -> str:
    """Says how many chunks of the stage are missing, and which; empty if none are."""
    gaps = missing(stage, store)
    shown = ", ".join(map(str, gaps[:8])) + (", ..." if len(gaps) > 8 else "")
    return f"Stage {stage.name} lacks {len(gaps)} of {stage.chunks} chunks: {shown}."


def _progress(stage: Stage, mine: Iterable[int], gaps: Iterable[int]) -> tqdm:
    total = sum(len(stage.rows(index)) for index in mine)
    left = sum(len(stage.rows(index)) for index in gaps)
    pace = 0.1 if sys.stderr.isatty() else 10.0
    return tqdm(total=total, initial=total - left, desc=stage.name, unit="cell", mininterval=pace)
