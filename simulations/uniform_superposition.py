"""How many dimensions does a feature get, when all features are alike?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._entry import Simulation
from ._execution import Execute
from ._full import resolve
from ._options import Options, check, check_batch

if TYPE_CHECKING:
    import xarray as xr

FULL = {"n": 400, "m": 30, "densities": 20, "evaluations": 1000, "steps": 10_000}


@dataclass(frozen=True)
class Config(Options):
    """How many dimensions does a feature get, when all features are alike?

    n features of importance 1 in m dimensions, over the density p: dimensions per feature
    D* = m/‖W‖², and the dimensionality D_i of each feature, which gathers on the values of regular
    figures (Elhage et al. 2022, "The geometry of superposition"). In networks trained with AdamW,
    and in minima of the exact loss.
    """

    out: Path = Path("results/uniform_superposition")

    full: bool = False
    """The size of the paper, n = 400 and m = 30, with more densities, evaluations and steps, where
    these options are not given."""

    n: int = 100
    """Features."""

    m: int = 12
    """Hidden dimensions, at most n/2."""

    density: tuple[float, float] = (1.0, 0.01)
    """Range of densities, logarithmic."""

    densities: int = 14
    """Number of densities."""

    evaluations: int = 200
    """Of the exact loss: half as many from random weights, half as many from the trained network,
    then as many from the lower of the two."""

    rtol: float = 1e-6
    """Relative tolerance of the exact loss while it is minimised."""

    steps: int = 4000
    """Steps of training."""

    batch: int = 1024
    """Samples a step."""

    learning_rate: float = 1e-3
    """Of AdamW at the first step; it falls to 0."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full:
            resolve(self, FULL)
        check("n", self.n, 7 <= self.n <= 2000, "in [7, 2000]")
        check("m", self.m, 1 <= self.m <= self.n // 2, f"in [1, {self.n // 2}]")
        for p in self.density:
            check("density", p, 1e-4 <= p <= 1, "in [0.0001, 1]")
        check("densities", self.densities, 1 <= self.densities <= 512, "in [1, 512]")
        different = self.density[0] != self.density[1] or self.densities == 1
        check("density", self.density, different, "a range with two different ends")
        check("evaluations", self.evaluations, 2 <= self.evaluations <= 10**5, "in [2, 100000]")
        check("rtol", self.rtol, 1e-10 <= self.rtol <= 1e-3, "in [1e-10, 0.001]")
        check("steps", self.steps, 1 <= self.steps <= 10**7, "in [1, 10000000]")
        check("batch", self.batch, 1 <= self.batch <= 10**6, "in [1, 1000000]")
        rate = self.learning_rate
        check("learning_rate", rate, 1e-6 <= rate <= 1, "in [1e-06, 1]")
        check_batch(self.batch, self.n)


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Networks over the density, then what theory says of pairs and of the mean field."""
    from . import _uniform_dataset as dataset

    stage = dataset.stage(config)
    return dataset.build(config, stage, execute(stage))


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._uniform_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._uniform_report import table

    return table(dataset)


SIMULATION = Simulation(
    "uniform_superposition",
    Config,
    run,
    summary,
    table,
    figure="paper_figures.uniform_superposition",
)

if __name__ == "__main__":
    SIMULATION.main()
