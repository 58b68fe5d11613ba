"""The ensembles of the escape, and what theory says of each."""

import functools
from typing import TYPE_CHECKING

import numpy as np

from theory import two_features as theory

from ._escape_paths import EVERY, KEPT, ensemble
from ._sweep import Stage

if TYPE_CHECKING:
    from .escape import Config

_RELAXATIONS = 5.0  # of the slowest mode of the well, before looks count


def stage(config: "Config") -> Stage:
    """One cell for each point and barrier over temperature, and then the check of the step."""
    plain = [(k, x, config.step) for k in range(len(config.points)) for x in config.barriers]
    lowest = min(config.barriers)
    check = [(k, lowest, config.step / 2) for k in range(len(config.points))]
    rows = [_cell(config, *where) for where in plain + check]
    cells = {name: np.array([row[name] for row in rows]) for name in rows[0]}

    solve = functools.partial(ensemble, seed=config.seed, replicas=config.replicas)
    return Stage("ensembles", cells, solve, 1)


def _cell(config: "Config", point: int, x: float, step: float) -> dict[str, object]:
    p, r = config.points[point]
    escape = theory.acute_escape(p, r)
    assert escape is not None  # the config has seen to it
    temperature = escape.barrier / x
    rate = float(escape.rates(temperature).sum())
    curvatures = np.linalg.eigvalsh(escape.hessians[0])
    h = 2 * step / float(curvatures[-1])
    look = h * EVERY
    wanted = config.crossings * np.exp((max(config.barriers) - x) / 2)
    return {
        "point": point,
        "density": p,
        "relative_importance": r,
        "barrier_over_temperature": x,
        "temperature": temperature,
        "step": h,
        "start": escape.minima[0],
        "pass_loss": float(escape.passes.min()),
        "settled": int(np.ceil(_RELAXATIONS / curvatures[0] / look)),
        "blocks": int(np.ceil(wanted / (rate * look * KEPT * config.replicas))),
        "barrier": escape.barrier,
        "kramers": rate,
    }
