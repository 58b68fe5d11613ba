"""Over which saddles does learning go, and how long does it stay at each?"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ._entry import Simulation
from ._execution import Execute
from ._full import resolve
from ._options import Options, check, check_batch

if TYPE_CHECKING:
    import xarray as xr

FULL = {"features": 100, "hidden": 20, "decay": 0.95, "last_time": 300.0}


@dataclass(frozen=True)
class Config(Options):
    """Over which saddles does learning go, and how long does it stay at each?

    Gradient flow on the exact loss from small random weights: features grow one after the other.
    Each plateau with the saddle next to it, its unstable directions, and its length beside the
    one that the linear flow there predicts; AdamW and SGD on samples from the same start. Beside it
    six equal, sparse features in three dimensions on their way to the octahedron.
    """

    out: Path = Path("results/learning_dynamics")

    full: bool = False
    """100 features in 20 dimensions (saddles not examined), where these options are not given."""

    features: int = 6
    """Number n of features."""

    hidden: int = 3
    """Number m of hidden dimensions."""

    decay: float = 0.7
    """Importances are decay^i, i = 0, ..., n - 1; unequal ones set the plateaus apart."""

    density: float = 0.1
    """Probability that a feature is active."""

    scale: float = 1e-5
    """Standard deviation of the weights at the start; biases start at 0."""

    plateau_ratio: float = 2.0
    """A plateau is a minimum of the speed below its maxima by this factor."""

    last_time: float = 5000.0
    """Of the flow, in units of 1/curvature."""

    equal_density: float = 0.01
    """Density of the six equal features."""

    times: int = 300
    """Logarithmic times at which states are kept."""

    rtol: float = 1e-5
    """Of the flow; plateaus are measured again with a tenth of it."""

    batch: int = 1024
    """Samples of a training step."""

    adam_rate: float = 1e-3
    """Learning rate of AdamW (no weight decay, no schedule); its time is rate × steps."""

    adam_steps: int = 20_000
    """Steps of AdamW."""

    sgd_rate: float = 0.1
    """Learning rate of SGD, which makes last_time/rate steps."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.full:
            resolve(self, FULL)
        check("features", self.features, 3 <= self.features <= 400, "in [3, 400]")
        check("hidden", self.hidden, 1 <= self.hidden < self.features, "in [1, features)")
        p = self.equal_density
        check("equal_density", p, 0.001 <= p <= 1, "in [0.001, 1]")
        check("decay", self.decay, 0.1 <= self.decay <= 1, "in [0.1, 1]")
        check("density", self.density, 0.001 <= self.density <= 1, "in [0.001, 1]")
        check("scale", self.scale, 1e-6 <= self.scale <= 1, "in [1e-6, 1]")
        check(
            "plateau_ratio", self.plateau_ratio, 1.5 <= self.plateau_ratio <= 100, "in [1.5, 100]"
        )
        check("last_time", self.last_time, 1 <= self.last_time <= 1e6, "in [1, 1000000]")
        check("times", self.times, 100 <= self.times <= 10_000, "in [100, 10000]")
        check("rtol", self.rtol, 1e-8 <= self.rtol <= 1e-3, "in [1e-08, 0.001]")
        check("batch", self.batch, 1 <= self.batch <= 2**20, "in [1, 1048576]")
        check_batch(self.batch, self.features)
        check("adam_rate", self.adam_rate, 1e-6 <= self.adam_rate <= 1, "in [1e-6, 1]")
        check("adam_steps", self.adam_steps, 1 <= self.adam_steps <= 10**7, "in [1, 10000000]")
        check("sgd_rate", self.sgd_rate, 1e-4 <= self.sgd_rate <= 0.5, "in [0.0001, 0.5]")


def run(config: Config, execute: Execute) -> "xr.Dataset":
    """The flow with its saddles, and training beside it."""
    from . import _learning_cells, _learning_dataset

    stages = _learning_cells.stages(config)
    done = [execute(stage) for stage in stages]
    return _learning_dataset.build(config, *done)


def summary(dataset: "xr.Dataset") -> dict:
    """The numbers of the run, for the JSON file."""
    from ._learning_report import summary

    return summary(dataset)


def table(dataset: "xr.Dataset") -> str:
    """The numbers of the run, for the terminal."""
    from ._learning_report import table

    return table(dataset)


SIMULATION = Simulation(
    "learning_dynamics", Config, run, summary, table, figure="paper_figures.learning_dynamics"
)

if __name__ == "__main__":
    SIMULATION.main()
