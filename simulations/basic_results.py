"""Which features does a small network represent, and which share dimensions?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._entry import Simulation
from ._execution import Execute
from ._full import resolve
from ._options import Options, check, check_batch

if TYPE_CHECKING:
    import xarray as xr

System = tuple[int, int, float]
PAPER = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
FULL = {
    "systems": ((20, 5, 0.7), (80, 20, 0.9)),
    "evaluations": 1500,
    "steps": 10_000,
    "learning_rate": 1e-3,
}


@dataclass(frozen=True)
class Config(Options):
    """Which features does a small network represent, and which share dimensions?

    n features of falling importance in m dimensions, at the densities of Elhage et al. 2022: the
    best of several starts, each minimised on the exact loss and trained with AdamW, beside the
    best linear model.
    """

    out: Path = Path("results/basic_results")

    systems: tuple[System, ...] = ((20, 5, 0.7),)
    """n, m and the ratio q of importances, q^i for i = 0, ..., n - 1, one after the other."""

    densities: tuple[float, ...] = PAPER
    """Densities p."""

    starts: int = 4
    """Random starts for each density; the best is shown."""

    evaluations: int = 300
    """Of the exact loss and its gradient, at most, in each minimisation."""

    steps: int = 2000
    """Of AdamW."""

    batch: int = 1024
    """Samples of a step."""

    learning_rate: float = 0.01
    """Of AdamW at the start; falls to 0."""

    full: bool = False
    """Also n = 80, m = 20, q = 0.9; 1,500 evaluations, and the training of the paper: 10,000
    steps from learning rate 0.001. For options left at their defaults."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full:
            resolve(self, FULL)
        check("systems", self.systems, 1 <= len(self.systems) <= 4, "1 to 4 triples")
        for n, m, decay in self.systems:
            rule = "triples of n in [2, 400], m in [1, n - 1] and a ratio in [0.01, 1]"
            good = 2 <= n <= 400 and 1 <= m < n and 0.01 <= decay <= 1
            check("systems", self.systems, good, rule)
        sizes = {system[0] for system in self.systems}
        check("systems", self.systems, len(sizes) == len(self.systems), "triples of different n")
        check("densities", self.densities, 1 <= len(self.densities) <= 16, "1 to 16 numbers")
        for p in self.densities:
            check("densities", self.densities, 1e-4 <= p <= 1, "numbers in [0.0001, 1]")
        distinct = len(set(self.densities)) == len(self.densities)
        check("densities", self.densities, distinct, "different numbers")
        check("starts", self.starts, 1 <= self.starts <= 1000, "in [1, 1000]")
        check("evaluations", self.evaluations, 1 <= self.evaluations <= 10**6, "in [1, 1000000]")
        check("steps", self.steps, 1 <= self.steps <= 10**7, "in [1, 10000000]")
        check("batch", self.batch, 1 <= self.batch <= 10**6, "in [1, 1000000]")
        rate = self.learning_rate
        check("learning_rate", rate, 1e-6 <= rate <= 1, "in [1e-6, 1]")
        check_batch(self.batch, max(sizes))


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """All networks of every system, then the best of each density and the linear model."""
    from . import _basic_dataset as dataset

    results = [execute(stage) for stage in dataset.stages(config)]
    return dataset.build(config, results)


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._basic_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._basic_report import table

    return table(dataset)


SIMULATION = Simulation(
    "basic_results", Config, run, summary, table, figure="paper_figures.basic_results"
)

if __name__ == "__main__":
    SIMULATION.main()
