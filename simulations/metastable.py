"""Where do two features in one dimension have stable states beside the ground state?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from theory._memory import check_memory

from ._entry import Simulation
from ._execution import Execute
from ._options import Options, check

if TYPE_CHECKING:
    import xarray as xr

CELL = 1300  # bytes: eight states, three times while the dataset is built


@dataclass(frozen=True)
class Config(Options):
    """Where do two features in one dimension have stable states beside the ground state?

    Features of equal density p and importances 1 and r: all stationary states of theory at each
    cell of the phase diagram, dedicated, antipodal and acute, minima and saddles, with weights,
    biases, losses and their excess over the ground state. A network can be left in any of the
    minima. Flat families with a dead feature are left out: they cost more than dedicated.
    """

    out: Path = Path("results/metastable")

    density: tuple[float, float] = (0.99, 0.01)
    """Range of densities, logarithmic."""

    relative_importance: tuple[float, float] = (0.1, 10.0)
    """Range of the relative importance of feature 2, logarithmic."""

    densities: int = 60
    """Cells along the density."""

    importances: int = 65
    """Cells along the relative importance; with an odd number and a symmetric range, 1 is one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for p in self.density:
            check("density", p, 1e-4 <= p <= 1, "in [0.0001, 1]")
        for r in self.relative_importance:
            check("relative_importance", r, 1e-3 <= r <= 1e3, "in [0.001, 1000]")
        for name in ("density", "relative_importance"):
            ends = getattr(self, name)
            check(name, ends, ends[0] != ends[1], "a range with two different ends")
        for name in ("densities", "importances"):
            check(name, getattr(self, name), 2 <= getattr(self, name) <= 4096, "in [2, 4096]")
        check_memory("densities", self.densities, lambda count: CELL * self.importances * count)

    @property
    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Densities and relative importances of the cells; 1 is 1, not its neighbour."""
        p = np.geomspace(*self.density, self.densities)
        r = np.geomspace(*self.relative_importance, self.importances)
        return p, np.where(np.abs(r - 1) < 1e-12, 1.0, r)


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """All stationary states of each cell, one density after the other."""
    from . import _metastable_dataset as dataset

    return dataset.build(config, execute(dataset.stage(config)))


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._metastable_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._metastable_report import table

    return table(dataset)


SIMULATION = Simulation(
    "metastable", Config, run, summary, table, figure="paper_figures.metastable"
)

if __name__ == "__main__":
    SIMULATION.main()
