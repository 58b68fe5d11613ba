"""Expected time to the best known minimum of Thomson's problem: this package beside SciPy.

    python -m benchmarks.thomson
    python -m benchmarks.thomson --device gpu

Seconds a start over the hit rate, at the sizes where random starts fail most: random starts and
starts with a symmetry here, against L-BFGS-B of SciPy with an analytic NumPy gradient, from random
starts, to the same tolerance. Sides take turns in this process; compiling is timed apart. CPU
seconds of the process are taken beside those of the clock: on a busy machine they are what counts,
and they charge us for every thread. Then starts a second against N.
"""

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # both sides wait for its threads otherwise

import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks._numbers import can_write, write
from benchmarks.phase_map import load
from simulations._entry import finish, set_up_jax
from simulations._options import check, parse
from theory._memory import check_memory

TARGET = {"cpu": 3.0, "gpu": 30.0}
TOLERANCE = 1e-8  # of the tangent gradient over the whole gradient, on every side
HIT = 1e-9  # relative difference to the best known energy
_PAIR = 20  # floating-point operations for a pair: 8 for r², 4 for force and energy, 8 to add up
_STATES = 3  # copies of all starts at a time
_GROWTH = {"cpu": (32, 64, 128, 256), "gpu": (32, 64, 128, 256, 512)}


@dataclass(frozen=True)
class Config:
    """Expected time to the best known minimum of Thomson's problem, beside SciPy."""

    sizes: tuple[int, ...] = (37, 46, 56, 58, 78)
    """Numbers of particles, in [8, 100]."""

    starts: int = 1024
    """Of ours, at each size."""

    peer_starts: int = 500
    """Of SciPy, at each size."""

    turns: int = 4
    """Parts that the starts of each side are cut into; the sides take turns."""

    seed: int = 0
    """Of all random numbers."""

    peak: float = 0.0
    """Float64 operations a second of the device, in 10⁹, to give the share used; 0: not known."""

    device: Literal["cpu", "gpu"] = "cpu"
    """Where to compute; SciPy computes on the CPU."""

    out: Path = Path("benchmarks/thomson.json")
    """Where to write the numbers."""

    def __post_init__(self) -> None:
        check("sizes", self.sizes, 1 <= len(self.sizes) <= 64, "1 to 64 numbers")
        for size in self.sizes:
            check("sizes", size, 8 <= size <= 100, "in [8, 100]")
        check("turns", self.turns, 1 <= self.turns <= 1000, "in [1, 1000]")
        for name in ("starts", "peer_starts"):
            value = getattr(self, name)
            check(name, value, value >= self.turns, f"at least turns = {self.turns}")
            check(name, value, value <= 10**7, "at most 10000000")
        widest = max(self.sizes)
        check_memory("starts", self.starts, lambda count: _STATES * 24 * widest * count)
        check("seed", self.seed, 0 <= self.seed < 2**63, "in [0, 2**63)")
        check("peak", self.peak, 0 <= self.peak <= 1e9, "in [0, 1e9]")


def slope(flat: np.ndarray, n: int) -> tuple[float, np.ndarray]:
    """Coulomb energy of y/‖y‖ and its gradient in y, with the fewest NumPy calls we know."""
    y = flat.reshape(3, n)
    norm = np.sqrt((y * y).sum(axis=0))
    x = y / norm
    squares = 2 - 2 * (x.T @ x)
    squares.flat[:: n + 1] = np.inf
    inverse = 1 / np.sqrt(squares)
    gradient = x @ (inverse * inverse * inverse)
    gradient -= x * (x * gradient).sum(axis=0)
    return 0.5 * inverse.sum(), (gradient / norm).ravel()


def scipy_ends(n: int, count: int, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """Energies where SciPy's descents end, and the evaluations spent.

    Its tolerance is on the largest entry: that of a gradient whose entries are all equal. The
    whole gradient presses outwards by Σ_j 1/(2 r_ij) on each particle, so its norm is E/√N.
    """
    from scipy.optimize import minimize

    energies, spent = [], 0
    for _ in range(count):
        x = rng.normal(size=(3, n))
        x /= np.linalg.norm(x, axis=0)
        scale = 0.5 * n**1.5  # E is n²/2 to leading order
        options = {"maxcor": 10, "maxiter": 5000, "maxfun": 5000, "ftol": 0.0}
        options["gtol"] = TOLERANCE * scale / np.sqrt(3 * n)
        end = minimize(slope, x.ravel(), (n,), jac=True, method="L-BFGS-B", options=options)
        energies.append(end.fun)
        spent += end.nfev
    return np.array(energies), spent


class Ours:
    """Random or symmetric starts of one size, drawn on and on."""

    def __init__(self, n: int, seed: int, symmetric: bool) -> None:
        import jax

        import tms_physics as tp
        from tms_physics.dynamics import particles
        from tms_physics.dynamics.queue import problem
        from tms_physics.dynamics.symmetric_starts import symmetric_draw

        self.at = problem(tp.RieszEnergy(1.0), tp.Sphere(3), n)
        draw = symmetric_draw if symmetric else particles.random_draw
        self.draw, self.first = draw(self.at, jax.random.key(seed)), 0

    def __call__(self, count: int) -> tuple[np.ndarray, int]:
        from tms_physics.dynamics.particles import NumberedStarts
        from tms_physics.dynamics.queue import descend_all

        first = self.first
        self.first += count
        supply = NumberedStarts(lambda index: self.draw(index + first), count)
        descend_all(self.at, supply, tolerance=TOLERANCE)
        ends = supply.ends()
        return ends.energy, int(ends.evaluations.sum())


Side = Callable[[int], tuple[np.ndarray, int]]


def timed(side: Side, count: int) -> dict[str, Any]:
    clock, cpu = time.perf_counter(), time.process_time()
    energies, evaluations = side(count)
    return {
        "energies": energies, "evaluations": evaluations,
        "seconds": time.perf_counter() - clock, "cpu_seconds": time.process_time() - cpu,
    }  # fmt: skip


def summed(parts: list[dict[str, Any]], known: float) -> dict[str, Any]:
    """Seconds a start and to a hit, with the interval of the hit rate."""
    from tms_physics import wilson_interval

    energies = np.concatenate([part["energies"] for part in parts])
    count, hits = len(energies), int(np.sum(energies <= known * (1 + HIT)))
    total = {name: sum(part[name] for part in parts) for name in ("seconds", "cpu_seconds")}
    evaluations = sum(part["evaluations"] for part in parts)
    return {
        "starts": count, "hits": hits, "hit_rate": hits / count,
        "interval": wilson_interval(np.array(hits), count).tolist(),
        "evaluations_a_start": evaluations / count,
        "seconds_a_start": total["seconds"] / count,
        "cpu_seconds_a_start": total["cpu_seconds"] / count,
        "seconds_to_a_hit": total["seconds"] / hits if hits else np.inf,
        "cpu_seconds_to_a_hit": total["cpu_seconds"] / hits if hits else np.inf,
        "lowest_relative_difference": float(energies.min() / known - 1),
    }  # fmt: skip


def compared(n: int, config: Config) -> dict[str, Any]:
    """All sides at one size, in turns, each after a first part that is not counted."""
    from simulations._thomson_dataset import references

    known, rng = references(3, 1.0)[n]["energy"], np.random.default_rng([config.seed, n])
    sides: dict[str, tuple[Side, int]] = {
        "random": (Ours(n, config.seed, symmetric=False), config.starts),
        "symmetric": (Ours(n, config.seed, symmetric=True), config.starts),
        "scipy": (lambda count: scipy_ends(n, count, rng), config.peer_starts),
    }
    first = {name: timed(side, 2)["seconds"] for name, (side, _) in sides.items()}
    parts: dict[str, list[dict[str, Any]]] = {name: [] for name in sides}
    for _ in range(config.turns):
        for name, (side, total) in sides.items():
            parts[name].append(timed(side, total // config.turns))
    out: dict[str, Any] = {name: summed(each, known) for name, each in parts.items()}
    for name in ("random", "symmetric"):
        out[f"ratio_{name}"] = {
            key: out["scipy"][key] / out[name][key] for key in out["scipy"] if "seconds" in key
        }
    return {"n": n, "seconds_of_the_first_two_starts": first["random"]} | out


def growth(config: Config) -> list[dict[str, Any]]:
    """Starts a second against N, and operations a second in the pair sums alone."""
    from tms_physics.dynamics.queue import lanes_by_default

    rows = []
    for n in _GROWTH[config.device]:
        side, count = Ours(n, config.seed, symmetric=False), 2 * lanes_by_default()
        side(2)
        part = timed(side, count)
        rate = _PAIR * n**2 * part["evaluations"] / part["seconds"]
        share = rate / (1e9 * config.peak) if config.peak else None
        starts = count / part["seconds"]
        rows.append(
            {"n": n, "starts_a_second": starts, "operations_a_second": rate, "share_of_peak": share}
        )
    return rows


def start(config: Config) -> int:
    can_write(config.out)
    kind, before = set_up_jax(config.device), load()
    rows = [compared(n, config) for n in config.sizes]
    key = "cpu_seconds_to_a_hit" if config.device == "cpu" else "seconds_to_a_hit"
    numbers = {
        "device": kind, "architecture": platform.machine(), "target": TARGET[config.device],
        "judged_by": key, "sizes": rows, "growth": growth(config),
        "load_before": before, "load_after": load(),
        "settings": {k: v for k, v in vars(config).items() if k != "out"},
    }  # fmt: skip
    write(_finite(numbers), config.out)
    for row in rows:
        print(
            f"N = {row['n']}: {1e3 * row['random'][key]:.3g} ms to a hit from random starts, "
            f"{1e3 * row['symmetric'][key]:.3g} ms from symmetric ones, "
            f"{1e3 * row['scipy'][key]:.3g} ms with SciPy: ratios "
            f"{row['ratio_random'][key]:.1f} and {row['ratio_symmetric'][key]:.1f}, "
            f"target {TARGET[config.device]:g}."
        )
    print(f"Wrote {config.out}.")
    return 0


def _finite(value: Any) -> Any:
    """What is not finite becomes null, as JSON has no word for it."""
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


if __name__ == "__main__":
    finish(lambda: start(parse(Config, "python -m benchmarks.thomson", None)))
