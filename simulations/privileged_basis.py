"""Which features share a neuron, when neurons are rectified?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._entry import Simulation
from ._execution import Execute
from ._full import resolve
from ._options import Options, check, check_batch

if TYPE_CHECKING:
    import xarray as xr

FULL = {"seeds": 1000, "samples": 262_144}


@dataclass(frozen=True)
class Config(Options):
    """Which features share a neuron, when neurons are rectified?

    x' = ReLU(Wᵀ ReLU(W x) + b) with n features on m neurons over the density p, from many random
    starts, of which the best is kept (Elhage et al. 2022, "Superposition in a privileged basis").
    Trained on samples and judged on one large common sample with its standard error: the exact loss
    is known only where each neuron has weights of one sign.
    """

    out: Path = Path("results/privileged_basis")

    full: bool = False
    """1,000 networks at each density as in the paper, and a larger sample to judge them by, where
    these options are not given; n, m and decay are the paper's already."""

    n: int = 10
    """Features."""

    m: int = 5
    """Neurons, fewer than features."""

    decay: float = 0.75
    """Feature i = 0, 1, ... has the importance decay^i."""

    density: tuple[float, ...] = (1.0, 0.7, 0.4, 0.25, 0.15, 0.12, 0.08, 0.05, 0.03, 0.015)
    """Densities, from dense to sparse."""

    seeds: int = 200
    """Networks at each density."""

    steps: int = 6000
    """Steps of training."""

    batch: int = 128
    """Samples a step, each with an active feature at least."""

    learning_rate: float = 1e-2
    """Of AdamW at the first step; it falls to 0."""

    samples: int = 131_072
    """Inputs with an active feature at least, to judge all networks of a density by; the lowest are
    judged again by 16 times as many others."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full:
            resolve(self, FULL)
        check("n", self.n, 2 <= self.n <= 200, "in [2, 200]")
        check("m", self.m, 1 <= self.m < self.n, f"in [1, {self.n - 1}]")
        check("decay", self.decay, 0.01 <= self.decay <= 1, "in [0.01, 1]")
        check("density", self.density, 1 <= len(self.density) <= 64, "1 to 64 numbers")
        for p in self.density:
            check("density", p, 1e-4 <= p <= 1, "in [0.0001, 1]")
        ordered = all(a > b for a, b in zip(self.density, self.density[1:], strict=False))
        check("density", self.density, ordered, "in falling order")
        check("seeds", self.seeds, 1 <= self.seeds <= 10**4, "in [1, 10000]")
        check("steps", self.steps, 1 <= self.steps <= 10**7, "in [1, 10000000]")
        check("batch", self.batch, 1 <= self.batch <= 10**6, "in [1, 1000000]")
        rate = self.learning_rate
        check("learning_rate", rate, 1e-6 <= rate <= 1, "in [1e-06, 1]")
        check_batch(self.batch, (self.n + self.m) * self.seeds)
        check("samples", self.samples, 2 <= self.samples <= 10**7, "in [2, 10000000]")


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Networks over the density, then the closed form of one feature a neuron."""
    from . import _privileged_dataset as dataset

    return dataset.build(config, execute(dataset.stage(config)))


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._privileged_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._privileged_report import table

    return table(dataset)


SIMULATION = Simulation(
    "privileged_basis", Config, run, summary, table, figure="paper_figures.privileged_basis"
)

if __name__ == "__main__":
    SIMULATION.main()
