"""Which of two features in one dimension, or three in two, are kept, beside the exact answer?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from theory._memory import check_memory

from ._entry import Simulation
from ._execution import Execute
from ._options import Options, check, check_batch
from ._sweep import Stage

if TYPE_CHECKING:
    import xarray as xr

    from ._phase_map import Cells
    from ._system import Rows, System

SPARSE_GRID = 16  # with fewer cells along an axis their minima do not guide the map well enough
CHECK_SHARE, CHECK_STARTS = 0.01, 64
USUAL_STARTS = 28  # of a cell, for networks and for minima
ROW, MAP_CELL = 600, 3000  # bytes of a row of results, in all its copies, and of a map's cell
DEFAULTS = {
    2: {"density": (1.0, 0.01), "grid": 32, "map_grid": 128, "cut_density": 0.2},
    3: {"density": (0.98, 0.01), "grid": 16, "map_grid": 48, "cut_density": 0.7},
}
CUTS = {2: (0.001, 0.5), 3: (0.01, 0.99)}


@dataclass(frozen=True)
class Config(Options):
    """The exact phase diagram of few features in one dimension too few, beside trained networks.

    Features have density p and importances 1, the last r. The exact ground state of every cell of
    the map and its exact boundaries; networks trained from random starts; the difference.
    """

    out: Path = Path("results/phase_boundary")

    n_features: Literal[2, 3] = 2
    """Features: two in one dimension, or three in two."""

    density: tuple[float, float] | None = None
    """Range of densities, logarithmic: by default from 1, for three features 0.98, to 0.01."""

    relative_importance: tuple[float, float] = (0.1, 10.0)
    """Range of the relative importance of the last feature, logarithmic."""

    last_density_ratio: float = 1.0
    """Density of the last feature over that of the others."""

    grid: int | None = None
    """Cells of the trained map along each axis; by default 32, for three features 16."""

    map_grid: int | None = None
    """Cells of the exact map along each axis; by default 128, for three features 48."""

    starts: int = 4
    """Networks trained in each cell."""

    trainer: Literal["flow", "adamw"] = "flow"
    """Gradient flow of the exact loss, or AdamW on samples (minutes: take a small grid)."""

    steps: int = 10_000
    """Steps of AdamW."""

    batch: int = 1024
    """Examples in each step of AdamW."""

    reference_starts: int = 24
    """Random starts, in each cell of the trained map, of the search for all its minima."""

    cut_density: float | None = None
    """Density of the cut: by default 0.2, through the first-order line, and in [0.001, 0.5]; for
    three features 0.7, and in [0.01, 0.99]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, value in DEFAULTS[self.n_features].items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)  # so that records hold the number used
        for p in self.densities:
            check("density", p, 0 < p <= 1, "in (0, 1]")
        for r in self.relative_importance:
            check("relative_importance", r, 0 < r < np.inf, "positive and finite")
        ratio, most = self.last_density_ratio, 1 / max(self.densities)
        rule = f"in (0, {most:g}], so that the last feature's density is in (0, 1]"
        check("last_density_ratio", ratio, 0 < ratio <= most, rule)
        for name in ("grid", "map_grid", "starts", "steps", "batch", "reference_starts"):
            check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("density", "relative_importance"):
            ends = getattr(self, name)
            check(name, ends, ends[0] != ends[1], "a range with two different ends")
        for name in ("grid", "map_grid"):
            check(name, getattr(self, name), getattr(self, name) <= 4096, "at most 4096")
        for name in ("starts", "steps", "reference_starts"):
            check(name, getattr(self, name), getattr(self, name) <= 10**7, "at most 10000000")
        self._check_memory()
        low, high = CUTS[self.n_features]
        check("cut_density", self.cut, low <= self.cut <= high, f"in [{low:g}, {high:g}]")
        inside = self.cut * ratio <= 1
        check("cut_density", self.cut, inside, "at most 1/`last_density_ratio`")

    def _check_memory(self) -> None:
        cells, usual = self.own_size**2, min(self.starts + self.reference_starts, USUAL_STARTS)
        check_memory("grid", self.own_size, lambda size: ROW * size**2 * usual)
        check_memory("map_grid", self.map_size, lambda size: MAP_CELL * size**2)
        check_memory("starts", self.starts, lambda count: ROW * cells * count)
        check_memory("reference_starts", self.reference_starts, lambda count: ROW * cells * count)
        check_batch(self.batch, 36 * 2 * self.n_features)

    @property
    def densities(self) -> tuple[float, float]:
        """Ends of the range of densities."""
        assert self.density is not None
        return self.density

    @property
    def own_size(self) -> int:
        """Of the trained map."""
        assert self.grid is not None
        return self.grid

    @property
    def map_size(self) -> int:
        """Of the exact map."""
        assert self.map_grid is not None
        return self.map_grid

    @property
    def cut(self) -> float:
        """Density of the cut."""
        assert self.cut_density is not None
        return self.cut_density

    @property
    def mirror(self) -> bool:
        """Whether r and 1/r are one problem: two features of equal density."""
        return self.n_features == 2 and self.last_density_ratio == 1

    def axes(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Densities and relative importances of a map of `size` × `size` cells."""
        return np.geomspace(*self.densities, size), np.geomspace(*self.relative_importance, size)

    def cells(self, size: int) -> "Cells":
        """The distinct cells of a map of `size` × `size` cells."""
        from ._phase_map import canonical_cells

        ratio = self.last_density_ratio
        return canonical_cells(*self.axes(size), ratio=ratio, mirror=self.mirror)

    def system(self) -> "System":
        """The model and its solvers."""
        if self.n_features == 2:
            from ._two_features import SYSTEM
        else:
            from ._three_features import SYSTEM
        return SYSTEM


def networks_stage(config: Config, system: "System") -> Stage:
    """The networks, all starts of a cell next to each other."""
    p, r = np.meshgrid(*config.axes(config.own_size), indexing="ij")
    density = np.repeat(p.ravel(), config.starts)
    cells = {
        "density": density,
        "last_density": config.last_density_ratio * density,
        "relative_importance": np.repeat(r.ravel(), config.starts),
    }
    if config.trainer == "flow":
        shape = system.flow_rows, system.chunks_at_once()
        return Stage("networks", cells, lambda rows: system.flow(rows, seed=config.seed), *shape)

    def train(rows: "Rows") -> "Rows":
        return system.train(rows, seed=config.seed, steps=config.steps, batch=config.batch)

    return Stage("networks", cells, train, system.train_rows)


def search_stage(
    name: str, config: Config, system: "System", cells: "Cells", starts: int, seed: int
) -> Stage:
    """The minima of some cells, from random starts."""
    from ._phase_map import random_rows

    def search(rows: "Rows") -> "Rows":
        if config.trainer == "flow":
            system.prepare_flow()  # here, so that nothing is compiled where nothing is computed
        return system.descend(rows)

    rows = random_rows(system, cells, starts, seed)
    return Stage(name, rows, search, system.descent_rows, system.chunks_at_once())


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Minima of the networks' cells, networks; from these minima the exact map; the theory."""
    from . import _phase_dataset as dataset
    from . import _phase_map as phase_map
    from ._theories import THEORIES

    system, starts = config.system(), config.reference_starts
    own, fine = config.cells(config.own_size), config.cells(config.map_size)
    chosen = phase_map.random_share(fine, CHECK_SHARE, config.seed)
    minima, more = (
        execute(search_stage(name, config, system, cells, count, seed))
        for name, cells, count, seed in (
            ("minima", own, starts, config.seed + 2),
            ("check", chosen, CHECK_STARTS, config.seed + 3),
        )
    )
    theory = THEORIES[config.n_features, config.mirror].start(config, system, execute)
    networks = execute(networks_stage(config, system))

    found = phase_map.minima_by_cell(own, starts, minima)
    follow = phase_map.Continuation(system, execute, own)
    references = phase_map.union(found, follow("references", found, own, seeds=True))
    sparse = config.own_size < SPARSE_GRID
    ground = follow("map", references, fine, seeds=sparse, only_lowest=True)
    cut = theory.cut_cells()
    cut_ground = cut and follow("cut", references, cut, seeds=sparse, only_lowest=True)
    checked = phase_map.minima_by_cell(chosen, CHECK_STARTS, more)
    return dataset.build(
        config,
        system,
        networks=networks,
        references=references,
        ground=ground,
        check=phase_map.compare(fine, ground, chosen, checked, CHECK_STARTS),
        theory=theory,
        cut=cut_ground,
    )


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._phase_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._phase_report import table

    return table(dataset)


SIMULATION = Simulation(
    "phase_boundary", Config, run, summary, table, figure="paper_figures.phase_boundary"
)

if __name__ == "__main__":
    SIMULATION.main()
