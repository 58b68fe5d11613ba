"""How long until AdamW's loss is reached? The numbers that the benchmark measured."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._entry import Simulation
from ._execution import Execute
from ._options import Options, UsageError

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Config(Options):
    """How long until AdamW's loss is reached? The numbers that the benchmark measured.

    Nothing is computed here: `python -m benchmarks.time_to_solution` (which needs PyTorch)
    measures, and writes a JSON file; this makes a labelled dataset of it for the figure, with the
    machine and the versions of the measurement.
    """

    out: Path = Path("results/time_to_solution")

    source: str = "benchmarks/time_to_solution.json"
    """What the benchmark wrote."""


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """The numbers of every start."""
    import json

    from ._times_dataset import build

    try:
        return build(json.loads(Path(config.source).read_text(encoding="utf-8")))
    except OSError as error:
        reason = error.strerror or error
        text = f"Argument `source` must be readable, but {config.source} is not: {reason}."
        raise UsageError(text) from None
    except (ValueError, KeyError):
        text = f"Argument `source` must be what the benchmark wrote, but {config.source} is not."
        raise UsageError(text) from None


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._times_dataset import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._times_dataset import table

    return table(dataset)


SIMULATION = Simulation(
    "time_to_solution", Config, run, summary, table, figure="paper_figures.time_to_solution"
)

if __name__ == "__main__":
    SIMULATION.main()
