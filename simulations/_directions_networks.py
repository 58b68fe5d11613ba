"""Networks for the study of directions, each with what theory says of it and what samples say.

A read-out is one of three with the same W: linear with its best bias, ReLU with bias 0, ReLU with
the bias of the network.
"""

import functools
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import minimize

import tms_physics as tp
from theory import interference
from theory.linear_access import probe_recovery

from ._directions_samples import Sampled, sampled
from ._networks import Rows, Size, minimised, trained

if TYPE_CHECKING:
    from .directions import Config

READ_OUTS = ("linear", "relu_without_bias", "relu_with_bias")
_RTOL = 1e-6  # of the loss while it is minimised; the end is judged to 1e-8
_INPUTS = 4096  # of which an orthogonal network makes no error
_ENOUGH = 0.3  # density of these, or that of the network where it is higher
_POLISH = {"maxcor": 20, "maxfun": 1000, "maxiter": 1000, "ftol": 0.0, "gtol": 1e-12}


def networks(cells: Rows, *, config: "Config", kind: str) -> Rows:
    """`kind` "minimised" or "trained", with all measurements of `measured`."""
    size = Size(config.features, config.dimensions)
    if kind == "minimised":
        solve = functools.partial(minimised, evaluations=config.evaluations, rtol=_RTOL)
    else:
        rates = {"batch": config.batch, "learning_rate": config.learning_rate}
        solve = functools.partial(trained, steps=config.steps, **rates)
    rows = solve(cells, size=size, seed=config.seed)
    names = ("W", "b", "outputs", "loss", "error", "result")
    measurements = []
    for k, (p, index) in enumerate(zip(cells["density"], cells["index"], strict=True)):
        row = {name: np.asarray(rows[name][k]) for name in names}
        rng = np.random.default_rng([config.seed, int(index), kind == "trained"])
        measurements.append(row | measured(row, float(p), config.samples, rng))
    return {name: np.stack([row[name] for row in measurements]) for name in measurements[0]}


def measured(row: Rows, p: float, samples: int, rng: np.random.Generator) -> Rows:
    """Exact: `probe` R² of the best linear probe, `detection`, and for each read-out `value_error`,
    `interference` (3, n). `sparse_interference` (n,) is theory's first order of the last one.
    Sampled: see `Sampled`. NaN for a network that is not finite.
    """
    W, b = row["W"], row["b"]
    n = len(b)
    if row["result"]:
        exact = {name: np.full(n, np.nan) for name in ("probe", "detection", "sparse_interference")}
        both = {name: np.full((len(READ_OUTS), n), np.nan) for name in _PARTS}
        return exact | both | Sampled.nothing(n, len(READ_OUTS))
    G = W.T @ W
    biases = np.stack([p / 2 * (1 - G.sum(1)), np.zeros(n), b])
    bare = tp.evaluate_population(W, biases[1], importance=1.0, density=p)
    linear = interference.linear_parts(G, p)
    value = np.stack([linear[0], *interference.value_error(G, biases[1:], p)])
    rest = [np.asarray(bare.outputs), row["outputs"]] - value[1:]
    checked = sampled(W, biases, p, samples, rng)
    return {
        "probe": probe_recovery(W, density=p),
        "detection": interference.detection(G, p),
        "sparse_interference": interference.sparse_interference(G, b, p),
        "value_error": value,
        "interference": np.stack([linear[1], *rest]),
    } | checked.rows()


_PARTS = ("value_error", "interference")


def orthogonal(cells: Rows, *, n: int, config: "Config") -> Rows:
    """n <= m features: minima of the exact loss, then polished.

    Loss 0 at one density is loss 0 at every density: x' = x for all x, so WᵀW = 1 and b = 0. Near
    it the exact loss is a difference of larger terms, and its error limits the minimum to about
    1e-4 in WᵀW; on inputs, of any density, the loss is a sum of squares that all vanish there, so
    that L-BFGS on few of them ends at rounding. `overlap`, `norm_error` (2,) before and after;
    `moved` is the largest change of an entry of WᵀW.
    """
    size = Size(n, config.dimensions)
    rows = minimised(cells, size=size, seed=config.seed, evaluations=config.evaluations, rtol=_RTOL)
    found = []
    for k, (p, index) in enumerate(zip(cells["density"], cells["index"], strict=True)):
        rng = np.random.default_rng([config.seed, int(index)])
        W, b = polished(rows["W"][k], rows["b"][k], max(float(p), _ENOUGH), rng)
        end = tp.evaluate_population(W, b, importance=1.0, density=float(p))
        grams = [each.T @ each for each in (rows["W"][k], W)]
        found.append(
            {
                "overlap": [np.max(np.abs(each - np.diag(np.diagonal(each)))) for each in grams],
                "norm_error": [np.max(np.abs(np.sqrt(np.diagonal(each)) - 1)) for each in grams],
                "moved": np.max(np.abs(grams[1] - grams[0])),
                "bias": np.max(np.abs(b)),
                "loss": [rows["loss"][k], float(end.loss)],
                "error": [rows["error"][k], float(end.error)],
                "result": rows["result"][k],
            }
        )
    return {name: np.stack([np.asarray(row[name]) for row in found]) for name in found[0]}


def polished(
    W: np.ndarray, b: np.ndarray, density: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """L-BFGS in float64 on the mean loss of a fixed set of inputs of this density."""
    m, n = W.shape
    active = rng.random((_INPUTS, n)) < density
    x = np.where(active, rng.random((_INPUTS, n)), 0.0)
    scale = 2 / (_INPUTS * n * density / 3)

    def at(y: np.ndarray) -> tuple[float, np.ndarray]:
        V, c = y[: m * n].reshape(m, n), y[m * n :]
        hidden = x @ V.T
        z = hidden @ V + c
        error = np.maximum(z, 0.0) - x
        back = scale * np.where(z > 0, error, 0.0)
        slope = hidden.T @ back + V @ (back.T @ x)
        return scale / 2 * float(np.sum(error**2)), np.concatenate([slope.ravel(), back.sum(0)])

    end = minimize(at, np.concatenate([W.ravel(), b]), jac=True, method="L-BFGS-B", options=_POLISH)
    return end.x[: m * n].reshape(m, n), end.x[m * n :]
