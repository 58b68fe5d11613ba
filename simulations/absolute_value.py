"""Can a network compute with features in superposition?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._entry import Simulation
from ._execution import Execute
from ._full import resolve
from ._options import Options, check, check_batch

if TYPE_CHECKING:
    import xarray as xr

FULL = {"seeds": 5, "steps": 20_000, "batch": 1024, "samples": 262_144, "starts": 24}


@dataclass(frozen=True)
class Config(Options):
    """Can a network compute with features in superposition?

    y = |x| by ReLU(W₂ ReLU(W₁ x) + b): three features on six and on four neurons by a deterministic
    loss, and n features on m neurons over the density p, trained on samples (Elhage et al. 2022,
    "Computation in superposition"). Which neurons serve several features, by which weights, at what
    loss, beside theory's monosemantic and motif networks.
    """

    out: Path = Path("results/absolute_value")

    full: bool = False
    """More seeds, longer training and larger batches, where these options are not given; n, m and
    densities are the paper's already."""

    n: int = 100
    """Features."""

    m: int = 40
    """Neurons."""

    decay: float = 0.8
    """Feature i = 0, 1, ... has the importance decay^i."""

    density: tuple[float, ...] = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)
    """Densities, from dense to sparse."""

    seeds: int = 4
    """Networks at each density."""

    steps: int = 8000
    """Steps of training."""

    batch: int = 512
    """Samples a step, each with an active feature at least."""

    learning_rate: float = 3e-3
    """Of Adam at the first step; it falls to 0."""

    samples: int = 65_536
    """Inputs with two active features or more, to judge a network by."""

    starts: int = 8
    """Random starts of three features."""

    evaluations: int = 400
    """Of the deterministic loss of three features, for each start."""

    shared_density: float = 0.1
    """Density of three features on four neurons."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full:
            resolve(self, FULL)
        check("n", self.n, 3 <= self.n <= 2000, "in [3, 2000]")
        check("m", self.m, 1 <= self.m <= 2000, "in [1, 2000]")
        check("decay", self.decay, 0.01 <= self.decay <= 1, "in [0.01, 1]")
        check("density", self.density, 1 <= len(self.density) <= 64, "1 to 64 numbers")
        for p in (*self.density, self.shared_density):
            check("density", p, 1e-4 <= p <= 1, "in [0.0001, 1]")
        ordered = all(a > b for a, b in zip(self.density, self.density[1:], strict=False))
        check("density", self.density, ordered, "in falling order")
        check("seeds", self.seeds, 1 <= self.seeds <= 1000, "in [1, 1000]")
        check("steps", self.steps, 1 <= self.steps <= 10**7, "in [1, 10000000]")
        check("batch", self.batch, 1 <= self.batch <= 10**6, "in [1, 1000000]")
        rate = self.learning_rate
        check("learning_rate", rate, 1e-6 <= rate <= 1, "in [1e-06, 1]")
        check_batch(self.batch, (self.n + self.m) * self.seeds)
        check("samples", self.samples, 1 <= self.samples <= 10**9, "in [1, 1000000000]")
        check("starts", self.starts, 1 <= self.starts <= 10**4, "in [1, 10000]")
        check("evaluations", self.evaluations, 1 <= self.evaluations <= 10**6, "in [1, 1000000]")


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Networks of n features over the density; three features on six and on four neurons."""
    from . import _absolute_dataset as dataset

    stages = dataset.stages(config)
    return dataset.build(config, [execute(stage) for stage in stages])


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._absolute_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._absolute_report import table

    return table(dataset)


SIMULATION = Simulation(
    "absolute_value", Config, run, summary, table, figure="paper_figures.absolute_value"
)

if __name__ == "__main__":
    SIMULATION.main()
