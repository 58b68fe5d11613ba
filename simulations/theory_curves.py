"""What does theory alone say? Lines, wells, polygons, pair forces and the mean field, on grids."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._entry import Simulation
from ._execution import Execute
from ._options import Options, check

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Config(Options):
    """What does theory alone say? Lines, wells, polygons, pair forces and the mean field, on grids.

    No network and no random number: closed forms and exact equations of `theory`, evaluated so
    that figures need not. Two features in one dimension: all lines of the phase diagram, what
    jumps across them, the loss along the order parameter. The sparse limit: k-gons, two particles.
    Many features: the mean field.
    """

    out: Path = Path("results/theory_curves")

    points: int = 121
    """On each line and curve."""

    largest_polygon: int = 12
    """Polygons of 1, 2, ... features, up to so many."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check("points", self.points, 9 <= self.points <= 10_000, "in [9, 10000]")
        largest = self.largest_polygon
        check("largest_polygon", largest, 1 <= largest <= 60, "in [1, 60]")


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Two features, then polygons and pairs, then the mean field."""
    from . import _curves_dataset as dataset

    results = {name: execute(stage) for name, stage in dataset.stages(config).items()}
    return dataset.build(config, results)


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._curves_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._curves_report import table

    return table(dataset)


SIMULATION = Simulation(
    "theory_curves", Config, run, summary, table, figure="paper_figures.phase_diagram_exact"
)

if __name__ == "__main__":
    SIMULATION.main()
