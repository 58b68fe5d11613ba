"""Are features directions, orthogonal, or almost so, and what does the ReLU do about the rest?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ._entry import Simulation
from ._execution import Execute
from ._full import resolve
from ._options import Options, check, check_batch

if TYPE_CHECKING:
    import xarray as xr

FULL = {
    "features": 400,
    "dimensions": 30,
    "evaluations": 500,
    "steps": 5000,
    "learning_rate": 1e-3,
    "fewer": (5, 20, 30),
    "samples": 65_536,
}


@dataclass(frozen=True)
class Config(Options):
    """Are features directions, orthogonal, or almost so, and what does the ReLU do about the rest?

    The statements of Elhage et al. 2022, "Features as Directions" and "The Superposition
    Hypothesis", on networks of n features of importance 1 near minima of the exact loss, and
    trained with AdamW: what the best linear probe recovers and what a threshold on a direction
    detects; that up to m features are orthogonal; cosines of more than m against random directions
    and bounds; and the share of the interference that ReLU and bias filter out.
    """

    out: Path = Path("results/directions")

    features: int = 100
    """Number of features n."""

    dimensions: int = 20
    """Number of hidden dimensions m."""

    density: tuple[float, float] = (1.0, 0.003)
    """Range of densities, logarithmic."""

    densities: int = 6
    """Number of densities."""

    starts: int = 2
    """Random starts for each density, the same for both kinds of network."""

    evaluations: int = 150
    """Of the exact loss and its gradient, at most, in each minimisation."""

    steps: int = 2000
    """Of AdamW."""

    batch: int = 1024
    """Samples of a step."""

    learning_rate: float = 0.01
    """Of AdamW at the start; falls to 0."""

    fewer: tuple[int, ...] = (5, 20)
    """Numbers of features up to m, in networks that should be orthogonal."""

    fewer_density: tuple[float, ...] = (1.0, 0.3, 0.1, 0.03)
    """Their densities."""

    seeds: int = 3
    """Random starts of these for each density."""

    samples: int = 16_384
    """Inputs that check the exact numbers of a network."""

    random: int = 50
    """Sets of random directions beside the networks."""

    full: bool = False
    """400 features in 30 dimensions, more evaluations and samples, and 5,000 steps of training from
    the learning rate of Elhage et al. 2022, 0.001. For options left at their defaults."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full:
            resolve(self, FULL)
        check("features", self.features, 3 <= self.features <= 1000, "in [3, 1000]")
        m, n = self.dimensions, self.features
        check("dimensions", m, 2 <= m < n, f"in [2, {n - 1}], below `features`")
        for p in self.density:
            check("density", self.density, 1e-4 <= p <= 1, "two numbers in [0.0001, 1]")
        check("densities", self.densities, 1 <= self.densities <= 100, "in [1, 100]")
        different = self.density[0] != self.density[1] or self.densities == 1
        check("density", self.density, different, "a range with two different ends")
        for name, most in (("starts", 1000), ("seeds", 1000), ("random", 10**5)):
            value = getattr(self, name)
            check(name, value, 1 <= value <= most, f"in [1, {most}]")
        check("evaluations", self.evaluations, 1 <= self.evaluations <= 10**6, "in [1, 1000000]")
        check("steps", self.steps, 1 <= self.steps <= 10**7, "in [1, 10000000]")
        check("batch", self.batch, 1 <= self.batch <= 10**6, "in [1, 1000000]")
        rate = self.learning_rate
        check("learning_rate", rate, 1e-6 <= rate <= 1, "in [1e-06, 1]")
        check_batch(self.batch, n)
        for name, values in (("fewer", self.fewer), ("fewer_density", self.fewer_density)):
            check(name, values, 1 <= len(values) <= 64, "1 to 64 numbers")
            check(name, values, len(set(values)) == len(values), "different numbers")
        for each in self.fewer:
            check("fewer", each, 2 <= each <= m, f"numbers in [2, {m}], up to `dimensions`")
        for p in self.fewer_density:
            check("fewer_density", p, 1e-3 <= p <= 1, "numbers in [0.001, 1]")
        least = 10 * m
        check("samples", self.samples, least <= self.samples <= 10**9, f"in [{least}, 1000000000]")

    def axis(self) -> np.ndarray:
        """The densities of the n features."""
        return np.geomspace(*self.density, self.densities)


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Networks of more and of fewer features than dimensions, measured; then theory."""
    from . import _directions_dataset as dataset

    return dataset.build(config, [execute(stage) for stage in dataset.stages(config)])


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._directions_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._directions_report import table

    return table(dataset)


SIMULATION = Simulation(
    "directions", Config, run, summary, table, figure="paper_figures.directions"
)

if __name__ == "__main__":
    SIMULATION.main()
