"""Puts the shards of a simulation together: the dataset is the one an unsharded run gives.

What a shard should have computed and is missing is named, not computed. Stages whose cells depend
on results of earlier ones are computed here, as no single shard could.
"""

import importlib
import importlib.util
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import tyro

from ._entry import CHUNKS, Simulation, answer, finish, set_up_jax
from ._execution import Execution
from ._options import Options, UsageError, parse, writable
from ._provenance import Record, refuse_other, versions
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
    found = Record.load(options.folder)
    if found is None:
        path = Record.path(options.folder)
        raise UsageError(f"Argument `folder` must be a run's --out, but {path} does not exist.")
    out = options.out or options.folder
    writable(out)
    simulation = find(found.simulation, package)
    refuse_other(found, replace(found, versions=versions()), options.folder)
    config = restore(simulation, found, options.folder)
    config = replace(config, max_failed_share=options.max_failed_share)
    if (here := set_up_jax("auto")) != found.device:
        remark = f"{found.device}, what depends on all of them is computed on {here}"
        print(f"Note: the shards were computed on {remark}.", file=sys.stderr)
    store = ChunkStore(options.folder / CHUNKS, found.fingerprint)
    execution = Execution(store, combining=True)
    return answer(simulation, config, execution, found, out, began)


def find(name: str, package: str) -> Simulation:
    """The simulation of that name; only modules of the package are ever imported."""
    path = f"{package}.{name}"
    known = name.isidentifier() and importlib.util.find_spec(path) is not None
    simulation = getattr(importlib.import_module(path), "SIMULATION", None) if known else None
    if simulation is None:
        raise UsageError(f"There is no simulation named {name!r}.")
    return simulation


def restore(simulation: Simulation, record: Record, folder: Path) -> Options:
    """The config that a record was made from."""
    try:
        return simulation.config(out=folder, **_tuples(record.config))
    except (TypeError, ValueError) as error:
        path = Record.path(folder)
        raise StoreError(f"File {path} has options that do not fit: {error}") from None


def _tuples(value: Any) -> Any:
    """JSON has lists where a config has tuples."""
    if isinstance(value, dict):
        return {name: _tuples(item) for name, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


if __name__ == "__main__":
    main()
