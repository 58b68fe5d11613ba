"""Stages: chunks of one shape, any order, any shard, nothing computed twice."""

import threading
import time
from pathlib import Path

import numpy as np
import pytest

from simulations._execution import Execution, ShardDoneError
from simulations._store import ChunkStore, StoreError
from simulations._sweep import MissingChunksError, Shard, Stage, collect, compute

pytestmark = pytest.mark.timeout(60)

Cells = dict[str, np.ndarray]


class Squares:
    """Solves cells by squaring them, and keeps what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[Cells] = []

    def __call__(self, cells: Cells) -> Cells:
        self.asked.append(cells)
        return {"square": cells["x"] ** 2, "result": np.zeros_like(cells["index"])}


def stage(solve: Squares, size: int = 10, name: str = "squares") -> Stage:
    return Stage(name, {"x": np.arange(size) + 0.5}, solve, chunk_size=4)


@pytest.fixture
def store(tmp_path: Path) -> ChunkStore:
    return ChunkStore(tmp_path, "run")


@pytest.mark.parametrize("size", [1, 3, 4, 5, 8, 10])
def test_every_chunk_has_one_shape_and_padding_is_trimmed(store: ChunkStore, size: int) -> None:
    solve = Squares()
    compute(stage(solve, size), store)
    assert {cells["x"].shape for cells in solve.asked} == {(4,)}
    assert max(cells["index"].max() for cells in solve.asked) == size - 1
    found = collect(stage(solve, size), store)
    np.testing.assert_array_equal(found["square"], (np.arange(size) + 0.5) ** 2)


def test_finished_chunks_are_not_computed_again(store: ChunkStore) -> None:
    solve = Squares()
    compute(stage(solve), store)
    store.path("squares", 1).unlink()
    solve.asked.clear()
    compute(stage(solve), store)
    assert [list(cells["index"]) for cells in solve.asked] == [[4, 5, 6, 7]]


def test_a_damaged_chunk_is_computed_again(store: ChunkStore) -> None:
    solve = Squares()
    compute(stage(solve), store)
    path = store.path("squares", 2)
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    compute(stage(solve), store)
    assert path.read_bytes() == data


def test_shards_partition_the_chunks() -> None:
    chunks = [index for i in range(3) for index in Shard(i, 3).chunks(10)]
    assert sorted(chunks) == list(range(10))


@pytest.mark.parametrize(
    "text", ["", "1", "2/2", "-1/2", "0/0", "a/b", "0/2/3", "1.0/2", "/2", "0/" + 5000 * "1"]
)
def test_bad_shards_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"Argument `shard` must be i/k with 0 <= i < k, but is"):
        Shard.parse(text)


def test_chunks_with_other_arrays_are_refused(store: ChunkStore) -> None:
    """As after a change of the code in the middle of a run."""
    whole = stage(Squares())
    compute(whole, store)
    store.write("squares", 1, whole.digest, {"result": np.zeros(4, np.int32)})
    with pytest.raises(StoreError, match=r"squares do not hold the same arrays: choose another"):
        collect(whole, store)


def test_missing_chunks_are_named(store: ChunkStore) -> None:
    compute(stage(Squares()), store, Shard(0, 2))
    with pytest.raises(MissingChunksError, match=r"squares lacks 1 of 3 chunks: 1\."):
        collect(stage(Squares()), store)


def test_chunks_are_computed_one_at_a_time(store: ChunkStore) -> None:
    busy = threading.Lock()

    def alone(cells: Cells) -> Cells:
        assert busy.acquire(blocking=False)
        time.sleep(0.01)
        busy.release()
        return {"result": cells["index"] * 0}

    compute(Stage("alone", {"x": np.zeros(8)}, alone, chunk_size=2), store)


def test_chunks_side_by_side_are_the_chunks_one_by_one(tmp_path: Path) -> None:
    """Each whole, each in its own file; three in a row for two at a time, the first one done."""
    one, two = (ChunkStore(tmp_path / name, "run") for name in ("one", "two"))
    solve = Squares()
    wide = Stage("squares", {"x": np.arange(15) + 0.5}, solve, 4, side_by_side=2)
    compute(stage(Squares(), 15), one)
    compute(wide, two, Shard(0, 4))
    compute(wide, two)
    assert [list(cells["index"]) for cells in solve.asked] == [
        [0, 1, 2, 3],
        [4, 5, 6, 7, 8, 9, 10, 11],
        [12, 13, 14, 14],
    ]
    for index in range(4):
        whole, part = (store.path("squares", index).read_bytes() for store in (one, two))
        assert part == whole


def test_an_error_ends_the_stage_and_keeps_finished_chunks(store: ChunkStore) -> None:
    def fail_late(cells: Cells) -> Cells:
        if cells["index"][0] >= 4:
            raise RuntimeError("a bug")
        return {"result": cells["index"] * 0}

    broken = Stage("broken", {"x": np.zeros(8)}, fail_late, chunk_size=4)
    with pytest.raises(RuntimeError, match="a bug"):
        compute(broken, store)
    assert store.read("broken", 0, broken.digest) is not None


@pytest.mark.parametrize(
    ("results", "complaint"),
    [
        ({"square": np.zeros(4)}, "integer array `result`"),
        ({"result": np.zeros(4)}, "integer array `result`"),
        ({"result": np.zeros(4, int), "square": np.zeros(3)}, "4 rows of `square`"),
        ({"result": np.zeros(4, int), "square": np.float64(0)}, "4 rows of `square`"),
    ],
)
def test_wrong_results_are_refused(store: ChunkStore, results: Cells, complaint: str) -> None:
    wrong = Stage("wrong", {"x": np.zeros(8)}, lambda _: results, chunk_size=4)
    with pytest.raises(TypeError, match=complaint):
        compute(wrong, store)


@pytest.mark.parametrize(
    ("name", "cells", "chunk_size", "complaint"),
    [
        ("a b", {"x": np.zeros(2)}, 1, "`name` must be an identifier"),
        ("a", {"x": np.zeros(2)}, 0, "`chunk_size` must be positive"),
        ("a", {"x": np.zeros(2), "y": np.zeros(3)}, 1, "`cells` must have equal lengths"),
        ("a", {"x": np.zeros(0)}, 1, "`cells` must have equal lengths"),
        ("a", {}, 1, "`cells` must have equal lengths"),
        ("a", {"index": np.zeros(2)}, 1, "`cells` must not contain 'index'"),
    ],
)
def test_bad_stages_are_refused(name: str, cells: Cells, chunk_size: int, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        Stage(name, cells, Squares(), chunk_size)


def test_no_chunk_at_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="Argument `side_by_side` must be positive, but is 0"):
        Stage("a", {"x": np.zeros(2)}, Squares(), 1, side_by_side=0)


def test_other_cells_or_chunks_have_another_digest() -> None:
    x = np.arange(4.0)
    stages = [
        Stage("a", {"x": x}, Squares(), 2),
        Stage("a", {"x": x}, Squares(), 4),
        Stage("a", {"y": x}, Squares(), 2),
        Stage("a", {"x": x + 1}, Squares(), 2),
        Stage("a", {"x": x.astype(np.float32)}, Squares(), 2),
    ]
    assert len({stage.digest for stage in stages}) == len(stages)


def test_a_shard_ends_at_the_first_reading(store: ChunkStore) -> None:
    execute = Execution(store, Shard(0, 2))
    results = execute(stage(Squares()))
    with pytest.raises(ShardDoneError):
        results["square"]


def test_combining_computes_only_what_depends_on_results(store: ChunkStore) -> None:
    solve = Squares()
    for i in range(2):
        compute(stage(solve), store, Shard(i, 2))
    solve.asked.clear()
    execute = Execution(store, combining=True)
    first = execute(stage(solve))
    assert set(first) == {"square", "result"}
    assert not solve.asked
    later = execute(stage(solve, name="later"))
    assert len(later) == 2
    assert len(solve.asked) == 3


def test_combining_names_the_gaps_of_every_stage(store: ChunkStore) -> None:
    compute(stage(Squares()), store, Shard(0, 2))
    execute = Execution(store, combining=True)
    first = execute(stage(Squares()))
    execute(stage(Squares(), name="more"))
    with pytest.raises(MissingChunksError, match=r"squares lacks 1 of 3 .* more lacks 3 of 3"):
        first["square"]


def test_stage_names_are_used_once(store: ChunkStore) -> None:
    execute = Execution(store)
    execute(stage(Squares()))
    with pytest.raises(ValueError, match="'squares' came twice"):
        execute(stage(Squares()))
