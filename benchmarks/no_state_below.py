"""Whether any start finds a state below the ground state of `theory.two_features`.

    python -m benchmarks.no_state_below

At random densities and relative importances, in one compiled program and in chunks of one shape,
many random starts are minimised with `tms_physics.minimise`. The lowest energy met is compared
with the exact one. Writes the counts and the worst difference.
"""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks._numbers import can_write, write
from simulations._entry import finish, set_up_jax
from simulations._options import check, parse
from theory._memory import check_memory

_CHUNK = 256
_ROW = 200  # bytes of a start
_ROUNDING = 1e-13  # energies closer than that, of order 0.1, are equal


@dataclass(frozen=True)
class Config:
    """Random points against the exact ground state of two features in one dimension."""

    points: int = 1000
    """Pairs of density, uniform in (0.01, 1), and relative importance, log-uniform in (0.1, 10)."""

    starts: int = 64
    """Random starts at each point."""

    seed: int = 0
    """Of all random numbers."""

    out: Path = Path("docs/runs/no_state_below.json")
    """Where to write the numbers."""

    def __post_init__(self) -> None:
        for name in ("points", "starts"):
            value = getattr(self, name)
            check(name, value, 1 <= value <= 10**6, "in [1, 1000000]")
        check_memory("starts", self.starts, lambda count: _ROW * self.points * count)
        check("seed", self.seed, 0 <= self.seed < 2**63, "in [0, 2**63)")


def lowest_energies(p: np.ndarray, r: np.ndarray, starts: int, seed: int) -> np.ndarray:
    """The lowest energy that minimisation reaches at each point from `starts` random starts."""
    import jax
    import jax.numpy as jnp

    from tms_physics import PopulationLoss, minimise

    @jax.jit
    @jax.vmap
    def energy(y: jax.Array, p: jax.Array, r: jax.Array) -> jax.Array:
        loss = PopulationLoss(jnp.stack([jnp.ones_like(r), r]), p)
        return minimise(loss, (y[None, :2], y[2:])).energy

    rng = np.random.default_rng(seed)
    y = rng.normal(size=(p.size * starts, 4)) * [1.0, 1.0, 0.2, 0.2]
    rows = [_padded(row) for row in (y, np.repeat(p, starts), np.repeat(r, starts))]
    chunks = [energy(*parts) for parts in zip(*rows, strict=True)]
    return np.concatenate(chunks)[: p.size * starts].reshape(p.size, starts).min(axis=1)


def _padded(rows: np.ndarray) -> list[np.ndarray]:
    """Chunks of one shape, the last one filled up with its last row."""
    missing = -len(rows) % _CHUNK
    filled = np.concatenate([rows, np.repeat(rows[-1:], missing, axis=0)])
    return np.split(filled, len(filled) // _CHUNK)


def random_points(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Densities in (0.01, 1) and relative importances in (0.1, 10)."""
    rng = np.random.default_rng([seed, 1])
    return rng.uniform(0.01, 1.0, count), 10 ** rng.uniform(-1.0, 1.0, count)


def run(config: Config) -> dict[str, Any]:
    """Counts, and the lowest energy found minus the exact one: extremes over the points."""
    from theory.two_features import ground_state

    began = time.perf_counter()
    p, r = random_points(config.points, config.seed)
    exact = np.array(
        [ground_state(*point).loss for point in zip(p.tolist(), r.tolist(), strict=True)]
    )
    difference = lowest_energies(p, r, config.starts, config.seed) - exact
    return {
        "points": config.points,
        "starts": config.starts,
        "seed": config.seed,
        "points_with_a_state_below": int(np.sum(difference < -_ROUNDING)),
        "points_with_the_ground_state": int(np.sum(np.abs(difference) <= 1e-10)),
        "most_below": float(np.min(difference)),
        "most_above": float(np.max(difference)),
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
    finish(lambda: start(parse(Config, "python -m benchmarks.no_state_below", None)))
