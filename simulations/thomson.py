"""How do particles that repel each other arrange themselves on a sphere?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from theory._memory import check_memory

from ._entry import Simulation
from ._execution import Execute
from ._full import resolve
from ._options import Options, check

if TYPE_CHECKING:
    import xarray as xr

FULL = {"largest": 64}
SEARCH = {"largest": 100}


@dataclass(frozen=True)
class Config(Options):
    """How do particles that repel each other arrange themselves on a sphere?

    Minima of Σ_{i<j} |r_i - r_j|^-s on the unit sphere of R^d for N = 2, 3, ... particles (d = 3,
    s = 1: Thomson's problem), beside the best known energies: hit rates of random starts,
    dimensionalities D_i, distance from a tight frame, symmetry.
    """

    out: Path = Path("results/thomson")

    full: bool = False
    """Sizes up to 64, where `largest` is not given."""

    search: bool = False
    """Starts of which three in four have a random symmetry, in three dimensions; sizes up to 100,
    where `largest` is not given. What is counted are then no hit rates of random starts."""

    sizes: tuple[int, ...] = ()
    """Numbers of particles N, to 300 (memory grows as N³); without any, all from 2 to `largest`."""

    largest: int = 32
    """The largest N, where `sizes` has none."""

    dimension: int = 3
    """Of the space around the sphere, d."""

    exponent: float = 1.0
    """s of the energy; 0 is logarithmic."""

    starts: int = 1024
    """Descents for each N."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.search:
            resolve(self, SEARCH)
        if self.full:
            resolve(self, FULL)
        for size in self.sizes:
            check("sizes", size, 2 <= size <= 300, "in [2, 300]")
        repeated = len(set(self.sizes)) < len(self.sizes)
        check("sizes", self.sizes, not repeated, "different numbers")
        check("largest", self.largest, 2 <= self.largest <= 300, "in [2, 300]")
        check("dimension", self.dimension, 2 <= self.dimension <= 64, "in [2, 64]")
        spatial = self.dimension == 3 or not self.search
        check("dimension", self.dimension, spatial, "3 for `search`")
        check("exponent", self.exponent, 0 <= self.exponent <= 64, "in [0, 64]")
        check("starts", self.starts, 1 <= self.starts <= 10**7, "in [1, 10000000]")
        d, most = self.dimension, max(self.every_size)
        check_memory("dimension", d, lambda k: 4 * k**2 * most**3)  # Hessians, of the largest N
        check_memory("starts", self.starts, lambda count: 24 * d * most * count)

    @property
    def every_size(self) -> tuple[int, ...]:
        """N in the order of the run."""
        return tuple(sorted(self.sizes)) or tuple(range(2, self.largest + 1))


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Minima of every size, then what is known of them."""
    from . import _thomson_dataset as dataset

    return dataset.build(config, execute(dataset.stage(config)))


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._thomson_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._thomson_report import table

    return table(dataset)


SIMULATION = Simulation("thomson", Config, run, summary, table, figure="paper_figures.thomson")

if __name__ == "__main__":
    SIMULATION.main()
