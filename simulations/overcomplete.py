"""Can 20 dimensions hold more than 20 features? Recovery against density."""

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
    "densities": 12,
    "starts": 4,
    "evaluations": 1000,
    "steps": 10_000,
    "learning_rate": 1e-3,
}


@dataclass(frozen=True)
class Config(Options):
    """Can 20 dimensions hold more than 20 features?

    Networks of features of importance 1, at densities from dense to sparse: near the minima of the
    exact loss, and trained with AdamW; the exact loss judges both. A linear model has ΣR² ≤ m, and
    so has every network whose features are orthogonal: more is superposition.
    """

    out: Path = Path("results/overcomplete")

    features: int = 100
    """Number of features n."""

    dimensions: int = 20
    """Number of hidden dimensions m."""

    density: tuple[float, float] = (1.0, 0.003)
    """Range of densities, logarithmic."""

    densities: int = 8
    """Number of densities."""

    starts: int = 3
    """Random starts for each density, the same for both kinds of network."""

    evaluations: int = 200
    """Of the exact loss and its gradient, at most, in each minimisation."""

    steps: int = 2000
    """Of AdamW."""

    batch: int = 1024
    """Samples of a step."""

    learning_rate: float = 0.01
    """Of AdamW at the start; falls to 0."""

    full: bool = False
    """12 densities, 4 starts, 1,000 evaluations, and the training of Elhage et al. 2022: 10,000
    steps from learning rate 0.001. For options left at their defaults."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full:
            resolve(self, FULL)
        check("features", self.features, 2 <= self.features <= 1000, "in [2, 1000]")
        m, n = self.dimensions, self.features
        check("dimensions", m, 1 <= m < n, f"in [1, {n - 1}], below `features`")
        for p in self.density:
            check("density", self.density, 1e-4 <= p <= 1, "two numbers in [0.0001, 1]")
        check("densities", self.densities, 1 <= self.densities <= 100, "in [1, 100]")
        different = self.density[0] != self.density[1] or self.densities == 1
        check("density", self.density, different, "a range with two different ends")
        check("starts", self.starts, 1 <= self.starts <= 1000, "in [1, 1000]")
        check("evaluations", self.evaluations, 1 <= self.evaluations <= 10**6, "in [1, 1000000]")
        check("steps", self.steps, 1 <= self.steps <= 10**7, "in [1, 10000000]")
        check("batch", self.batch, 1 <= self.batch <= 10**6, "in [1, 1000000]")
        rate = self.learning_rate
        check("learning_rate", rate, 1e-6 <= rate <= 1, "in [1e-6, 1]")
        check_batch(self.batch, n)

    def axis(self) -> np.ndarray:
        """The densities."""
        return np.geomspace(*self.density, self.densities)


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Both kinds of network at every density, then the linear model and theory."""
    from . import _overcomplete_dataset as dataset

    minimised, trained = [execute(stage) for stage in dataset.stages(config)]
    return dataset.build(config, minimised, trained)


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._overcomplete_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._overcomplete_report import table

    return table(dataset)


SIMULATION = Simulation(
    "overcomplete", Config, run, summary, table, figure="paper_figures.overcomplete"
)

if __name__ == "__main__":
    SIMULATION.main()
