"""Which arrangement pays best for a dimension? Exact energies of tegum factors over the density."""

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
    """Which arrangement pays best for a dimension? Exact energies of tegum factors over density.

    Equal features, each stored in one symmetric piece (a digon, a triangle, a tetrahedron, ...)
    or dropped. Pieces in orthogonal subspaces do not see each other, so their exact losses add,
    and what a piece saves for each of its dimensions decides which one fills the space. Elhage et
    al. 2022 ("The geometry of superposition") see networks gather on the pieces' D_i.
    """

    out: Path = Path("results/dimension_plateaus")

    lowest: float = 0.005
    """The lowest density."""

    densities: int = 41
    """Densities from 1 down: a third of them dense, the others evenly spaced in the logarithm."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check("lowest", self.lowest, 1e-4 <= self.lowest <= 0.9, "in [0.0001, 0.9]")
        check("densities", self.densities, 4 <= self.densities <= 10_000, "in [4, 10000]")


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Every piece at its best norm, bias and height; the mean field beside them."""
    from . import _plateaus_dataset as dataset

    return dataset.build(config, execute(dataset.stage(config)))


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._plateaus_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._plateaus_report import table

    return table(dataset)


SIMULATION = Simulation(
    "dimension_plateaus", Config, run, summary, table, figure="paper_figures.dimension_plateaus"
)

if __name__ == "__main__":
    SIMULATION.main()
