"""Where does gradient flow end? The basins of two features in one dimension."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from theory._memory import check_memory

from ._entry import Simulation
from ._execution import Execute
from ._options import Options, check
from ._sweep import Stage

if TYPE_CHECKING:
    import xarray as xr

ROW = 500  # bytes of a flow's start and results, in all their copies
FLOW_ROWS = 128  # rows of one flow: both stages use the same compiled program
Pair = tuple[float, float]


@dataclass(frozen=True)
class Config(Options):
    """Where does gradient flow end, for two features in one hidden dimension?

    Features have density p and importances 1 and r; biases start at 0. The probability that the
    flow of the exact loss from W ~ N(0, scale²) ends in each state, and maps of the ends over the
    plane of starts (w1, w2). A flow that ends at a saddle stays there: nothing is moved off it.
    """

    out: Path = Path("results/basins")

    density: Pair = (0.05, 0.9)
    """Range of densities, logarithmic."""

    densities: int = 7
    """Number of densities."""

    relative_importance: Pair = (0.1, 1.0)
    """Range of the relative importance of the second feature, logarithmic; beyond 1 lies the
    mirror image."""

    relative_importances: int = 5
    """Number of relative importances."""

    scale: Pair = (0.03, 3.0)
    """Range of the standard deviations of the weights at the start, logarithmic."""

    scales: int = 5
    """Number of scales."""

    starts: int = 192
    """Random starts for each density, relative importance and scale."""

    planes: tuple[Pair, ...] = (
        (0.2, 0.13),
        (0.1, 0.2),
        (0.05, 0.8),
        (0.6, 0.8077),
        (0.8, 1.0),
    )
    """Density and relative importance of each map of starts, one pair after the other."""

    plane_grid: int = 96
    """Points of a map along w1, an even number; half of the plane is solved, as w and -w are one
    network."""

    plane_half_width: float = 1.8
    """A map reaches from minus this to this along both axes."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, rule, good in (
            ("density", "in [0.001, 1]", lambda p: 0.001 <= p <= 1),
            ("relative_importance", "in [0.001, 1]", lambda r: 0.001 <= r <= 1),
            ("scale", "in [1e-4, 10]", lambda s: 1e-4 <= s <= 10),
        ):
            self._check_axis(name, rule, good)
        check("starts", self.starts, 1 <= self.starts <= 100_000, "in [1, 100000]")
        check("planes", self.planes, 1 <= len(self.planes) <= 8, "1 to 8 pairs")
        for p, r in self.planes:
            rule = "pairs of a density and a relative importance, all in [0.001, 1]"
            check("planes", self.planes, 0.001 <= p <= 1 and 0.001 <= r <= 1, rule)
        size, width = self.plane_grid, self.plane_half_width
        check("plane_grid", size, 2 <= size <= 2048 and size % 2 == 0, "even and in [2, 2048]")
        check("plane_half_width", width, 0.01 <= width <= 10, "in [0.01, 10]")
        cells = self.densities * self.relative_importances * self.scales
        check_memory("starts", self.starts, lambda count: ROW * cells * count)
        check_memory("plane_grid", size, lambda k: ROW * len(self.planes) * k * k // 2)

    def _check_axis(self, name: str, rule: str, good: Callable[[float], bool]) -> None:
        ends = getattr(self, name)
        for value in ends:
            check(name, value, good(value), rule)
        plural = name.removesuffix("y") + "ies" if name == "density" else f"{name}s"
        count = getattr(self, plural)
        check(plural, count, 1 <= count <= 512, "in [1, 512]")
        different = ends[0] != ends[1] or count == 1
        check(name, ends, different, "a range with two different ends")

    def axes(self) -> dict[str, np.ndarray]:
        """Densities, relative importances and scales."""
        return {
            "density": np.geomspace(*self.density, self.densities),
            "relative_importance": np.geomspace(
                *self.relative_importance, self.relative_importances
            ),
            "scale": np.geomspace(*self.scale, self.scales),
        }

    def plane_axes(self) -> tuple[np.ndarray, np.ndarray]:
        """w1, and w2 above 0: midpoints, never 0, and never |w1| = |w2|.

        The loss has a kink where w and b vanish together. On a diagonal the exchange of equal
        features would hold the flow for ever, a set of starts without area.
        """
        half = self.plane_grid // 2
        positive, above = (
            (np.arange(count) + 0.5) * self.plane_half_width / count for count in (half, half + 1)
        )
        return np.concatenate([-positive[::-1], positive]), above


def random_stage(config: Config) -> Stage:
    """Random weights of every scale in every cell, all starts of a cell next to each other."""
    axes = config.axes()
    grid = np.meshgrid(*axes.values(), np.arange(config.starts), indexing="ij")
    p, r, scale = (values.ravel() for values in grid[:3])
    normal = np.random.default_rng(config.seed).normal(size=(len(p), 2))
    return flow_stage("starts", p, r, scale[:, None] * normal)


def plane_stage(config: Config) -> Stage:
    """The points of every plane with w2 > 0: the flow from -w is minus the flow from w."""
    p, r = np.array(config.planes).T
    grid = np.meshgrid(np.arange(len(p)), *config.plane_axes(), indexing="ij")
    plane, first, second = (values.ravel() for values in grid)
    return flow_stage("planes", p[plane], r[plane], np.stack([first, second], axis=1))


def flow_stage(name: str, p: np.ndarray, r: np.ndarray, weights: np.ndarray) -> Stage:
    """Flows from given weights and zero biases."""
    from ._devices import chunks_at_once
    from ._two_features import flow_from

    start = np.hstack([weights, np.zeros_like(weights)])
    cells = {"density": p, "relative_importance": r, "start": start}
    return Stage(name, cells, flow_from, FLOW_ROWS, chunks_at_once())


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Flows from random starts and from the points of the planes, then what theory calls them."""
    from . import _basins_dataset as dataset

    stages = random_stage(config), plane_stage(config)
    starts, planes = [execute(stage) for stage in stages]
    return dataset.build(config, stages, (starts, planes))


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._basins_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._basins_report import table

    return table(dataset)


SIMULATION = Simulation("basins", Config, run, summary, table, figure="paper_figures.basins")

if __name__ == "__main__":
    SIMULATION.main()
