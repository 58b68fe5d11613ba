"""What `execute` does inside a simulation's `run`: the whole, one shard, or combining shards.

A simulation executes its independent stages first and reads results afterwards. That order is the
whole rule of sharding: a shard computes its part of every stage until `run` first reads a result,
and ends there; combining only collects until then, and computes the stages that come after, whose
cells depend on results that no shard had.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from ._store import ChunkStore
from ._sweep import (
    WHOLE,
    MissingChunksError,
    Shard,
    Stage,
    collect,
    compute,
    missing,
    missing_sentence,
)


class ShardDoneError(Exception):
    """Not a failure: `run` asked for results that only all shards together have."""


class Results(Mapping[str, np.ndarray]):
    """A stage's arrays by name, read from disk when first asked for."""

    def __init__(self, load: Callable[[], dict[str, np.ndarray]]) -> None:
        self._load = load
        self._arrays: dict[str, np.ndarray] | None = None

    def _read(self) -> dict[str, np.ndarray]:
        if self._arrays is None:
            self._arrays = self._load()
        return self._arrays

    def __getitem__(self, name: str) -> np.ndarray:
        return self._read()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._read())

    def __len__(self) -> int:
        return len(self._read())


Execute = Callable[[Stage], Results]


@dataclass
class Execution:
    """Executes stages against a store, and counts the failed cells of those that were read."""

    store: ChunkStore
    shard: Shard = WHOLE
    combining: bool = False
    failed_cells: dict[str, dict[str, int]] = field(default_factory=dict)
    _stages: dict[str, Stage] = field(default_factory=dict)

    def __call__(self, stage: Stage) -> Results:
        if stage.name in self._stages:
            raise ValueError(f"Stage names must differ, but {stage.name!r} came twice.")
        self._stages[stage.name] = stage
        if not self.combining:
            compute(stage, self.store, self.shard)
        return Results(lambda: self._collect(stage))

    def _collect(self, stage: Stage) -> dict[str, np.ndarray]:
        if self.shard.of > 1:
            raise ShardDoneError
        if self.combining:
            self._end_of_shards()
        arrays = collect(stage, self.store)
        failed = int(np.count_nonzero(arrays["result"]))
        self.failed_cells[stage.name] = {"failed": failed, "of": stage.size}
        return arrays

    def _end_of_shards(self) -> None:
        """Names every missing chunk at once; what `run` executes from here on is computed."""
        gaps = [stage for stage in self._stages.values() if missing(stage, self.store)]
        if gaps:
            sentences = (missing_sentence(stage, self.store) for stage in gaps)
            raise MissingChunksError(" ".join(sentences))
        self.combining = False

    @property
    def worst_failed_share(self) -> float:
        return max((n["failed"] / n["of"] for n in self.failed_cells.values()), default=0.0)
