"""Seconds per converged network: gradient flow of the exact loss against AdamW in PyTorch.

    python -m benchmarks.phase_map

Trains the same two-feature models from the same starts, over the whole default range of the phase
diagram: ours with the program of `simulations.phase_boundary`, in its chunks; PyTorch's all in
one tensor by `torch.func.vmap` of `torch.func.grad`, once as it is and once tuned. All in this
process, in turns; PyTorch with as many threads as serve it best. Compiling is timed apart and the
fastest turn of each counts. The exact loss judges all.

A row is a network (w₁, w₂, b₁, b₂). Needs the extra `bench`.
"""

import importlib.util
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from benchmarks._numbers import can_write, write
from simulations._entry import finish, set_up_jax
from simulations._options import UsageError, check, parse
from theory._memory import check_memory

if TYPE_CHECKING:
    import torch

    from simulations._sweep import Stage

Arrays = dict[str, np.ndarray]
TARGET = 20.0
_QUIET = 0.25  # load per core, before the start, above which the numbers are not to be trusted
_SAME = 1e-9  # losses that agree so well, relatively, are of one state
_BUFFERED_STEPS = 16  # steps whose random numbers are drawn together
_REFERENCE_STARTS = 64
_NETWORK = 1000  # bytes of a network that the flow trains
_EXAMPLE = 8 * (_BUFFERED_STEPS + 6)  # of an example of two features, in single precision
_TRIAL_STEPS = 100  # to see how many threads are best


@dataclass(frozen=True)
class Config:
    """Gradient flow of the exact loss against AdamW in PyTorch, in seconds per network."""

    grid: int = 6
    """Cells along each axis of the default range of `simulations.phase_boundary`."""

    starts: int = 32
    """Networks in each cell that the flow trains."""

    torch_starts: int = 4
    """Networks in each cell that AdamW trains, all at once: the first of the flow's."""

    torch_steps: int = 10_000
    """Steps of AdamW."""

    batch: int = 1024
    """Fresh examples in each step of AdamW."""

    repeats: int = 3
    """Turns of each side, of which the fastest counts."""

    seed: int = 0
    """Of all random numbers."""

    out: Path = Path("benchmarks/phase_map.json")
    """Where to write the numbers."""

    def __post_init__(self) -> None:
        most = {"grid": 1000, "starts": 10**6, "torch_starts": 10**6, "torch_steps": 10**7}
        for name, largest in (most | {"batch": 10**6, "repeats": 1000}).items():
            value = getattr(self, name)
            check(name, value, value >= 1, "at least 1")
            check(name, value, value <= largest, f"at most {largest}")
        check("seed", self.seed, 0 <= self.seed < 2**63, "in [0, 2**63)")
        fits = self.torch_starts <= self.starts
        check("torch_starts", self.torch_starts, fits, f"at most starts = {self.starts}")
        cells = self.grid**2
        check_memory("starts", self.starts, lambda count: _NETWORK * cells * count)
        models = cells * self.torch_starts
        check_memory("batch", self.batch, lambda size: _EXAMPLE * models * size)


class TorchTraining:
    """AdamW on samples for many models at once: float32, all parameters in one tensor.

    One uniform number serves a feature, as in `tms_physics.SparseUniform`. `tuned`:
    `torch.compile` fuses the step, and several threads draw the numbers, each with its own
    generator, as PyTorch by itself draws on one core only, which then takes most of the time.
    """

    def __init__(self, cells: Arrays, start: np.ndarray, batch: int, seed: int, *, tuned: bool):
        import torch

        count, cores = len(start), torch.get_num_threads()
        self._torch = torch
        self._density = torch.tensor(cells["density"], dtype=torch.float32)[:, None]
        r = torch.tensor(cells["relative_importance"], dtype=torch.float32)
        self._importance = torch.stack([torch.ones_like(r), r], dim=1)
        self._start = torch.tensor(start, dtype=torch.float32)
        buffered, parts = (_BUFFERED_STEPS, cores) if tuned else (1, 1)
        self._uniform = torch.empty(buffered, 2, count, batch)
        self._parts = self._uniform.view(-1).chunk(parts)
        self._generators = [torch.Generator().manual_seed(seed + i) for i in range(parts)]
        self._choices = sorted({1, cores})
        self.compiled = tuned and _has_compiler()
        self._gradient = torch.compile(self.gradient) if self.compiled else self.gradient

    def gradient(self, y: "torch.Tensor", uniform: "torch.Tensor") -> "torch.Tensor":
        """Gradient of the batch's loss for each row of y (models, 4)."""
        torch = self._torch

        def loss(
            y: "torch.Tensor", x: "torch.Tensor", importance: "torch.Tensor"
        ) -> "torch.Tensor":
            w, b = y[:2, None], y[2:, None]
            error = x - torch.relu(w * (w * x).sum(0) + b)
            return (importance * (error * error).mean(1)).sum()

        x = torch.where(uniform < self._density, uniform / self._density, 0.0)
        each = torch.func.vmap(torch.func.grad(loss), in_dims=(0, 1, 0))
        return each(y, x, self._importance)

    def __call__(self, steps: int) -> np.ndarray:
        """Trains from the start for some steps; returns the rows."""
        torch = self._torch
        y = self._start.clone().requires_grad_()
        optimiser = torch.optim.AdamW([y], lr=1e-3, weight_decay=1e-2, fused=True)
        with ThreadPoolExecutor(len(self._parts)) as pool:
            for step in range(steps):
                at = step % len(self._uniform)
                if at == 0 and len(self._parts) == 1:
                    _fill(self._parts[0], self._generators[0])
                elif at == 0:
                    list(pool.map(_fill, self._parts, self._generators))
                y.grad = self._gradient(y.detach(), self._uniform[at])
                optimiser.step()
        return y.detach().numpy().astype(np.float64)

    def compile(self) -> None:
        """For every number of threads."""
        for threads in self._choices:
            self._torch.set_num_threads(threads)
            self(2)

    def choose_threads(self) -> int:
        """The number of threads that is fastest now: on a busy machine more can be slower."""

        def trial(threads: int) -> float:
            self._torch.set_num_threads(threads)
            return seconds(lambda: self(_TRIAL_STEPS))[0]

        best = min(self._choices, key=trial)
        self._torch.set_num_threads(best)
        return best


def _fill(part: "torch.Tensor", generator: "torch.Generator") -> None:
    part.uniform_(generator=generator)


def _has_compiler() -> bool:
    """Whether `torch.compile` finds the C++ compiler that it needs."""
    from torch._inductor.cpp_builder import get_cpp_compiler

    try:
        return bool(get_cpp_compiler())
    except Exception:  # torch says so in several ways
        return False


def seconds(work: Callable[[], Any]) -> tuple[float, Any]:
    """How long it took, and what it returned."""
    began = time.perf_counter()
    result = work()
    return time.perf_counter() - began, result


def solved(stage: "Stage") -> Arrays:
    """All rows of a stage, computed here and now, chunk by chunk."""
    from simulations._sweep import solve_chunk

    chunks = [solve_chunk(stage, k) for k in range(stage.chunks)]
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in chunks[0]}


def networks(config: Config) -> Arrays:
    """The cells of all networks, first starts first, so that every chunk spans the range."""
    from simulations.phase_boundary import Config as Diagram

    p, r = np.meshgrid(*Diagram().axes(config.grid), indexing="ij")
    return {
        "density": np.tile(p.ravel(), config.starts),
        "relative_importance": np.tile(r.ravel(), config.starts),
    }


def ground_losses(cells: Arrays, seed: int) -> np.ndarray:
    """The exact loss of the ground state of each cell: the least of the descents from random
    starts and from beside the dedicated states, where weak antipodal has its small basin."""
    from simulations._sweep import Stage
    from simulations._two_features import descend
    from simulations.phase_boundary import DESCENT_ROWS

    random = np.random.default_rng(seed)
    starts = []
    for p in cells["density"]:
        weights = random.normal(scale=np.sqrt(2 / 3), size=(_REFERENCE_STARTS, 2))  # Xavier
        beside = np.array([[1.0, w, 0.0, p / 2] for w in (-0.3, -0.1, -0.02, 0.1)])
        starts += [np.hstack([weights, np.zeros_like(weights)]), beside, beside[:, [1, 0, 3, 2]]]
    start = np.concatenate(starts)
    count = len(start) // len(cells["density"])
    rows = {name: np.repeat(values, count) for name, values in cells.items()} | {"start": start}
    ends = solved(Stage("minima", rows, descend, DESCENT_ROWS))
    return np.where(ends["minimum"], ends["loss"], np.inf).reshape(-1, count).min(axis=1)


def judged(cells: Arrays, states: np.ndarray, ground: np.ndarray) -> dict[str, float]:
    """Relative excess of the exact loss over the ground state, and over the minimum below."""
    import equinox as eqx
    import jax

    from simulations import _two_features as two
    from simulations._sweep import Stage
    from simulations.phase_boundary import DESCENT_ROWS

    loss = np.asarray(
        eqx.filter_vmap(lambda energy, y: energy(two.params(y)))(
            two.energies(cells), jax.numpy.asarray(states)
        )
    )
    below = solved(Stage("basin", cells | {"start": states}, two.descend, DESCENT_ROWS))["loss"]
    lowest = ground[np.arange(len(states)) % len(ground)]
    excess, own = loss / lowest - 1, loss / below - 1
    return {
        "share_in_basin_of_ground_state": float(np.mean(below / lowest - 1 < _SAME)),
        "median_relative_excess_over_ground_state": float(np.median(excess)),
        "mean_relative_excess_over_ground_state": float(np.mean(excess)),
        "median_relative_excess_over_own_minimum": float(np.median(own)),
        "largest_relative_excess_over_own_minimum": float(np.max(own)),
    }


def measure(config: Config) -> dict[str, Any]:
    """All sides in turns, then their verdicts."""
    from simulations import _two_features as two
    from simulations._sweep import Stage, solve_chunk
    from simulations.phase_boundary import FLOW_ROWS

    cells = networks(config)
    stage = Stage("networks", cells, lambda rows: two.flow(rows, seed=config.seed), FLOW_ROWS)
    first, _ = seconds(lambda: solve_chunk(stage, 0))
    second, _ = seconds(lambda: solve_chunk(stage, 0))
    few = config.grid**2 * config.torch_starts
    fewer_cells = {name: values[:few] for name, values in cells.items()}
    starts = np.asarray(two.starts(config.seed, np.arange(few)))
    trainings = {
        name: TorchTraining(fewer_cells, starts, config.batch, config.seed, tuned=tuned)
        for name, tuned in (("adamw_vmapped", False), ("adamw_tuned", True))
    }
    compiling = {name: seconds(training.compile)[0] for name, training in trainings.items()}

    turns: dict[str, list[float]] = {name: [] for name in ("gradient_flow", *trainings)}
    threads: dict[str, list[int]] = {name: [] for name in trainings}
    ends, trained = {}, {}
    for _ in range(config.repeats):
        spent, ends = seconds(lambda: solved(stage))
        turns["gradient_flow"].append(spent)
        for name, training in trainings.items():
            threads[name].append(training.choose_threads())
            spent, trained[name] = seconds(lambda training=training: training(config.torch_steps))
            turns[name].append(spent)

    ground = ground_losses(
        {name: values[: config.grid**2] for name, values in cells.items()}, config.seed + 2
    )
    sides = {
        "gradient_flow": _side(first - second, turns["gradient_flow"], ends["result"] == 0)
        | judged(cells, ends["state"], ground)
    }
    for name, states in trained.items():
        sides[name] = (
            _side(compiling[name], turns[name], np.isfinite(states).all(axis=1))
            | {"threads_of_each_turn": threads[name], "compiled_step": trainings[name].compiled}
            | judged(fewer_cells, states, ground)
        )
    rates = {name: side["seconds_per_converged_network"] for name, side in sides.items()}
    ratios = {name: rates[name] / rates["gradient_flow"] for name in trainings}
    return {"target_ratio": TARGET, "ratio_to": ratios, **sides}


def _side(compiling: float, turns: list[float], good: np.ndarray) -> dict[str, Any]:
    converged = int(good.sum())
    return {
        "networks": len(good),
        "converged": converged,
        "seconds_to_compile": compiling,
        "seconds_of_each_turn": turns,
        "seconds_per_converged_network": min(turns) / max(converged, 1),
    }


def machine() -> dict[str, Any]:
    """What the numbers were taken on; nothing that names it."""
    names = ("tms-physics", "jax", "jaxlib", "numpy", "torch")
    return {
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in names},
    }


def load() -> float | None:
    """Load average of the last minute; None on a system that has none."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


_ROWS = (
    ("networks", "networks", "d"),
    ("converged", "converged", "d"),
    ("seconds to compile", "seconds_to_compile", ".2f"),
    ("seconds per converged network", "seconds_per_converged_network", ".3g"),
    ("share in the ground state's basin", "share_in_basin_of_ground_state", ".1%"),
    ("excess over ground state, median", "median_relative_excess_over_ground_state", ".2g"),
    ("excess over ground state, mean", "mean_relative_excess_over_ground_state", ".2g"),
    ("excess over own minimum, median", "median_relative_excess_over_own_minimum", ".2g"),
    ("excess over own minimum, largest", "largest_relative_excess_over_own_minimum", ".2g"),
)


def table(numbers: dict[str, Any]) -> str:
    """A dozen lines for the terminal; excesses are relative."""
    sides = [numbers[name] for name in ("gradient_flow", "adamw_vmapped", "adamw_tuned")]
    lines = [f"{'':36} {'gradient flow':>14} {'AdamW, vmapped':>14} {'AdamW, tuned':>14}"]
    for text, name, form in _ROWS:
        lines.append(f"{text:36} " + " ".join(f"{side[name]:>14{form}}" for side in sides))
    ratios = numbers["ratio_to"]
    lines.append(
        f"Gradient flow is {ratios['adamw_vmapped']:.1f} times faster than vmapped AdamW, "
        f"{ratios['adamw_tuned']:.1f} than the tuned one; the target is {TARGET:.0f}."
    )
    busy = numbers["load_before"]
    if busy is not None and busy > _QUIET * (os.cpu_count() or 1):
        lines.append(f"Not a quiet machine: load {busy:.1f} before the start; measure again.")
    return "\n".join(lines)


def start(config: Config) -> int:
    can_write(config.out)
    if importlib.util.find_spec("torch") is None:
        raise UsageError('This benchmark needs PyTorch: pip install -e ".[bench]"')
    set_up_jax("cpu")
    before = load()
    numbers = measure(config) | {
        "load_before": before, "load_after": load(),
        "settings": {k: v for k, v in vars(config).items() if k != "out"}, "machine": machine(),
    }  # fmt: skip
    write(numbers, config.out)
    print(table(numbers))
    print(f"Wrote {config.out}.")
    return 0


if __name__ == "__main__":
    finish(lambda: start(parse(Config, "python -m benchmarks.phase_map", None)))
