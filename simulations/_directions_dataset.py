"""Stages and labelled dataset of the study of directions."""

import functools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from scipy.optimize import minimize

from theory import interference, mean_field, packing
from theory.linear_flow import feature_variance

from ._directions_networks import READ_OUTS, networks, orthogonal
from ._sweep import Stage

if TYPE_CHECKING:
    from .directions import Config

KINDS = ("minimised", "trained")
STORED = 0.1  # ‖W_i‖² from which a feature has a direction
_BETWEEN = 4  # steps of theory's curves from one density to the next
_EPSILONS = np.round(np.arange(0.1, 0.96, 0.01), 2)
_SHARPNESS = (8, 24, 64, 160)  # powers of cos² that stand for the largest
_ONE = {"units": "1"}


def stages(config: "Config") -> list[Stage]:
    """The two kinds of network; then a stage for each number of features up to m."""
    cells = {"density": np.repeat(config.axis(), config.starts)}
    more = [
        Stage(kind, cells, functools.partial(networks, config=config, kind=kind), 1)
        for kind in KINDS
    ]
    few = {"density": np.repeat(np.array(config.fewer_density, float), config.seeds)}
    return more + [
        Stage(f"orthogonal_{n}", few, functools.partial(orthogonal, n=n, config=config), 1)
        for n in config.fewer
    ]


def build(config: "Config", results: Sequence[Mapping[str, np.ndarray]]) -> xr.Dataset:
    """All measurements, cosines of directions in numbers, random directions, and theory."""
    count = len(KINDS)
    more = [
        {name: _grid(config, each[name]) for name in (*_MEASURED, "W", "b")}
        for each in results[:count]
    ]
    data: dict[str, Any] = {}
    for name, (dims, text) in _MEASURED.items():
        values = np.stack([each[name] for each in more])
        data[name] = ((*_CELL, *dims), values, {"long_name": text} | _ONE)
    W, b = (np.stack([each[name] for each in more]) for name in ("W", "b"))
    data["W"] = ((*_CELL, "hidden", "feature"), W, {"long_name": "weights"} | _ONE)
    data["b"] = ((*_CELL, "feature"), b, {"long_name": "biases"} | _ONE)
    dataset = xr.Dataset(data, _coordinates(config))
    dataset = dataset.merge(_recovery(dataset)).merge(_cosines(dataset))
    dataset = dataset.merge(_random(config)).merge(_fewer(config, results[count:]))
    return dataset.merge(_theory(config)).merge(_directions(config))


_CELL = ("network", "density", "start")
_PER_READ_OUT = (("read_out",), ("read_out", "feature"))
_MEASURED: dict[str, tuple[tuple[str, ...], str]] = {
    "outputs": (("feature",), "loss of each output, E(x_i - x'_i)²"),
    "loss": ((), "exact population loss"),
    "error": ((), "estimated error of the loss"),
    "result": ((), "0 where the network is finite"),
    "probe": (("feature",), "R² of the best linear probe"),
    "detection": (("feature",), "P(score of an active feature > that of an inactive one)"),
    "sparse_interference": (("feature",), "interference of ReLU and bias, first order in p"),
    "value_error": (_PER_READ_OUT[1], "error of the mean response"),
    "interference": (_PER_READ_OUT[1], "variance of the output at given x_i"),
    "sampled_loss": (_PER_READ_OUT[0], "loss on samples"),
    "sampled_loss_error": (_PER_READ_OUT[0], "its standard error"),
    "sampled_interference": (_PER_READ_OUT[0], "interference on samples"),
    "sampled_interference_error": (_PER_READ_OUT[0], "its standard error"),
    "sampled_probe": ((), "square error of the best linear probe on samples"),
    "sampled_probe_error": ((), "its standard error"),
    "sampled_detection": ((), "detection on samples, mean over features"),
    "sampled_detection_error": ((), "its standard error"),
    "fitted_probe": (("feature",), "R² of least squares on samples, judged on others"),
    "precision": (("feature",), "precision of detection at a recall of one half"),
}


def _grid(config: "Config", rows: np.ndarray) -> np.ndarray:
    return np.asarray(rows).reshape(config.densities, config.starts, *rows.shape[1:])


def _coordinates(config: "Config") -> dict[str, tuple]:
    return {
        "network": ("network", list(KINDS)),
        "density": ("density", config.axis(), {"long_name": "density p"} | _ONE),
        "read_out": ("read_out", list(READ_OUTS)),
    }


def _recovery(dataset: xr.Dataset) -> xr.Dataset:
    """R² of the network's own output, and the first order of detection."""
    variance = xr.DataArray(feature_variance(dataset["density"].values), dims="density")
    r2 = 1 - dataset["outputs"] / variance
    p = dataset["density"].values
    W = dataset["W"].values
    sparse = np.full(dataset["detection"].shape, np.nan)
    for at in np.ndindex(W.shape[:3]):
        if np.isfinite(W[at]).all():
            sparse[at] = interference.sparse_detection(W[at].T @ W[at], float(p[at[1]]))
    text = {"long_name": "detection, first order in p"} | _ONE
    return xr.Dataset(
        {
            "recovery": r2.assign_attrs({"long_name": "R² of the network's output"} | _ONE),
            "sparse_detection": ((*_CELL, "feature"), sparse, text),
        }
    )


_STATISTICS = {
    "stored": "features with ‖W_i‖² above 0.1",
    "mean_square": "mean of cos² over pairs of stored features",
    "least_mean_square": "Welch's bound on it",
    "largest": "largest cos",
    "smallest": "smallest cos",
    "positive": "share of Σcos² of pairs with cos > 0",
    "skewness": "mean of cos³ over (mean of cos²)^1.5",
}


def cosines(W: np.ndarray) -> np.ndarray:
    """cos θ_ij of the pairs i < j of stored features of W (m, n)."""
    norms = np.linalg.norm(W, axis=0)
    unit = W[:, norms**2 > STORED] / norms[norms**2 > STORED]
    return (unit.T @ unit)[np.triu_indices(unit.shape[1], 1)]


def statistics(W: np.ndarray) -> list[float]:
    """`_STATISTICS` of W (m, n); NaN but for the first with fewer than two stored features."""
    stored = int(np.sum(np.sum(W**2, axis=0) > STORED))
    c = cosines(W) if np.isfinite(W).all() else np.array([])
    if not c.size:
        return [stored, *[np.nan] * (len(_STATISTICS) - 1)]
    square = float(np.mean(c**2))
    bound = packing.least_mean_square(stored, len(W))
    positive = float(np.mean(np.maximum(c, 0) ** 2)) / square
    skewness = float(np.mean(c**3)) / square**1.5
    return [stored, square, bound, c.max(), c.min(), positive, skewness]


def _cosines(dataset: xr.Dataset) -> xr.Dataset:
    """Cosines in numbers; what holds of all directions together, and of couplings and biases."""
    W, b = dataset["W"].values, dataset["b"].values
    values = np.array([[[statistics(one) for one in at] for at in each] for each in W])
    found = {
        f"cosine_{name}": (_CELL, values[..., k], {"long_name": text} | _ONE)
        for k, (name, text) in enumerate(_STATISTICS.items())
    }
    both = np.array([common(W[at], b[at]) for at in np.ndindex(W.shape[:3])])
    for k, (name, text) in enumerate(_COMMON.items()):
        found[name] = (_CELL, both[:, k].reshape(W.shape[:3]), {"long_name": text} | _ONE)
    return xr.Dataset(found)


_COMMON = {
    "mean_direction": "share of (1, ..., 1)/√n in the row space of W: 0 where ΣW_i = 0",
    "sum_of_directions": "‖Σ_i W_i‖² over n Σ_i ‖W_i‖²",
    "coupling_over_threshold": "largest G_ij, i ≠ j, over -b_i of features with b_i < 0",
}


def common(W: np.ndarray, b: np.ndarray) -> list[float]:
    """`_COMMON` of W (m, n) and b (n,); the last NaN without negative biases of stored features."""
    if not np.isfinite(W).all():
        return [np.nan] * len(_COMMON)
    n = W.shape[1]
    rows = np.linalg.svd(W, full_matrices=False)[2][: np.linalg.matrix_rank(W)]
    G = W.T @ W
    able = (b < 0) & (np.diagonal(G) > STORED)
    largest = np.max(G - np.diag(np.full(n, np.inf)), axis=1)
    ratio = np.max(largest[able] / -b[able]) if able.any() else np.nan
    return [float(np.sum(rows.sum(1) ** 2) / n), float(G.sum() / (n * np.trace(G))), float(ratio)]


def _random(config: "Config") -> xr.Dataset:
    """The same of n random directions, many times."""
    rng = np.random.default_rng(config.seed)
    size = (config.dimensions, config.features)
    values = np.array([statistics(_units(rng.normal(size=size))) for _ in range(config.random)])
    return xr.Dataset(
        {
            f"random_{name}": ("draw", values[:, k], {"long_name": f"{text}, random"} | _ONE)
            for k, (name, text) in enumerate(_STATISTICS.items())
        }
    )


def _units(columns: np.ndarray) -> np.ndarray:
    return columns / np.linalg.norm(columns, axis=0)


def _fewer(config: "Config", results: Sequence[Mapping[str, np.ndarray]]) -> xr.Dataset:
    cell = ("count", "fewer_density", "seed")
    shape = (len(config.fewer_density), config.seeds)
    texts = {
        "overlap": (("stage",), "largest |W_i·W_j|, i ≠ j"),
        "norm_error": (("stage",), "largest |‖W_i‖ - 1|"),
        "loss": (("stage",), "exact population loss"),
        "error": (("stage",), "its estimated error"),
        "moved": ((), "largest change of an entry of WᵀW in the polish"),
        "bias": ((), "largest bias after the polish"),
        "result": ((), "0 where the network is finite"),
    }
    data = {
        f"fewer_{name}": (
            (*cell, *dims),
            np.stack([np.reshape(r[name], (*shape, *r[name].shape[1:])) for r in results]),
            {"long_name": text} | _ONE,
        )
        for name, (dims, text) in texts.items()
    }
    coords = {
        "count": ("count", list(config.fewer), {"long_name": "number of features n"} | _ONE),
        "fewer_density": ("fewer_density", np.array(config.fewer_density, float)),
        "stage": ("stage", ["exact", "polished"]),
    }
    return xr.Dataset(data, coords)


def _theory(config: "Config") -> xr.Dataset:
    """Mean field over a finer density axis: detection, and the share that ReLU and bias filter."""
    ratio = config.dimensions / config.features
    fine = np.geomspace(*config.density, _BETWEEN * (config.densities - 1) + 1)
    shares = []
    for p in map(float, fine):
        state = mean_field.loss(ratio, p)
        _, rest = mean_field.parts(state.a, state.bias, ratio, p)
        shares.append(1 - rest / float(state.a * mean_field.noise(ratio, p)) ** 2)
    text = {"long_name": "detection in the mean field"} | _ONE
    found = {"long_name": "share of the interference filtered, mean field"} | _ONE
    return xr.Dataset(
        {
            "mean_field_detection": ("curve_density", mean_field.detection(ratio, fine), text),
            "mean_field_filtered": ("curve_density", np.array(shares), found),
        },
        {"curve_density": ("curve_density", fine, {"long_name": "density p"} | _ONE)},
    )


def _directions(config: "Config") -> xr.Dataset:
    """How many directions fit within ε, and the lowest coherence that a descent finds for n."""
    m, n = config.dimensions, config.features
    values = {
        "welch_count": (packing.welch_count, "no more by Welch's bound"),
        "most_directions": (packing.most_directions, "no more by bounds of all orders"),
        "almost_orthogonal_count": (packing.almost_orthogonal_count, "so many exist"),
    }
    data: dict[str, Any] = {
        name: ("epsilon", count(m, _EPSILONS), {"long_name": f"directions within ε: {text}"} | _ONE)
        for name, (count, text) in values.items()
    }
    for name, value, text in (
        ("welch_coherence", packing.welch_coherence(n, m), "Welch's bound"),
        ("coherence_bound", packing.coherence_bound(n, m), "bound by means of all orders"),
        ("packed_coherence", packed_coherence(n, m, config.seed), "found by descent"),
    ):
        data[name] = ((), value, {"long_name": f"least largest |cos| of n: {text}"} | _ONE)
    coordinate = ("epsilon", _EPSILONS, {"long_name": "largest |cos|, ε"} | _ONE)
    return xr.Dataset(data, {"epsilon": coordinate})


def packed_coherence(n: int, m: int, seed: int) -> float:
    """max abs(cos θ_ij) of n directions after L-BFGS on ln Σ cos^2k, k rising; one random start."""
    rng = np.random.default_rng(seed)
    upper = np.triu_indices(n, 1)

    def at(y: np.ndarray, k: int) -> tuple[float, np.ndarray]:
        x = y.reshape(n, m)
        norms = np.linalg.norm(x, axis=1, keepdims=True)
        unit = x / norms
        c = unit @ unit.T
        np.fill_diagonal(c, 0.0)
        size = np.max(np.abs(c))
        power = (c / size) ** (2 * k - 1)
        total = np.sum(power * c) / size
        slope = 4 * k * (power / size) @ unit / total
        slope = (slope - np.sum(slope * unit, axis=1, keepdims=True) * unit) / norms
        return float(np.log(total) + 2 * k * np.log(size)) / k, slope.ravel() / k

    y = rng.normal(size=n * m)
    for k in _SHARPNESS:
        y = minimize(at, y, args=(k,), jac=True, method="L-BFGS-B", options={"maxiter": 150}).x
    unit = y.reshape(n, m) / np.linalg.norm(y.reshape(n, m), axis=1, keepdims=True)
    return float(np.max(np.abs((unit @ unit.T)[upper])))
