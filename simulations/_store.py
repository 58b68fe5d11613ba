"""Finished chunks on disk: a file is whole or absent, and verified before it is read as data.

A chunk file has three parts: a line with the SHA-256 of everything after it, a line of JSON (the
header: what this is, and the name, dtype and shape of each array), and the arrays' raw bytes. The
same arrays always give the same bytes. Damage anywhere breaks the checksum, and the chunk is
computed again; a sound file of another run, version or format is refused, as is one that cannot be
read.
"""

import contextlib
import hashlib
import json
import math
import os
import secrets
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FORMAT = "tms-physics chunk 1"
REMEDY = "choose another --out, or add --fresh to discard what is there"


class StoreError(ValueError):
    """The folder holds something that is not this run's; the text is one sentence."""


class WriteError(OSError):
    """A file could not be written (a full disk, say); the text is one sentence."""


class DamagedError(Exception):
    """A file's content does not have the checksum that it states."""


def write_atomically(path: Path, data: bytes) -> None:
    """Writes aside, then renames: at any moment `path` is the old file, the new one or absent."""
    with _aside(path, data) as aside:
        os.replace(aside, path)


def write_first(path: Path, data: bytes) -> bool:
    """The same where there is no file; where there is one, even since just now, False."""
    with _aside(path, data) as aside:
        try:
            os.link(aside, path)
        except FileExistsError:
            return False
        except OSError:  # a file system without links: for a moment the file is not whole
            return _create(path, data)
    return True


def _create(path: Path, data: bytes) -> bool:
    try:
        with path.open("xb") as file:
            file.write(data)
    except FileExistsError:
        return False
    return True


@contextmanager
def _aside(path: Path, data: bytes) -> Iterator[Path]:
    """A file beside `path` that holds the data; gone afterwards, unless it was renamed."""
    aside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with open(aside, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        yield aside
    except OSError as error:
        raise WriteError(f"Cannot write {path}: {error.strerror}.") from error
    finally:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)


def encode(header: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> bytes:
    """The bytes of a chunk file."""
    for name, array in arrays.items():
        if array.dtype.kind not in "biufc":
            raise TypeError(f"Array `{name}` must be numeric, but has dtype {array.dtype}.")
    layout = [[name, array.dtype.str, array.shape] for name, array in arrays.items()]
    line = json.dumps({"format": FORMAT, **header, "arrays": layout}).encode()
    body = b"\n".join([line, b"".join(array.tobytes() for array in arrays.values())])
    return hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def decode(data: bytes) -> tuple[bytes, bytes]:
    """The header's line and the arrays' bytes; raises `DamagedError` unless the checksum holds."""
    checksum, _, body = data.partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != checksum:
        raise DamagedError
    line, _, payload = body.partition(b"\n")
    return line, payload


def unpack(line: bytes, payload: bytes, header: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The arrays that `encode` laid end to end; raises some error if it did not, or otherwise."""
    found = json.loads(line)
    if found["format"] != FORMAT:  # first: the rest may have another meaning there
        raise ValueError("another format")
    layout = found["arrays"]
    if found != {"format": FORMAT, **header, "arrays": layout}:
        raise ValueError("another run, stage or cells")
    arrays, start = {}, 0
    for name, dtype, shape in layout:
        flat = np.frombuffer(payload, dtype, math.prod(shape), start)
        arrays[name] = flat.reshape(shape)
        start += flat.nbytes
    if start != len(payload):
        raise ValueError("another length")
    return arrays


@dataclass(frozen=True)
class ChunkStore:
    """The chunks of one run, in `folder/STAGE/INDEX.chunk`.

    `fingerprint` stands for all that decides the run's numbers; `cells` in the methods does so for
    the stage. Two processes may share a folder: they write the same bytes under the same names.
    """

    folder: Path
    fingerprint: str

    def path(self, stage: str, index: int) -> Path:
        return self.folder / stage / f"{index:05d}.chunk"

    def header(self, stage: str, index: int, cells: str) -> dict[str, Any]:
        return {"run": self.fingerprint, "stage": stage, "index": index, "cells": cells}

    def write(self, stage: str, index: int, cells: str, arrays: Mapping[str, np.ndarray]) -> None:
        data = encode(self.header(stage, index, cells), arrays)
        write_atomically(self.path(stage, index), data)

    def read(self, stage: str, index: int, cells: str) -> dict[str, np.ndarray] | None:
        """The chunk's arrays; None where it is missing or damaged (which is said on stderr)."""
        path = self.path(stage, index)
        try:
            line, payload = decode(path.read_bytes())
        except FileNotFoundError:
            return None
        except DamagedError:
            print(f"File {path} is damaged and counts as missing.", file=sys.stderr)
            return None
        except OSError as error:
            raise StoreError(f"Cannot read {path} ({error.strerror}): {REMEDY}.") from error
        try:
            return unpack(line, payload, self.header(stage, index, cells))
        except Exception as error:  # whatever a file of another layout leads to
            raise StoreError(f"File {path} is from another run or version: {REMEDY}.") from error
