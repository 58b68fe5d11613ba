"""Which features does a network of two features in one dimension keep, beside the exact answer?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from ._entry import Simulation
from ._execution import Execute
from ._options import Options, check
from ._sweep import Stage

if TYPE_CHECKING:
    import xarray as xr

    from . import _phase_map as phase_map

FLOW_ROWS, TRAIN_ROWS = 128, 36
SPARSE_GRID = 16  # with fewer cells along an axis their minima do not guide the map well enough
CHECK_SHARE, CHECK_STARTS = 0.01, 64


@dataclass(frozen=True)
class Config(Options):
    """The exact phase diagram of two features in one hidden dimension, beside trained networks.

    Features have density p and importances 1 and r. The exact ground state of every cell of the
    map and its exact boundaries; networks trained from random starts; the difference.
    """

    out: Path = Path("results/phase_boundary")

    density: tuple[float, float] = (1.0, 0.01)
    """Range of densities, logarithmic."""

    relative_importance: tuple[float, float] = (0.1, 10.0)
    """Range of the relative importance of the second feature, logarithmic."""

    grid: int = 32
    """Cells of the trained map along each axis."""

    map_grid: int = 128
    """Cells of the exact map along each axis."""

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

    cut_density: float = 0.2
    """Density of the cut through the first-order line, in [0.001, 0.5]."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for p in self.density:
            check("density", p, 0 < p <= 1, "in (0, 1]")
        for r in self.relative_importance:
            check("relative_importance", r, 0 < r < np.inf, "positive and finite")
        for name in ("grid", "map_grid", "starts", "steps", "batch", "reference_starts"):
            check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        for name in ("density", "relative_importance"):
            ends = getattr(self, name)
            check(name, ends, ends[0] != ends[1], "a range with two different ends")
        for name in ("grid", "map_grid"):
            check(name, getattr(self, name), getattr(self, name) <= 4096, "at most 4096")
        check("cut_density", self.cut_density, 0.001 <= self.cut_density <= 0.5, "in [0.001, 0.5]")

    def axes(self, size: int) -> tuple[np.ndarray, np.ndarray]:
        """Densities and relative importances of a map of `size` × `size` cells."""
        return np.geomspace(*self.density, size), np.geomspace(*self.relative_importance, size)


def networks_stage(config: Config) -> Stage:
    """The networks, all starts of a cell next to each other."""
    from . import _two_features as two

    p, r = np.meshgrid(*config.axes(config.grid), indexing="ij")
    cells = {
        "density": np.repeat(p.ravel(), config.starts),
        "relative_importance": np.repeat(r.ravel(), config.starts),
    }
    if config.trainer == "flow":
        return Stage("networks", cells, lambda rows: two.flow(rows, seed=config.seed), FLOW_ROWS)

    def train(rows: two.Rows) -> two.Rows:
        return two.train(rows, seed=config.seed, steps=config.steps, batch=config.batch)

    return Stage("networks", cells, train, TRAIN_ROWS)


def continued(
    name: str,
    execute: Execute,
    own: "phase_map.Cells",
    found: "phase_map.Minima",
    cells: "phase_map.Cells",
    *,
    seeds: bool,
) -> "phase_map.Minima":
    """The minima of `cells`, continued from those found in the coarse cells around them."""
    from . import _phase_map as phase_map
    from ._two_features import DESCENT_ROWS, descend

    rows, cell = phase_map.continued_rows(own, found, cells.p, cells.r, seeds=seeds)
    ends = execute(Stage(name, rows, descend, DESCENT_ROWS))
    return phase_map.minima_of_rows(cell, len(cells.p), ends)


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Minima of the networks' cells, networks; from these minima the exact map; the theory."""
    from . import _phase_dataset as dataset
    from . import _phase_map as phase_map
    from ._cut import hysteresis_stage
    from ._two_features import DESCENT_ROWS, Rows, descend, prepare_flow

    def search(rows: Rows) -> Rows:
        if config.trainer == "flow":
            prepare_flow(FLOW_ROWS)  # here, so that nothing is compiled where nothing is computed
        return descend(rows)

    own = phase_map.canonical_cells(*config.axes(config.grid))
    fine = phase_map.canonical_cells(*config.axes(config.map_grid))
    chosen = phase_map.random_share(fine, CHECK_SHARE, config.seed)
    found_by = [
        execute(Stage(name, phase_map.random_rows(cells, count, seed), search, DESCENT_ROWS))
        for name, cells, count, seed in (
            ("minima", own, config.reference_starts, config.seed + 2),
            ("check", chosen, CHECK_STARTS, config.seed + 3),
        )
    ]
    hysteresis = execute(hysteresis_stage(config.cut_density))
    networks = execute(networks_stage(config))

    found = phase_map.minima_by_cell(own, config.reference_starts, found_by[0])
    more = continued("references", execute, own, found, own, seeds=True)
    references = phase_map.union(found, more)
    sparse = config.grid < SPARSE_GRID
    ground = continued("map", execute, own, references, fine, seeds=sparse)
    checked = phase_map.minima_by_cell(chosen, CHECK_STARTS, found_by[1])
    return dataset.build(
        config,
        networks=networks,
        references=references,
        ground=ground,
        check=phase_map.compare(fine, ground, chosen, checked, CHECK_STARTS),
        hysteresis=hysteresis,
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
