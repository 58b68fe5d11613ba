"""Do features repel like charges? Ground states of the toy model beside Thomson's."""

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

FULL = {
    "sizes": ((2, 12), (3, 16), (4, 16), (5, 16)),
    "density": (0.1, 0.03, 0.01),
    "starts": 16,
    "limit_starts": 128,
    "reference_starts": 32,
    "triangle_densities": 40,
}
END = 400  # bytes for each number of a state: L-BFGS keeps 20 pairs of it


@dataclass(frozen=True)
class Config(Options):
    """Do features repel like charges? Ground states of the toy model beside Thomson's.

    n equal features in m dimensions, minima of the exact loss as the density falls, named and
    compared with the minima of n particles on the sphere: of Thomson's energy, the logarithmic
    one, of squared positive overlaps, and the best packing. Where the network disagrees, its
    norms are fixed, then its biases, then the force is changed, to see which of them is the cause.
    """

    out: Path = Path("results/geometry")

    full: bool = False
    """Also four and five dimensions, up to 16 features, and more densities and starts, where
    these options are not given."""

    sizes: tuple[tuple[int, int], ...] = ((2, 12), (3, 16))
    """Pairs m n: n from m + 1 to this largest one in m dimensions."""

    density: tuple[float, ...] = (0.1, 0.01)
    """Densities p; the sparse limit p → 0 comes with them."""

    starts: int = 2
    """Random starts of the exact loss at each density and restriction, besides starts from the
    sparse limit, from the density below and from minima on the sphere of n features and of up to
    six fewer, packings among them."""

    limit_starts: int = 20
    """Random starts of the sparse limit."""

    reference_starts: int = 8
    """Random starts of every energy on the sphere."""

    triangle_densities: int = 12
    """Densities at which three features in the plane are looked at."""

    triangle_starts: int = 6
    """Random starts at each of these."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full:
            resolve(self, FULL)
        for m, n in self.sizes:
            check("sizes", (m, n), 2 <= m <= 8 and m < n <= 64, "m in [2, 8] and n in (m, 64]")
        repeated = len({m for m, _ in self.sizes}) < len(self.sizes)
        some = len(self.sizes) > 0
        check("sizes", self.sizes, some and not repeated, "different m, at least one")
        check("density", self.density, len(self.density) > 0, "at least one density")
        for p in self.density:
            check("density", p, 1e-4 <= p <= 1, "in [0.0001, 1]")
        repeated = len(set(self.density)) < len(self.density)
        check("density", self.density, not repeated, "different densities")
        numbers = max((m + 1) * n for m, n in self.sizes)
        for name in ("starts", "limit_starts", "reference_starts", "triangle_starts"):
            check(name, getattr(self, name), 1 <= getattr(self, name) <= 10**5, "in [1, 100000]")
            check_memory(name, getattr(self, name), lambda count: END * numbers * count)
        count = self.triangle_densities
        check("triangle_densities", count, 2 <= count <= 1000, "in [2, 1000]")

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """(n, m) in the order of the run."""
        return [(k, m) for m, n in sorted(self.sizes) for k in range(m + 1, n + 1)]

    @property
    def most_features(self) -> int:
        """The largest n."""
        return max(n for _, n in self.sizes)

    @property
    def most_hidden(self) -> int:
        """The largest m."""
        return max(m for m, _ in self.sizes)


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """All (n, m), and the triangle over the density."""
    from . import _geometry_dataset as dataset

    stages = dataset.pair_stage(config), dataset.triangle_stage(config)
    pairs, triangle = [execute(stage) for stage in stages]
    return dataset.build(config, pairs, triangle)


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._geometry_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._geometry_report import table

    return table(dataset)


SIMULATION = Simulation("geometry", Config, run, summary, table, figure="paper_figures.geometry")

if __name__ == "__main__":
    SIMULATION.main()
