"""The one way in for every simulation: command line, device, run, files, exit code.

Exit codes: 0 done; 1 too many cells failed, or the disk gave out; 2 refused; 3 chunks are missing
that other shards should have computed; 128 + n stopped by signal n (Ctrl-C: 130). Nothing here
imports JAX or xarray before the command line is known to be good, so `--help` and complaints come
at once.
"""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from ._execution import Execute, Execution, ShardDoneError
from ._lock import at_work, deleting
from ._options import Options, UsageError, parse, question, writable
from ._output import write_dataset, write_figure, write_summary
from ._provenance import Record, refuse_other, remark_on_code, source, spoilt, versions
from ._store import ChunkStore, StoreError, WriteError
from ._sweep import MissingChunksError, Shard

if TYPE_CHECKING:
    import xarray as xr

CHUNKS = "chunks"
RESUME = "Finished chunks are kept: the same command without --fresh goes on from there."


@dataclass(frozen=True)
class Simulation:
    """A question: how to ask it, answer it, put the answer in numbers and draw it."""

    name: str
    config: type[Options]
    run: Callable[[Any, Execute], "xr.Dataset"]
    summary: Callable[["xr.Dataset"], Mapping[str, Any]]
    table: Callable[["xr.Dataset"], str]
    figure: str
    """The module with `draw(dataset) -> Figure`, imported only when there is something to draw."""

    def main(self, argv: Sequence[str] | None = None) -> None:
        """Runs the program and exits."""
        prog = f"python -m simulations.{self.name}"
        finish(lambda: start(self, parse(self.config, prog, argv)))


def start(simulation: Simulation, config: Options) -> int:
    """Computes what the config asks for, as far as its shard goes; returns the exit code."""
    began = time.perf_counter()
    writable(config.out)
    device = set_up_jax(config.device)  # before anything is deleted: it may refuse
    wanted = Record(simulation.name, question(config), versions(), device, source())
    if config.fresh:
        with deleting(config.out):
            discard(config.out)
    with at_work(config.out):
        record = claim(config.out, wanted)
        store = ChunkStore(config.out / CHUNKS, record.fingerprint)
        execution = Execution(store, Shard.parse(config.shard))
        try:
            return answer(simulation, config, execution, record, config.out, began)
        except ShardDoneError:
            command = f"python -m simulations.combine {config.out}"
            print(f"Shard {config.shard} is done; when all are, run: {command}")
            return 0


def discard(folder: Path) -> None:
    """Deletes the chunks of earlier runs, those left half-written included, and nothing else."""
    for path in (Record.path(folder), *(folder / CHUNKS).glob("*/*.chunk*")):
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"Cannot delete {path}: {error.strerror}.") from error


def claim(folder: Path, wanted: Record) -> Record:
    """The run's record in its folder; refuses where another run is there, or was just first."""
    if (found := Record.load(folder)) is None:
        if wanted.save(folder):
            return wanted
        found = Record.load(folder)
    if found is None:
        raise spoilt(folder)
    refuse_other(found, wanted, folder)
    remark_on_code(found, wanted.source, folder)
    return found


def set_up_jax(device: str) -> str:
    """Double precision, no shortcuts in matrix products; returns the device's kind."""
    import jax

    jax.config.update("jax_enable_x64", True)
    jax.config.update("jax_default_matmul_precision", "highest")
    if device == "cpu":
        jax.config.update("jax_platforms", "cpu")
    if device == "gpu":
        try:
            jax.config.update("jax_default_device", jax.devices("gpu")[0])
        except RuntimeError:
            raise UsageError("Argument `device` is gpu, but JAX finds no GPU here.") from None
        return jax.devices("gpu")[0].device_kind
    return jax.devices()[0].device_kind


def answer(
    simulation: Simulation,
    config: Options,
    execute: Execution,
    record: Record,
    folder: Path,
    began: float,
) -> int:
    """Runs the simulation and writes its files; returns the exit code."""
    stem = folder / simulation.name
    dataset = simulation.run(config, execute)
    dataset = write_dataset(dataset, record, stem.with_suffix(".nc"))
    summary = {**simulation.summary(dataset), "failed_cells": execute.failed_cells}
    write_summary(summary, record, time.perf_counter() - began, stem.with_suffix(".json"))
    write_figure(simulation.figure, dataset, stem)
    print(simulation.table(dataset))
    print(f"Wrote {stem}.nc, .json, .png and .pdf.")
    if (share := execute.worst_failed_share) > config.max_failed_share:
        allowed = config.max_failed_share
        print(f"Too many cells failed: {share:.2%}, allowed {allowed:.2%}.", file=sys.stderr)
        return 1
    return 0


class Stopped(KeyboardInterrupt):
    """A signal asks the program to end."""

    def __init__(self, number: int) -> None:
        self.number = number


def finish(program: Callable[[], int]) -> None:
    """Runs a program and exits with its code; a user's mistake gets one sentence."""
    _catch_signals()
    try:
        code = program()
    except (UsageError, StoreError) as error:
        print(error, file=sys.stderr)
        code = 2
    except MissingChunksError as error:
        print(error, file=sys.stderr)
        code = 3
    except WriteError as error:
        print(error, RESUME, file=sys.stderr)
        code = 1
    except Stopped as stop:
        print("\nStopped.", RESUME, file=sys.stderr, flush=True)
        os._exit(128 + stop.number)  # At once: a chunk in the making would hold up a clean exit.
    sys.exit(code)


def _catch_signals() -> None:
    def stop(number: int, frame: FrameType | None) -> None:
        raise Stopped(number)

    if threading.current_thread() is threading.main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, stop)
