"""How does the loss fall with the hidden dimension, in weak and in strong superposition?"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._entry import Simulation
from ._execution import Execute
from ._full import resolve
from ._options import Options, check, check_batch

if TYPE_CHECKING:
    import xarray as xr

FULL = {
    "n": 400,
    "hidden": (3, 6, 12, 25, 50, 100, 200),
    "steps": 5000,
    "evaluations": 500,
}


@dataclass(frozen=True)
class Config(Options):
    """How does the loss fall with the hidden dimension, in weak and in strong superposition?

    Features of densities p_i ∝ i^-α with Σ p_i given, trained with weight decay of either sign,
    beside the linear model, which keeps the m features of largest variance: L ∝ m^-(α-1) for
    3 << m << n. Strong superposition should have L ∝ 1/m (Liu et al. 2025, arXiv 2505.10465). And
    minima of the exact loss at equal densities, beside the mean field.
    """

    out: Path = Path("results/scaling")

    full: bool = False
    """n = 400 and m from 3 to 200, with more steps and evaluations, where these options are not
    given."""

    n: int = 100
    """Features."""

    hidden: tuple[int, ...] = (3, 5, 8, 12, 20, 32, 50)
    """Hidden dimensions m, rising, the last at most n/2."""

    slope: tuple[float, ...] = (1.5, 2.5)
    """The α of p_i ∝ i^-α."""

    active: float = 1.0
    """Σ p_i, the number of active features to expect; the first has to have a density below 1."""

    weight_decay: tuple[float, ...] = (1.0, -1.0)
    """λ of AdamW; a negative one pulls the norms of features to 1."""

    equal_density: float = 0.02
    """Density of the features that are all alike."""

    evaluations: int = 200
    """Of the exact loss, from random weights, at equal densities."""

    rtol: float = 1e-6
    """Relative tolerance of the exact loss while it is minimised."""

    steps: int = 3000
    """Steps of training."""

    batch: int = 1024
    """Samples a step."""

    learning_rate: float = 3e-3
    """Of AdamW at the first step; it falls to 0."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full:
            resolve(self, FULL)
        check("n", self.n, 7 <= self.n <= 2000, "in [7, 2000]")
        hidden = self.hidden
        rises = all(a < b for a, b in itertools.pairwise(hidden))
        good = len(hidden) >= 3 and rises and hidden[0] >= 1 and hidden[-1] <= self.n // 2
        check("hidden", hidden, good, f"three or more rising numbers in [1, {self.n // 2}]")
        check("slope", self.slope, 1 <= len(self.slope) <= 3, "1 to 3 numbers")
        for a in self.slope:
            check("slope", self.slope, 1 < a <= 5, "numbers in (1, 5]")
            first = self.active / sum(i**-a for i in range(1, self.n + 1))
            rule = "positive, and small enough for a first density p_1 of at most 1"
            check("active", self.active, 0 < first <= 1, rule)
        for name, most in (("slope", 3), ("weight_decay", 3)):
            values = getattr(self, name)
            distinct = 1 <= len(set(values)) == len(values) <= most
            check(name, values, distinct, f"1 to {most} different numbers")
        for x in self.weight_decay:
            check("weight_decay", self.weight_decay, -20 <= x <= 20, "numbers in [-20, 20]")
        check("equal_density", self.equal_density, 1e-4 <= self.equal_density <= 1, "in [1e-4, 1]")
        check("evaluations", self.evaluations, 1 <= self.evaluations <= 10**5, "in [1, 100000]")
        check("rtol", self.rtol, 1e-10 <= self.rtol <= 1e-3, "in [1e-10, 0.001]")
        check("steps", self.steps, 1 <= self.steps <= 10**7, "in [1, 10000000]")
        check("batch", self.batch, 1 <= self.batch <= 10**6, "in [1, 1000000]")
        rate = self.learning_rate
        check("learning_rate", rate, 1e-6 <= rate <= 1, "in [1e-06, 1]")
        check_batch(self.batch, self.n)


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Trained networks and minima over m, then what theory says of their losses."""
    from . import _scaling_dataset as dataset

    stages = dataset.trained_stage(config), dataset.equal_stage(config)
    networks, equal = [execute(stage) for stage in stages]
    return dataset.build(config, networks, equal)


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._scaling_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._scaling_report import table

    return table(dataset)


SIMULATION = Simulation("scaling", Config, run, summary, table, figure="paper_figures.scaling")

if __name__ == "__main__":
    SIMULATION.main()
