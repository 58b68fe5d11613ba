"""Five features in two dimensions: what is stored, dense to sparse, and how?"""

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
    """Five features in two dimensions: what is stored, dense to sparse, and how?

    The first picture of Elhage et al. 2022 ("Background and motivation"): importances 0.9^i and
    three densities. In place of one training a ground state: the lowest minimum of the exact loss
    below many random starts.
    """

    out: Path = Path("results/intro")

    decay: float = 0.9
    """Feature i = 0, 1, ... has the importance decay^i."""

    density: tuple[float, ...] = (1.0, 0.2, 0.1)
    """Densities, from dense to sparse."""

    starts: int = 64
    """Random starts at each of them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check("decay", self.decay, 0.01 <= self.decay <= 1, "in [0.01, 1]")
        check("density", self.density, 1 <= len(self.density) <= 64, "1 to 64 numbers")
        for p in self.density:
            check("density", p, 1e-4 <= p <= 1, "in [0.0001, 1]")
        check("starts", self.starts, 1 <= self.starts <= 10**5, "in [1, 100000]")


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """The lowest of many minima at each density."""
    from . import _intro_dataset as dataset

    return dataset.build(config, execute(dataset.stage(config)))


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._intro_dataset import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._intro_dataset import table

    return table(dataset)


SIMULATION = Simulation("intro", Config, run, summary, table, figure="paper_figures.intro")

if __name__ == "__main__":
    SIMULATION.main()
