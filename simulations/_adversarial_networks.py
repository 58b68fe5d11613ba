"""Networks of equal features, trained and minimised, and what attacks do to them.

A cell is a `density`; its `index` chooses the start, the samples of training and the inputs that
are attacked, the same ones for the trained and for the minimised network.
"""

import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np

import tms_physics as tp
from theory.adversarial import mean_input_norm, one_output_vulnerability, sensitivity

from ._networks import Rows, Size, loss_and_slope, minimised, trained

if TYPE_CHECKING:
    from .adversarial import Config

_AT_ONCE = 64  # inputs attacked side by side
_JUDGED = 4  # attacks on all inputs whose loss is exact, of those most harmful on the samples
_PART = 0.2  # of the shift, to either side, over which the slope of the loss is taken


def solve(cells: Rows, *, config: "Config") -> Rows:
    """For each cell a trained network, the minimum below it, and their vulnerabilities (kind, ...).

    The fields of `attacked` beside W, b, loss, error; `result` is 1 where a network is not finite.
    """
    size, seed = Size(config.n, config.m), config.seed
    options = {"steps": config.steps, "batch": config.batch, "learning_rate": config.learning_rate}
    first = trained(cells, size=size, seed=seed, **options)
    start = cells | {name: first[name] for name in ("W", "b")}
    second = minimised(
        start, size=size, seed=seed, evaluations=config.evaluations, rtol=config.rtol
    )
    rows = [
        _cell(k, (first, second), float(cells["density"][k]), int(index), config)
        for k, index in enumerate(cells["index"])
    ]
    both = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    return both | {
        "converged": second["converged"],
        "result": np.maximum(first["result"], second["result"]),
    }


def _cell(k: int, kinds: tuple[Rows, ...], p: float, index: int, config: "Config") -> Rows:
    x = inputs(p, index, config)
    radius = config.attack * mean_input_norm(config.n, p)
    rows = []
    for kind in kinds:
        network = {name: kind[name][k] for name in ("W", "b", "loss", "error")}
        rows.append(
            network
            | attacked(network["W"], network["b"], x, radius=radius, density=p, rtol=config.rtol)
        )
    return {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}


def inputs(p: float, index: int, config: "Config") -> np.ndarray:
    """Samples (inputs, n) of a cell."""
    key = jax.random.fold_in(jax.random.key(config.seed + 2), index)
    keys = jax.random.split(key, config.inputs)
    return np.asarray(_sampler(config.n)(jnp.asarray(p), keys))


@functools.cache
def _sampler(n: int) -> Callable[..., jax.Array]:
    def draw(p: jax.Array, keys: jax.Array) -> jax.Array:
        features = tp.SparseUniform(p, n)
        return jax.vmap(lambda key: features.sample(key=key))(keys)

    return jax.jit(draw)


@functools.cache
def _changes() -> Callable[..., Any]:
    """What attacks on each input add: on features, the worst, and on features with half of ε."""

    def changes(W: jax.Array, b: jax.Array, x: jax.Array, radius: jax.Array) -> Any:
        def one(each: jax.Array) -> Any:
            feature = tp.feature_attack(W, b, each, radius=radius)
            worst = tp.worst_attack(W, b, each, radius=radius)
            half = tp.feature_attack(W, b, each, radius=radius / 2)
            return jnp.stack([feature.change, worst.change, half.change]), feature.perturbation

        return jax.lax.map(one, x, batch_size=_AT_ONCE)

    return jax.jit(changes)


def attacked(
    W: np.ndarray, b: np.ndarray, x: np.ndarray, *, radius: float, density: float, rtol: float
) -> Rows:
    """Vulnerabilities (L' - L)/ε² of a network, by attack: ("all inputs", "feature", "worst").

    - `vulnerability`, `standard_error` (3,): "all inputs" is exact, the others are sample means.
    - `halved`: that of "feature" with ε/2.
    - `answering`: c of `theory.adversarial` along the first attack; `open_share`: P(z_i > 0), mean
      over features weighted with ‖W_i‖².
    - `one_output`: the greatest s² + 2 s |r|/ε of the open outputs, on the average of inputs.
    - `bound` of all: σ² + 2 σ E‖r‖/ε, with σ the largest singular value of A.
    - `first_order`: the share of 2 rᵀA δ in what "feature" adds.
    """
    if not (np.isfinite(W).all() and np.isfinite(b).all()):
        return {"vulnerability": np.full(3, np.nan), "standard_error": np.full(3, np.nan)} | (
            dict.fromkeys(_NUMBERS, np.nan) | {"radius": radius}
        )
    added, delta = (np.asarray(a) for a in _changes()(W, b, x, jnp.asarray(radius)))
    means, errors = added.mean(0) / radius**2, added.std(0) / radius**2 / np.sqrt(len(x))
    z = x @ (W.T @ W) + b
    together, answering = _all_inputs(W, b, z, x, radius, density, rtol)
    slope = 2 * np.sum(np.where(z > 0, z - x, 0.0) * (delta @ W.T @ W), axis=1)
    return {
        "vulnerability": np.array([together, *means[:2]]),
        "standard_error": np.array([0.0, *errors[:2]]),
        "halved": 4 * means[2],
        "answering": answering,
        "first_order": slope.mean() / (means[0] * radius**2),
    } | _estimates(W, z, x, radius)


_NUMBERS = (
    *("radius", "halved", "answering", "first_order"),
    *("open_share", "one_output", "bound"),
)


def _estimates(W: np.ndarray, z: np.ndarray, x: np.ndarray, radius: float) -> Rows:
    """What theory makes of the residuals and the open outputs of the samples."""
    residual = np.maximum(z, 0) - x
    single = one_output_vulnerability(sensitivity(W)[None], residual, radius)
    norms, sigma = np.sum(W**2, axis=0), float(np.linalg.norm(W, 2)) ** 2
    length = float(np.linalg.norm(residual, axis=1).mean())
    return {
        "radius": radius,
        "open_share": np.mean(z > 0, axis=0) @ norms / norms.sum(),
        "one_output": np.where(z > 0, single, 0.0).max(1).mean(),
        "bound": sigma**2 + 2 * sigma * length / radius,
    }


def _all_inputs(
    W: np.ndarray,
    b: np.ndarray,
    z: np.ndarray,
    x: np.ndarray,
    radius: float,
    density: float,
    rtol: float,
) -> tuple[float, float]:
    """Vulnerability to the most harmful ±ε A_i/‖A_i‖ on all inputs, exact, and c along it.

    It shifts the biases by A δ. The samples choose the four whose exact loss is computed; c is from
    ∂L/∂b at ±1/5 of the shift.
    """
    A, size = W.T @ W, Size(W.shape[1], W.shape[0])

    def at(shift: np.ndarray) -> tuple[float, np.ndarray]:
        return loss_and_slope(W, b + shift, size, density, rtol)

    shifts = radius * (A @ A) / np.maximum(np.linalg.norm(A, axis=1, keepdims=True), 1e-30)
    shifts = np.concatenate([shifts, -shifts])
    raised = [np.sum((np.maximum(z + shift, 0) - x) ** 2) for shift in shifts]
    best = shifts[np.argsort(raised)[-_JUDGED:]]
    losses = [at(shift)[0] for shift in best]
    shift = best[np.argmax(losses)]
    slopes = at(_PART * shift)[1] - at(-_PART * shift)[1]
    answering = slopes @ shift / (4 * _PART * (shift @ shift))
    return (max(losses) - at(np.zeros_like(b))[0]) / radius**2, answering
