"""Seconds per converged network: gradient flow of the exact loss against AdamW in PyTorch.

    python -m benchmarks.phase_map

Trains the same two-feature models from the same starts, over the whole default range of the phase
diagram: ours with the program of `simulations.phase_boundary`, in its chunks; PyTorch's all in
one tensor, by a compiled step. Both in this process, in turns, on all cores; compiling is timed
apart and the fastest turn of each counts. Both are judged by the exact loss.

A row is a network (w₁, w₂, b₁, b₂). Needs the extra `bench`.
"""

import importlib.util
import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simulations._entry import finish, set_up_jax
from simulations._options import UsageError, check, parse

if TYPE_CHECKING:
    import torch

    from simulations._sweep import Stage

Arrays = dict[str, np.ndarray]
TARGET = 20.0
_QUIET = 0.25  # load per core, before the start, above which the numbers are not to be trusted
_SAME = 1e-9  # losses that agree so well, relatively, are of one state
_BUFFERED_STEPS = 16  # steps whose random numbers are drawn together
_REFERENCE_STARTS = 64


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
        for name in ("grid", "starts", "torch_starts", "torch_steps", "batch", "repeats"):
            check(name, getattr(self, name), getattr(self, name) >= 1, "at least 1")
        check("seed", self.seed, 0 <= self.seed < 2**63, "in [0, 2**63)")
        fits = self.torch_starts <= self.starts
        check("torch_starts", self.torch_starts, fits, f"at most starts = {self.starts}")


@dataclass(frozen=True)
class Timing:
    """Seconds of one side: to compile, and of each turn."""

    compile: float
    turns: list[float]


class TorchTraining:
    """AdamW on samples for many models at once, float32: one tensor, one compiled step.

    The gradient is written out, which is faster than autograd. One uniform number serves a
    feature, as in `tms_physics.SparseUniform`. PyTorch draws them on a single core, which would
    take most of the time, so several threads draw, each with its own generator.
    """

    def __init__(self, cells: Arrays, start: np.ndarray, batch: int, seed: int) -> None:
        import torch

        count, threads = len(start), torch.get_num_threads()
        self._torch = torch
        self._density = torch.tensor(cells["density"], dtype=torch.float32)[:, None]
        importance = torch.tensor(cells["relative_importance"], dtype=torch.float32)[:, None]
        self._weights = torch.ones_like(importance) * 2 / batch, importance * 2 / batch
        self._start = torch.tensor(start, dtype=torch.float32)
        self._uniform = torch.empty(_BUFFERED_STEPS, 2, count, batch)
        self._parts = self._uniform.view(-1).chunk(threads)
        self._generators = [torch.Generator().manual_seed(seed + i) for i in range(threads)]
        self._gradient = torch.compile(self.gradient) if _has_compiler() else self.gradient

    @property
    def compiled(self) -> bool:
        return self._gradient != self.gradient

    def gradient(self, y: "torch.Tensor", uniform: "torch.Tensor") -> "torch.Tensor":
        """Of mean Σ_i I_i (x_i - ReLU(w_i h + b_i))², h = w·x, for each row of y (models, 4)."""
        torch = self._torch
        w1, w2, b1, b2 = y.split(1, dim=1)
        x1, x2 = (torch.where(u < self._density, u / self._density, 0.0) for u in uniform)
        h = w1 * x1 + w2 * x2
        z1, z2 = w1 * h + b1, w2 * h + b2
        g1 = torch.where(z1 > 0, self._weights[0] * (z1 - x1), 0.0)
        g2 = torch.where(z2 > 0, self._weights[1] * (z2 - x2), 0.0)
        back = w1 * g1 + w2 * g2
        parts = (g1 * h + back * x1, g2 * h + back * x2, g1, g2)
        return torch.stack([part.sum(dim=1) for part in parts], dim=1)

    def __call__(self, steps: int) -> np.ndarray:
        """Trains from the start for some steps; returns the rows."""
        from concurrent.futures import ThreadPoolExecutor

        torch = self._torch
        y = self._start.clone().requires_grad_()
        optimiser = torch.optim.AdamW([y], lr=1e-3, weight_decay=1e-2, fused=True)
        with ThreadPoolExecutor(len(self._parts)) as pool, torch.no_grad():
            for step in range(steps):
                at = step % _BUFFERED_STEPS
                if at == 0:
                    list(pool.map(_fill, self._parts, self._generators))
                y.grad = self._gradient(y, self._uniform[at])
                optimiser.step()
        return y.detach().numpy().astype(np.float64)


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


def ground_losses(config: Config) -> np.ndarray:
    """The exact loss of the ground state of each cell, found as `simulations.phase_boundary` does:
    from random starts, from beside the dedicated states, and from the neighbours' minima."""
    from simulations import _phase_map as phase_map
    from simulations._sweep import Stage
    from simulations._two_features import descend
    from simulations.phase_boundary import DESCENT_ROWS
    from simulations.phase_boundary import Config as Diagram

    cells = phase_map.canonical_cells(*Diagram().axes(config.grid))
    rows = phase_map.random_rows(cells, _REFERENCE_STARTS, config.seed + 2)
    found = phase_map.minima_by_cell(
        cells, _REFERENCE_STARTS, solved(Stage("minima", rows, descend, DESCENT_ROWS))
    )
    rows, of_cell = phase_map.continued_rows(cells, found, cells)
    continued = solved(Stage("map", rows, descend, DESCENT_ROWS))
    references, _ = phase_map.merge(cells, found, cells, of_cell, continued)
    return phase_map.on_grid(cells, phase_map.lowest(references))["loss"].ravel()


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
    """Both sides in turns, then their verdicts."""
    from simulations import _two_features as two
    from simulations._sweep import Stage, solve_chunk
    from simulations.phase_boundary import FLOW_ROWS

    cells = networks(config)
    stage = Stage("networks", cells, lambda rows: two.flow(rows, seed=config.seed), FLOW_ROWS)
    flow_compile, _ = seconds(lambda: solve_chunk(stage, 0))
    flow_warm, _ = seconds(lambda: solve_chunk(stage, 0))

    few = config.grid**2 * config.torch_starts
    torch_cells = {name: values[:few] for name, values in cells.items()}
    starts = np.asarray(two.starts(config.seed, np.arange(few)))
    training = TorchTraining(torch_cells, starts, config.batch, config.seed)
    torch_compile, _ = seconds(lambda: training(2))

    flow_turns, torch_turns = [], []
    for _ in range(config.repeats):
        spent, ends = seconds(lambda: solved(stage))
        flow_turns.append(spent)
        spent, trained = seconds(lambda: training(config.torch_steps))
        torch_turns.append(spent)

    ground = ground_losses(config)
    converged = int(np.sum(ends["result"] == two.MINIMUM))
    flow = _side(Timing(flow_compile - flow_warm, flow_turns), stage.size, converged)
    adamw = _side(Timing(torch_compile, torch_turns), few, int(np.isfinite(trained).all(1).sum()))
    rate = "seconds_per_converged_network"
    return {
        "ratio": adamw[rate] / flow[rate],
        "target": TARGET,
        "gradient_flow": flow | judged(cells, ends["state"], ground),
        "adamw_torch": adamw
        | {"compiled_step": training.compiled}
        | judged(torch_cells, trained, ground),
    }


def _side(timing: Timing, count: int, converged: int) -> dict[str, Any]:
    return {
        "networks": count,
        "converged": converged,
        "seconds_to_compile": timing.compile,
        "seconds_of_each_turn": timing.turns,
        "seconds_per_converged_network": min(timing.turns) / max(converged, 1),
    }


def machine() -> dict[str, Any]:
    """What the numbers were taken on; nothing that names it."""
    import torch

    names = ("tms-physics", "jax", "jaxlib", "numpy", "torch")
    return {
        "cores": os.cpu_count(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        **{name: metadata.version(name) for name in names},
        "torch_threads": torch.get_num_threads(),
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
    flow, adamw = numbers["gradient_flow"], numbers["adamw_torch"]
    lines = [f"{'':36} {'gradient flow':>14} {'AdamW (torch)':>14}"]
    for text, name, form in _ROWS:
        lines.append(f"{text:36} {flow[name]:>14{form}} {adamw[name]:>14{form}}")
    lines.append(f"{numbers['ratio']:.0f} times faster; the target is {numbers['target']:.0f}")
    busy = numbers["load_before"]
    if busy is not None and busy > _QUIET * (os.cpu_count() or 1):
        lines.append(f"Not a quiet machine: load {busy:.1f} before the start; measure again.")
    return "\n".join(lines)


def start(config: Config) -> int:
    if importlib.util.find_spec("torch") is None:
        raise UsageError('This benchmark needs PyTorch: pip install -e ".[bench]"')
    set_up_jax("cpu")
    before = load()
    numbers = measure(config) | {"load_before": before, "load_after": load()}
    settings = {k: v for k, v in vars(config).items() if k != "out"}
    text = json.dumps(numbers | {"settings": settings, "machine": machine()}, indent=2)
    config.out.parent.mkdir(parents=True, exist_ok=True)
    config.out.write_text(text + "\n", encoding="utf-8")
    print(table(numbers))
    print(f"Wrote {config.out}.")
    return 0


if __name__ == "__main__":
    finish(lambda: start(parse(Config, "python -m benchmarks.phase_map", None)))
