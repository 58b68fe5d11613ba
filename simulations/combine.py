"""Puts the shards of a simulation together: the dataset is the one an unsharded run gives.

What a shard should have computed and is missing is named, not computed. Stages whose cells depend
on results of earlier ones are computed here, as no single shard could, and so on the shards' kind
of device.
"""

import importlib
import importlib.util
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

import tyro

from ._entry import CHUNKS, Simulation, answer, finish, set_up_jax
from ._execution import Execution
from ._lock import at_work
from ._options import Options, UsageError, parse, writable
from ._provenance import Record, refuse_other, remark_on_code, source, versions
from ._restore import restore
from ._store import ChunkStore, StoreError


@dataclass(frozen=True)
class Combine:
    """Put the shards of a simulation together."""

    folder: Annotated[Path, tyro.conf.Positional]
    """The --out folder of the shards."""

    out: Path | None = None
    """Folder for the results, if not the same."""

    max_failed_share: float = 0.01
    """Exit with code 1 if more than this share of any stage's cells failed."""


def main(argv: Sequence[str] | None = None, package: str = "simulations") -> None:
    """Runs the program and exits; `package` is where the simulation's module is looked for."""
    prog = "python -m simulations.combine"
    finish(lambda: combine(parse(Combine, prog, argv), package))


def combine(options: Combine, package: str) -> int:
    """Collects, writes and draws what the folder's record says; returns the exit code."""
    began = time.perf_counter()
    folder, out = options.folder, options.out or options.folder
    recorded(folder)  # before anything, a lock included, is written where no run is
    writable(out)
    with at_work(folder):
        found = recorded(folder)
        simulation = find(found.simulation, package)
        refuse_other(found, replace(found, versions=versions()), folder)
        config = configured(simulation, found, folder)
        config = replace(config, max_failed_share=options.max_failed_share)
        same_device(found, folder)
        remark_on_code(found, source(), folder)
        execution = Execution(ChunkStore(folder / CHUNKS, found.fingerprint), combining=True)
        return answer(simulation, config, execution, found, out, began)


def recorded(folder: Path) -> Record:
    """The record of the folder's run."""
    found = Record.load(folder)
    if found is None:
        path = Record.path(folder)
        raise UsageError(f"Argument `folder` must be a run's --out, but {path} does not exist.")
    return found


def find(name: str, package: str) -> Simulation:
    """The simulation of that name; only modules of the package are ever imported."""
    path = f"{package}.{name}"
    known = name.isidentifier() and importlib.util.find_spec(path) is not None
    simulation = getattr(importlib.import_module(path), "SIMULATION", None) if known else None
    if simulation is None:
        raise UsageError(f"There is no simulation named {name!r}.")
    return simulation


def configured(simulation: Simulation, record: Record, folder: Path) -> Options:
    """The config that a record was made from."""
    try:
        return restore(simulation.config, folder, record.config)
    except (TypeError, ValueError) as error:
        path = Record.path(folder)
        raise StoreError(f"File {path} has options that do not fit: {error}") from None


def same_device(record: Record, folder: Path) -> None:
    """Sets JAX up on the shards' kind of device; raises `UsageError` where there is none."""
    here = set_up_jax("cpu" if record.device == "cpu" else "auto")
    if here != record.device:
        raise UsageError(
            f"The shards in {folder} were computed on {record.device}, but this is {here}: run "
            f"this on {record.device}, as what depends on all shards must be computed there too."
        )


if __name__ == "__main__":
    main()
