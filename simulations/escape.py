"""How fast does noise carry the acute state over to the antipodal one?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from theory._memory import check_memory

from ._entry import Simulation
from ._execution import Execute
from ._options import Options, check

if TYPE_CHECKING:
    import xarray as xr

Pair = tuple[float, float]
PATH = 7000  # bytes of a path, measured


@dataclass(frozen=True)
class Config(Options):
    """How fast does noise carry the acute state over to the antipodal one?

    Two features of density p and importances 1 and r in one hidden dimension, dy = -∇L dt +
    √(2T) dB on the exact loss. The rate of crossing w₁w₂ = 0, measured at several temperatures,
    beside the exact barrier and the rate of Eyring and Kramers.
    """

    out: Path = Path("results/escape")

    points: tuple[Pair, ...] = ((0.2, 0.9), (0.3, 0.9), (0.5, 1.0))
    """Density and relative importance, one pair after the other, where an acute state is a local
    minimum and dedicated the saddle on its way out."""

    barriers: tuple[float, ...] = (3.0, 4.0, 5.0, 6.0)
    """Exact barriers over the temperature: these set the temperatures."""

    crossings: int = 120
    """Crossings to expect at the highest barrier; at one lower by x temperatures exp(x/2) times as
    many."""

    step: float = 0.5
    """Time step over the largest stable one, 2/curvature of the stiffest direction at the minimum;
    the ensembles of the lowest barrier are repeated with half of it."""

    replicas: int = 512
    """Paths of an ensemble."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check("points", self.points, 1 <= len(self.points) <= 4, "1 to 4 pairs")
        for p, r in self.points:
            rule = "pairs of a density in [0.02, 0.8] and a relative importance in [0.1, 1]"
            check("points", self.points, 0.02 <= p <= 0.8 and 0.1 <= r <= 1, rule)
            rule = "pairs with r above the onset (5 + 8p - 9p²)/(16 - 12p) of acute states"
            check("points", self.points, r > _onset(p), rule)
        distinct = len(set(self.barriers)) == len(self.barriers)
        check("barriers", self.barriers, 1 <= len(self.barriers) <= 12, "1 to 12 numbers")
        check("barriers", self.barriers, distinct, "different numbers")
        for x in self.barriers:
            check("barriers", self.barriers, 1 <= x <= 15, "numbers in [1, 15]")
        check("crossings", self.crossings, 1 <= self.crossings <= 10**6, "in [1, 1000000]")
        check("step", self.step, 0.001 <= self.step <= 0.8, "in [0.001, 0.8]")
        check("replicas", self.replicas, 1 <= self.replicas <= 10**6, "in [1, 1000000]")
        check_memory("replicas", self.replicas, lambda count: PATH * count)


def _onset(p: float) -> float:
    """`theory.two_features.acute_onset` at equal densities, known without importing sympy."""
    return (5 + 8 * p - 9 * p**2) / (16 - 12 * p)


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """Ensembles of paths, then what theory says of their rates."""
    from . import _escape_cells, _escape_dataset

    stage = _escape_cells.stage(config)
    return _escape_dataset.build(config, stage, execute(stage))


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._escape_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._escape_report import table

    return table(dataset)


SIMULATION = Simulation("escape", Config, run, summary, table, figure="paper_figures.escape")

if __name__ == "__main__":
    SIMULATION.main()
