"""When does a pentagon of five features break into two digons, as one of them grows sparser?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from theory._memory import check_memory

from ._entry import Simulation
from ._execution import Execute
from ._options import Options, check

if TYPE_CHECKING:
    import xarray as xr

STATE = 24_000  # bytes of a start: its Hessian and what that is made of, measured


@dataclass(frozen=True)
class Config(Options):
    """When does a pentagon of five features break into two digons, as one of them grows sparser?

    Five features in two dimensions, one of another density or importance than the rest. Both
    arrangements are followed on the exact loss: where their losses are equal, where each stops
    being a minimum, and whether many random starts find anything lower. Elhage et al. 2022
    ("The geometry of superposition") see the jump at about 2.5 times sparser.
    """

    out: Path = Path("results/nonuniform")

    vary: Literal["density", "importance"] = "density"
    """What is different about the odd feature."""

    density: float = 0.05
    """Density p of the other four."""

    lowest: float = 0.05
    """The least ratio of the odd feature's density (or importance) to that of the others."""

    highest: float = 2.0
    """The largest; must be above 1, and the odd feature's density at most 1."""

    ratios: int = 41
    """Ratios at which both arrangements are followed, evenly spaced in the logarithm."""

    ground_ratios: int = 9
    """Ratios at which minima are looked for from random starts."""

    starts: int = 24
    """Random starts at each of them."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check("density", self.density, 1e-3 <= self.density <= 0.5, "in [0.001, 0.5]")
        check("lowest", self.lowest, 1e-3 <= self.lowest <= 0.9, "in [0.001, 0.9]")
        check("highest", self.highest, 1.1 <= self.highest <= 100, "in [1.1, 100]")
        fits = self.vary != "density" or self.highest * self.density <= 1
        check("highest", self.highest, fits, f"at most 1/density = {1 / self.density:g}")
        check("ratios", self.ratios, 8 <= self.ratios <= 10**4, "in [8, 10000]")
        check("ground_ratios", self.ground_ratios, 2 <= self.ground_ratios <= 1000, "in [2, 1000]")
        check("starts", self.starts, 1 <= self.starts <= 10**5, "in [1, 100000]")
        check_memory("starts", self.starts, lambda count: STATE * count)


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Both branches with their crossing and limits, then minima from random starts."""
    from . import _nonuniform_dataset as dataset

    stages = dataset.branch_stage(config), dataset.ground_stage(config)
    branches, ground = [execute(stage) for stage in stages]
    return dataset.build(config, branches, ground)


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._nonuniform_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._nonuniform_report import table

    return table(dataset)


SIMULATION = Simulation(
    "nonuniform", Config, run, summary, table, figure="paper_figures.nonuniform"
)

if __name__ == "__main__":
    SIMULATION.main()
