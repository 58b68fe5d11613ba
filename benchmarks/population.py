"""What the exact population loss costs: beside a step of AdamW, and against n, m, p and error.

    python -m benchmarks.population
    python -m benchmarks.population --device gpu

A value with its gradient at n = 100, m = 20, p = 0.05 and a relative error of at most 1e-7,
measured against the loss at `rtol` 1e-12, in units of a PyTorch AdamW step of batch 1024 at the
same size; then the cost along one axis after the other with fitted exponents, and a figure.
Everything in this process, the fastest of some turns. Needs the extra `bench`.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from benchmarks._adamw import AdamW, need_torch
from benchmarks._numbers import can_write, write
from benchmarks.phase_map import load, machine
from simulations._entry import finish, set_up_jax
from simulations._options import check, check_batch, parse

TARGET, AIM = 5.0, 1.0
ERROR = 1e-7
_RTOLS = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6, 3e-7, 1e-7)
_SIZE = (100, 20, 0.05)
_FEATURES = {"cpu": (25, 50, 100, 200, 400), "gpu": (64, 256, 1024, 4096)}
_DIMENSIONS = (5, 10, 20, 40, 80)
_DENSITIES = (1e-3, 1e-2, 0.05, 0.2, 1.0)
_ASKED = (1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10)
Network = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Config:
    """Cost of the exact population loss, beside a step of AdamW in PyTorch."""

    batch: int = 1024
    """Fresh examples in each step of AdamW."""

    descent: int = 150
    """Evaluations of L-BFGS from the random start to the network that is timed."""

    turns: int = 9
    """Turns of each measurement, of which the fastest counts."""

    networks: int = 4
    """Networks from as many random starts that must all meet the error."""

    seed: int = 0
    """Of all random numbers."""

    device: Literal["cpu", "gpu"] = "cpu"
    """Where to compute."""

    out: Path = Path("benchmarks/population.json")
    """Where to write the numbers; the figure goes beside it."""

    def __post_init__(self) -> None:
        most = {"batch": 10**6, "descent": 10**6, "turns": 1000, "networks": 1000}
        for name, largest in most.items():
            value = getattr(self, name)
            check(name, value, value >= 1, "at least 1")
            check(name, value, value <= largest, f"at most {largest}")
        check_batch(self.batch, _SIZE[0])
        check("seed", self.seed, 0 <= self.seed < 2**63, "in [0, 2**63)")


def network(n: int, m: int, density: float, config: Config, index: int = 0) -> Network:
    """On its way to a minimum: spread couplings, biases of the right size."""
    from simulations._networks import Size, minimised

    cells = {"density": np.array([density]), "index": np.array([index])}
    size = Size(n, m)
    ends = minimised(cells, size=size, seed=config.seed, evaluations=config.descent, rtol=1e-6)
    return ends["W"][0], ends["b"][0]


def random_network(n: int, m: int, seed: int) -> Network:
    """Unit columns in random directions, biases of -0.2: cheap at any size."""
    W = np.random.default_rng(seed).normal(size=(m, n))
    return W / np.linalg.norm(W, axis=0), np.full(n, -0.2)


def seconds(program: Any, state: Any, turns: int) -> tuple[float, float]:
    """To compile, and the fastest turn."""
    import time

    import jax

    spent = []
    for _ in range(turns + 1):
        began = time.perf_counter()
        jax.block_until_ready(program(state))
        spent.append(time.perf_counter() - began)
    return spent[0] - min(spent[1:]), min(spent[1:])


def measured(at: Network, density: float, rtol: float, turns: int) -> dict[str, Any]:
    """Time, nodes, and error against the loss at the least `rtol`."""
    import jax
    import jax.numpy as jnp

    import tms_physics as tp

    n = len(at[1])
    energy = tp.PopulationLoss(jnp.ones(n), density, rtol)
    state = jnp.asarray(at[0]), jnp.asarray(at[1])
    compiling, spent = seconds(jax.jit(jax.value_and_grad(lambda y: energy(y))), state, turns)
    settings = {"importance": 1.0, "density": density}
    value = tp.evaluate_population(*state, **settings, rtol=rtol)
    exact = tp.evaluate_population(*state, **settings, rtol=1e-12).loss
    return {
        "n": n, "m": at[0].shape[0], "density": density, "rtol": rtol,
        "nodes": int(value.nodes), "seconds": spent, "seconds_to_compile": compiling,
        "relative_error": abs(float(value.loss / exact) - 1),
        "estimated_error": float(value.error / exact),
    }  # fmt: skip


def relative_error(at: Network, density: float, rtol: float) -> float:
    import tms_physics as tp

    values = [
        float(tp.evaluate_population(*at, importance=1.0, density=density, rtol=each).loss)
        for each in (rtol, 1e-12)
    ]
    return abs(values[0] / values[1] - 1)


def headline(config: Config) -> dict[str, Any]:
    """The loosest `rtol` whose error is at most 1e-7 in all networks, beside a step of AdamW."""
    n, m, p = _SIZE
    every = [network(n, m, p, config, k) for k in range(config.networks)]
    for rtol in _RTOLS:
        errors = [relative_error(at, p, rtol) for at in every]
        if max(errors) <= ERROR:
            break
    device = "cpu" if config.device == "cpu" else "cuda"
    peer = AdamW(random_network(n, m, config.seed), p, batch=config.batch, device=device)
    threads, _ = peer.best_threads(os.cpu_count() or 1)
    ours, steps = [], []
    for _ in range(3):  # in turns, so that both meet the same machine
        ours.append(measured(every[0], p, rtol, config.turns))
        steps.append(peer.seconds_a_step(300, threads))
    best = min(ours, key=lambda each: each["seconds"])
    return best | {
        "relative_error_of_each_network": errors, "batch": config.batch,
        "adamw_seconds_a_step": min(steps), "adamw_threads": threads,
        "ratio": best["seconds"] / min(steps), "target": TARGET, "aim": AIM,
    }  # fmt: skip


def sweeps(config: Config) -> dict[str, list[dict[str, Any]]]:
    n, m, p = _SIZE
    at, turns = random_network(n, m, config.seed), max(3, config.turns // 3)
    features = _FEATURES[config.device]
    return {
        "n": [
            measured(random_network(k, max(2, k // 5), config.seed), p, ERROR, turns)
            for k in features
        ],
        "m": [
            measured(random_network(n, k, config.seed), p, ERROR, turns) for k in _DIMENSIONS
        ],
        "density": [measured(at, q, ERROR, turns) for q in _DENSITIES],
        "rtol": [measured(at, p, rtol, turns) for rtol in _ASKED],
    }  # fmt: skip


def exponents(axes: dict[str, list[dict[str, Any]]]) -> dict[str, float]:
    """Slopes of log seconds against log of each axis."""
    out = {}
    for name, rows in axes.items():
        x, y = (np.log([row[key] for row in rows]) for key in (name, "seconds"))
        out[name] = float(np.polyfit(x, y, 1)[0])
    return out


def draw(numbers: dict[str, Any], path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    titles = {
        "n": "number of features n", "m": "dimensions m", "density": "density p",
        "rtol": "relative tolerance",
    }  # fmt: skip
    figure, axes = plt.subplots(1, 4, figsize=(12, 3.2), sharey=True, layout="constrained")
    for axis, (name, rows) in zip(axes, numbers["sweeps"].items(), strict=True):
        axis.loglog([r[name] for r in rows], [1e3 * r["seconds"] for r in rows], "o-", color="k")
        axis.axhline(
            1e3 * numbers["headline"]["adamw_seconds_a_step"], ls="--", color="0.5",
            label="AdamW step, n = 100",
        )  # fmt: skip
        axis.set_xlabel(f"{titles[name]}  (slope {numbers['exponents'][name]:.2f})")
        if name in ("n", "m"):
            axis.set_xticks([r[name] for r in rows], [str(r[name]) for r in rows])
            axis.minorticks_off()
    axes[0].set_ylabel("value and gradient (ms)")
    axes[0].legend(fontsize=8)
    figure.savefig(path, dpi=150)
    plt.close(figure)


def start(config: Config) -> int:
    can_write(config.out)
    kind = set_up_jax(config.device)
    need_torch()
    before = load()
    axes = sweeps(config)
    numbers = {
        "device": kind, "headline": headline(config), "exponents": exponents(axes),
        "sweeps": axes, "load_before": before, "load_after": load(), "machine": machine(),
        "settings": {k: v for k, v in vars(config).items() if k != "out"},
    }  # fmt: skip
    write(numbers, config.out)
    draw(numbers, config.out.with_suffix(".png"))
    best = numbers["headline"]
    print(
        f"{1e3 * best['seconds']:.1f} ms for a value and gradient (n = {best['n']},"
        f" m = {best['m']},"
        f" p = {best['density']}, relative error {best['relative_error']:.0e}),"
        f" {1e3 * best['adamw_seconds_a_step']:.2f} ms for a step of AdamW:"
        f" ratio {best['ratio']:.1f}, target {TARGET:.0f}, aim {AIM:.0f}."
    )
    print("Exponents: " + ", ".join(f"{k} {v:.2f}" for k, v in numbers["exponents"].items()))
    print(f"Wrote {config.out} and {config.out.with_suffix('.png')}.")
    return 0


if __name__ == "__main__":
    finish(lambda: start(parse(Config, "python -m benchmarks.population", None)))
