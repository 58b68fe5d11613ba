"""Paths to be animated: particles under the gradient flow, and a pentagon that breaks."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._entry import Simulation
from ._execution import Execute
from ._options import Options, check

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Config(Options):
    """Paths to be animated: particles under the gradient flow, and a pentagon that breaks.

    Five equal features in two dimensions on the exact loss. First from small random weights to a
    steady state. Then from the pentagon, while one feature is made sparser slowly beside the
    relaxation: it deforms, stays when two digons are lower already, and breaks where it ends.
    """

    out: Path = Path("results/animations")

    seed: int = 4
    """Of the start of the flow; this one passes close to two digons on its way."""

    density: float = 0.05
    """Of every feature; in the second path, of all but one."""

    spread: float = 0.1
    """Standard deviation of the weights from which the flow starts."""

    lowest: float = 0.1
    """The least ratio of the odd feature's density to the others'."""

    duration: float = 20_000.0
    """Of the second path, in units of 1/density."""

    frames: int = 70
    """Of each path, evenly spaced in what moves."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check("density", self.density, 1e-3 <= self.density <= 0.5, "in [0.001, 0.5]")
        check("spread", self.spread, 1e-4 <= self.spread <= 2, "in [0.0001, 2]")
        check("lowest", self.lowest, 1e-3 <= self.lowest <= 0.9, "in [0.001, 0.9]")
        check("duration", self.duration, 10 <= self.duration <= 1e6, "in [10, 1000000]")
        check("frames", self.frames, 2 <= self.frames <= 1000, "in [2, 1000]")


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Both paths."""
    from . import _animations_dataset as dataset

    stages = dataset.flow_stage(config), dataset.driven_stage(config)
    flow, driven = [execute(stage) for stage in stages]
    return dataset.build(config, flow, driven)


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._animations_dataset import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._animations_dataset import table

    return table(dataset)


SIMULATION = Simulation(
    "animations", Config, run, summary, table, figure="paper_figures.pentagon_to_digons"
)

if __name__ == "__main__":
    SIMULATION.main()
