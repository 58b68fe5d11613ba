"""A chunk on disk is read back exactly, or counts as missing, or is refused: nothing else."""

import errno
import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pytest

from simulations._store import FORMAT, ChunkStore, DamagedError, StoreError, WriteError, decode

pytestmark = pytest.mark.timeout(60)

ARRAYS = {
    "loss": np.linspace(0.0, 1.0, 6).reshape(3, 2),
    "result": np.array([0, 1, 0], np.int32),
    "kink": np.array([True, False, True]),
    "empty": np.zeros((3, 0)),
}


@pytest.fixture
def store(tmp_path: Path) -> ChunkStore:
    return ChunkStore(tmp_path, "run")


def put(store: ChunkStore) -> Path:
    store.write("stage", 7, "cells", ARRAYS)
    return store.path("stage", 7)


def get(store: ChunkStore) -> dict[str, np.ndarray] | None:
    return store.read("stage", 7, "cells")


def test_reads_what_was_written(store: ChunkStore) -> None:
    put(store)
    found = get(store)
    assert found is not None
    assert found.keys() == ARRAYS.keys()
    for name, array in ARRAYS.items():
        assert found[name].dtype == array.dtype
        np.testing.assert_array_equal(found[name], array)


def test_same_arrays_give_same_bytes(store: ChunkStore) -> None:
    assert put(store).read_bytes() == put(store).read_bytes()


def test_nothing_is_left_beside_the_chunk(store: ChunkStore) -> None:
    assert os.listdir(put(store).parent) == ["00007.chunk"]


def test_absent_is_missing(store: ChunkStore) -> None:
    assert get(store) is None


def test_truncated_anywhere_is_named_and_missing(
    store: ChunkStore, capsys: pytest.CaptureFixture[str]
) -> None:
    path = put(store)
    data = path.read_bytes()
    for length in range(len(data)):
        path.write_bytes(data[:length])
        assert get(store) is None
        assert str(path) in capsys.readouterr().err


def test_any_flipped_bit_is_noticed(store: ChunkStore) -> None:
    path = put(store)
    data = bytearray(path.read_bytes())
    for position in range(len(data)):
        data[position] ^= 1 << (position % 8)
        with pytest.raises(DamagedError):
            decode(bytes(data))
        data[position] ^= 1 << (position % 8)
    decode(bytes(data))


@pytest.mark.parametrize(
    "place", [("other", 7, "cells"), ("stage", 8, "cells"), ("stage", 7, "other")]
)
def test_a_chunk_of_other_cells_is_refused(store: ChunkStore, place: tuple[str, int, str]) -> None:
    data = put(store).read_bytes()
    path = store.path(*place[:2])
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    with pytest.raises(StoreError, match=r"00\d+\.chunk is from another run .* another --out"):
        store.read(*place)


def test_a_chunk_of_another_run_is_refused(store: ChunkStore) -> None:
    path = put(store)
    with pytest.raises(StoreError, match=str(path)):
        get(ChunkStore(store.folder, "other run"))


def test_a_chunk_of_another_format_is_refused(
    store: ChunkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(store)
    monkeypatch.setattr("simulations._store.FORMAT", "tms-physics chunk 2")
    with pytest.raises(StoreError, match="another run or version"):
        get(store)


HEADER = {"run": "run", "stage": "stage", "index": 7, "cells": "cells"}
OURS = HEADER | {"format": FORMAT}


@pytest.mark.parametrize(
    "header",
    [
        {"format": "tms-physics chunk 2"},
        OURS,
        OURS | {"arrays": None},
        OURS | {"arrays": 3},
        OURS | {"arrays": [["loss"]]},
        OURS | {"arrays": [["loss", "<f8", [1, 2]]]},
        OURS | {"arrays": [["loss", "<f8", [2]]]},
        OURS | {"arrays": [["loss", "<f8", ["a"]]]},
        OURS | {"arrays": [["loss", "no type", [3]]]},
        OURS | {"arrays": [["loss", "|O", [3]]]},
        OURS | {"arrays": [[["loss"], "<f8", [3]]]},
        OURS | {"arrays": [["loss", "<f8", [3]]], "more": 1},
        [],
        "format",
        None,
    ],
)
def test_a_sound_chunk_of_another_layout_is_refused(store: ChunkStore, header: object) -> None:
    refuse_body(store, json.dumps(header).encode() + b"\n" + bytes(24))


@pytest.mark.parametrize("body", [b"", b"\n", b"{", b"\xff\n", 100_000 * b"["])
def test_a_sound_chunk_without_a_header_is_refused(store: ChunkStore, body: bytes) -> None:
    refuse_body(store, body)


def refuse_body(store: ChunkStore, body: bytes) -> None:
    path = put(store)
    path.write_bytes(hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
    with pytest.raises(StoreError, match=f"^File {path} is from another run or version: [^\n]*$"):
        get(store)


def test_what_is_no_file_is_refused(store: ChunkStore) -> None:
    path = store.path("stage", 7)
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match=rf"^Cannot read {path} \([^\n]*\.$"):
        get(store)
    path.rmdir()
    path.parent.rmdir()
    path.parent.touch()
    with pytest.raises(StoreError, match=f"^Cannot read {path}"):
        get(store)


def test_a_full_disk_leaves_finished_chunks_alone(
    store: ChunkStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = put(store)
    data = path.read_bytes()

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    for index in (7, 8):
        with pytest.raises(WriteError, match=r"Cannot write .*chunk: No space left on device\."):
            store.write("stage", index, "cells", ARRAYS)
    assert os.listdir(path.parent) == [path.name]
    assert path.read_bytes() == data


def test_objects_are_never_stored(store: ChunkStore) -> None:
    with pytest.raises(TypeError, match="`word` must be numeric"):
        store.write("stage", 7, "cells", {"word": np.array(["a", None])})
