"""Does superposition make networks vulnerable to small perturbations of their inputs?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from theory._memory import check_memory

from ._entry import Simulation
from ._execution import Execute
from ._full import resolve
from ._options import Options, check, check_batch

if TYPE_CHECKING:
    import xarray as xr

_ARRAYS = 8  # of all inputs at a time: samples, attacks, outputs, residuals, what is derived

FULL = {
    "n": 400,
    "m": 30,
    "densities": 8,
    "seeds": 2,
    "evaluations": 600,
    "steps": 5000,
    "batch": 1024,
    "learning_rate": 1e-3,
    "inputs": 8192,
}


@dataclass(frozen=True)
class Config(Options):
    """Does superposition make networks vulnerable to small perturbations of their inputs?

    n features of importance 1 in m dimensions, over the density p = 1 - S: how much perturbations
    δ with ‖δ‖ = 0.1 E‖x‖ raise the loss Σ (x_i - x'_i)² of x' = ReLU(WᵀW (x + δ) + b), against
    1/D*, features per dimension (Elhage et al. 2022, "Superposition and adversarial
    vulnerability"). Vulnerability is the paper's (L' - L)/(L'_0 - L_0): L' with the attack, L_0 and
    L'_0 without superposition, where L'_0 - L_0 = ‖δ‖² exactly. The paper attacks one feature, δ
    along ±WᵀW_i, and takes the most harmful: here once for all inputs together (the loss is then
    exact), and for each input; beside these the worst δ that a local search finds for each input.
    Networks are trained with AdamW, and then minimised on the exact loss.
    """

    out: Path = Path("results/adversarial")

    full: bool = False
    """The size of the paper, n = 400 and m = 30, with more evaluations, steps and inputs but fewer
    densities and seeds, where these options are not given."""

    n: int = 64
    """Features."""

    m: int = 8
    """Hidden dimensions, at most n/2."""

    density: tuple[float, float] = (1.0, 0.01)
    """Range of densities, logarithmic."""

    densities: int = 10
    """Number of densities, at least 3."""

    seeds: int = 3
    """Networks for each density, at least 2."""

    attack: float = 0.1
    """‖δ‖ over the mean norm of inputs."""

    inputs: int = 2048
    """Samples that are attacked one by one."""

    evaluations: int = 150
    """Of the exact loss, to minimise a trained network."""

    rtol: float = 1e-6
    """Relative tolerance of the exact loss while it is minimised."""

    steps: int = 2000
    """Steps of training."""

    batch: int = 512
    """Samples a step."""

    learning_rate: float = 3e-3
    """Of AdamW at the first step; it falls to 0."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full:
            resolve(self, FULL)
        check("n", self.n, 2 <= self.n <= 2000, "in [2, 2000]")
        check("m", self.m, 1 <= self.m <= self.n // 2, f"in [1, {self.n // 2}]")
        for p in self.density:
            check("density", p, 1e-3 <= p <= 1, "in [0.001, 1]")
        different = self.density[0] != self.density[1]
        check("density", self.density, different, "a range with two different ends")
        check("densities", self.densities, 3 <= self.densities <= 512, "in [3, 512]")
        check("seeds", self.seeds, 2 <= self.seeds <= 1000, "in [2, 1000]")
        check("attack", self.attack, 1e-4 <= self.attack <= 10, "in [0.0001, 10]")
        check("inputs", self.inputs, 16 <= self.inputs <= 10**6, "in [16, 1000000]")
        check("evaluations", self.evaluations, 1 <= self.evaluations <= 10**5, "in [1, 100000]")
        check("rtol", self.rtol, 1e-10 <= self.rtol <= 1e-3, "in [1e-10, 0.001]")
        check("steps", self.steps, 1 <= self.steps <= 10**7, "in [1, 10000000]")
        check("batch", self.batch, 1 <= self.batch <= 10**6, "in [1, 1000000]")
        rate = self.learning_rate
        check("learning_rate", rate, 1e-6 <= rate <= 1, "in [1e-06, 1]")
        check_batch(self.batch, self.n)
        check_memory("inputs", self.inputs, lambda count: 8 * _ARRAYS * self.n * count)


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Networks over the density, attacked, then theory beside them."""
    from . import _adversarial_dataset as dataset

    stage = dataset.stage(config)
    return dataset.build(config, execute(stage))


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._adversarial_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._adversarial_report import table

    return table(dataset)


SIMULATION = Simulation(
    "adversarial", Config, run, summary, table, figure="paper_figures.adversarial"
)

if __name__ == "__main__":
    SIMULATION.main()
