"""How do features arrange themselves that are active together, or never together?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._entry import Simulation
from ._execution import Execute
from ._full import resolve
from ._options import Options, check, check_batch

if TYPE_CHECKING:
    import xarray as xr

COLLAPSE = (1.0, 0.7, 0.5, 0.35, 0.25, 0.2, 0.17, 0.12, 0.07, 0.05, 0.03, 0.02)
FULL = {
    "collapse": (
        *(1.0, 0.85, 0.7, 0.6, 0.5, 0.42, 0.35, 0.3, 0.25, 0.22, 0.2, 0.17, 0.15),
        *(0.13, 0.11, 0.09, 0.07, 0.06, 0.05, 0.04, 0.03, 0.02, 0.01),
    ),
    "sparse": (0.2, 0.1, 0.05, 0.02),
    "seeds": 16,
    "evaluations": 1000,
    "steps": 10_000,
    "batch": 1024,
    "learning_rate": 1e-3,
}


@dataclass(frozen=True)
class Config(Options):
    """How do features arrange themselves that are active together, or never together?

    The experiments of Elhage et al. 2022, "Correlated and anticorrelated features": pairs in two
    dimensions, two sets of ten in ten dimensions, and the collapse of three correlated pairs to
    their principal components. Networks are trained with AdamW; up to six features they are judged
    by, and polished on, the exact loss of the joint law, beyond on samples.
    """

    out: Path = Path("results/correlated")

    collapse: tuple[float, ...] = (
        1.0,
        0.7,
        0.5,
        0.35,
        0.25,
        0.2,
        0.17,
        0.12,
        0.07,
        0.05,
        0.03,
        0.02,
    )
    """Densities of three correlated pairs in two dimensions."""

    sparse: tuple[float, ...] = (0.1, 0.05)
    """Densities of all other systems; the least is the one of the claims."""

    seeds: int = 8
    """Networks for each system and density, at least 2."""

    evaluations: int = 200
    """Of the exact loss, at most, to polish a trained network."""

    steps: int = 3000
    """Steps of training."""

    batch: int = 512
    """Samples a step."""

    learning_rate: float = 3e-3
    """Of AdamW."""

    full: bool = False
    """More densities and 16 seeds, with the training of the paper, where these options are not
    given."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full:
            resolve(self, FULL)
        for name, densities, most in (("collapse", self.collapse, 1), ("sparse", self.sparse, 0.5)):
            check(name, densities, 1 <= len(densities) <= 100, "1 to 100 numbers")
            for p in densities:
                check(name, p, 1e-3 <= p <= most, f"numbers in [0.001, {most:g}]")
            different = len(set(densities)) == len(densities)
            check(name, densities, different, "different numbers")
        check("seeds", self.seeds, 2 <= self.seeds <= 1000, "in [2, 1000]")
        check("evaluations", self.evaluations, 1 <= self.evaluations <= 10**5, "in [1, 100000]")
        check("steps", self.steps, 1 <= self.steps <= 10**7, "in [1, 10000000]")
        check("batch", self.batch, 1 <= self.batch <= 10**6, "in [1, 1000000]")
        rate = self.learning_rate
        check("learning_rate", rate, 1e-6 <= rate <= 1, "in [1e-06, 1]")
        check_batch(self.batch, 20 * self.seeds)


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Networks of every system, then theory beside them."""
    from . import _correlated_dataset as dataset

    return dataset.build(config, [execute(stage) for stage in dataset.stages(config)])


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._correlated_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._correlated_report import table

    return table(dataset)


SIMULATION = Simulation(
    "correlated", Config, run, summary, table, figure="paper_figures.correlated"
)

if __name__ == "__main__":
    SIMULATION.main()
