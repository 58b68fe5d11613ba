"""A simulation in small, of numpy alone: random walks, then a stage that depends on all of them."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulations._entry import Simulation
from simulations._execution import Execute
from simulations._options import Options, check
from simulations._sweep import Stage

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Config(Options):
    """How far do random walks get?"""

    out: Path = Path("results/toy")

    walks: int = 50
    """Number of walks."""

    span: tuple[float, float] = (1.0, 2.0)
    """Least and largest step."""

    bad: int = 0
    """Number of walks that fail."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check("walks", self.walks, self.walks >= 1, "at least 1")


def walk(config: Config, cells: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    if cells["index"][0]:  # the first chunk comes at once
        time.sleep(float(os.environ.get("TOY_NAP", "0")))
    rngs = [np.random.default_rng([config.seed, index]) for index in cells["index"]]
    ends = np.array([rng.normal(size=100).sum() for rng in rngs])
    return {"end": ends * cells["step"], "result": (cells["index"] < config.bad).astype(np.int32)}


def run(config: Config, execute: Execute) -> "xr.Dataset":
    import xarray as xr

    step = np.linspace(*config.span, config.walks)
    walks = execute(Stage("walks", {"step": step}, lambda cells: walk(config, cells), 8))
    again = execute(Stage("again", {"step": -step}, lambda cells: walk(config, cells), 8))
    mean = np.mean(walks["end"] + again["end"])  # the first reading: shards end here
    centred = {"end": walks["end"] - mean}
    last = execute(
        Stage("last", centred, lambda c: {"far": abs(c["end"]), "result": 0 * c["index"]}, 16)
    )
    arrays = {"end": walks["end"], "result": walks["result"], "far": last["far"]}
    return xr.Dataset({name: ("step", values) for name, values in arrays.items()}, {"step": step})


def summary(dataset: "xr.Dataset") -> Mapping[str, Any]:
    return {"farthest": dataset.far.max(), "undefined": np.nan}


def table(dataset: "xr.Dataset") -> str:
    return f"Farthest: {float(dataset.far.max()):.3f}"


def draw(dataset: "xr.Dataset") -> "Figure":
    from matplotlib.figure import Figure

    figure = Figure(figsize=(2, 2))
    figure.subplots().plot(dataset.step, dataset.far)
    return figure


SIMULATION = Simulation("toy", Config, run, summary, table, figure="tests.simulations.toy")

if __name__ == "__main__":
    SIMULATION.main()
