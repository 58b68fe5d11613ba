"""Whether any start finds a state below the ground state of `theory.three_features`.

    python -m benchmarks.no_state_below_three

At random densities and relative importances many random starts are minimised with the solvers of
`simulations.phase_boundary --n-features 3`; the lowest energy met is compared with the exact one.
The claimed state itself is minimised too: it must stay where it is and be a minimum. Writes the
counts and the worst differences.
"""

import json
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import no_state_below
from benchmarks._numbers import can_write, write
from simulations._entry import finish, set_up_jax
from simulations._options import parse

_POINTS_AT_ONCE = 8
_ROUNDING = 1e-12  # energies closer than that are equal
_DENSE, _NEAR_ONE = (0.45, 0.999), (0.5, 1.6)  # where all phases meet: half of the points


@dataclass(frozen=True)
class Config(no_state_below.Config):
    """Random points against the exact ground state of three features in two dimensions."""

    points: int = 300
    """Densities and relative importances: half in the whole plane, half where all phases meet."""

    starts: int = 128
    """Random starts at each point."""

    out: Path = Path("docs/runs/no_state_below_three.json")
    """Where to write the numbers."""


def random_points(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Half with p log-uniform in (0.01, 1) and r in (0.1, 10), half in the dense window."""
    rng = np.random.default_rng([seed, 1])
    half = count // 2
    p = np.append(10 ** rng.uniform(-2, 0, half), rng.uniform(*_DENSE, count - half))
    spread = rng.uniform(*np.log(_NEAR_ONE), count - half)
    return p, np.append(10 ** rng.uniform(-1, 1, half), np.exp(spread))


def search(p: np.ndarray, r: np.ndarray, config: Config) -> np.ndarray:
    """The lowest energy met at each point."""
    from simulations._three_features import SYSTEM

    found = []
    for first in range(0, len(p), _POINTS_AT_ONCE):
        part = slice(first, first + _POINTS_AT_ONCE)
        here = len(p[part])
        start = SYSTEM.random_starts(here * config.starts, config.seed + first)
        rows = {
            "density": np.repeat(p[part], config.starts),
            "relative_importance": np.repeat(r[part], config.starts),
            "start": start,
            "index": np.arange(len(start)),
        }
        losses = SYSTEM.lowest(rows)["loss"].reshape(here, config.starts)
        found.append(losses.min(axis=1))
    return np.concatenate(found)


def run(config: Config) -> dict[str, Any]:
    """Counts, and the lowest energy found minus the exact one: extremes over the points."""
    from simulations._three_features import SYSTEM
    from theory.three_features import ground_state

    began = time.perf_counter()
    p, r = random_points(config.points, config.seed)
    states = [ground_state(*point) for point in zip(p.tolist(), r.tolist(), strict=True)]
    exact = np.array([state.loss for state in states])
    start = np.array([np.append(state.weights.ravel(), state.biases) for state in states])
    rows = {"density": p, "relative_importance": r, "start": start, "index": np.arange(len(p))}
    kept = SYSTEM.descend(rows)
    moved = np.abs(kept["loss"] - exact)
    difference = search(p, r, config) - exact
    return {
        "points": config.points,
        "starts": config.starts,
        "seed": config.seed,
        "phases": dict(Counter(state.phase for state in states).most_common()),
        "points_with_a_state_below": int(np.sum(difference < -_ROUNDING)),
        "points_where_a_start_found_the_ground_state": int(np.sum(np.abs(difference) <= 1e-10)),
        "claimed_states_that_are_minima": int(np.sum(kept["minimum"] & (moved <= 1e-12))),
        "most_below": float(np.min(difference)),
        "most_above": float(np.max(difference)),
        "points_missed": [
            {"density": p[k], "relative_importance": r[k], "phase": states[k].phase}
            for k in np.flatnonzero(difference > 1e-10)
        ],
        "points_not_a_minimum": [
            {"density": p[k], "relative_importance": r[k], "phase": states[k].phase}
            for k in np.flatnonzero(~kept["minimum"] | (moved > 1e-12))
        ],
        "seconds": round(time.perf_counter() - began, 1),
    }


def start(config: Config) -> int:
    """Run, write the JSON file, print it."""
    can_write(config.out)
    set_up_jax("cpu")
    numbers = run(config)
    write(numbers, config.out)
    print(json.dumps(numbers, indent=2))
    return 0


if __name__ == "__main__":
    finish(lambda: start(parse(Config, "python -m benchmarks.no_state_below_three", None)))
