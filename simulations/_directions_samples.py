"""A network on sampled inputs: what its exact numbers are checked against."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

_BLOCK = 2048


@dataclass(frozen=True)
class Sampled:
    """Means and, where they check an exact number, standard errors `..._error`.

    `sampled_loss`, `sampled_interference` of each read-out, summed over features; `sampled_probe`
    the summed square error of the best linear probe; `sampled_detection` the mean over features of
    P(score of an active feature > score of an inactive one); `fitted_probe` (n,) R² of least
    squares fitted on one half of the inputs and judged on the other; `precision` (n,) of "active"
    at the threshold that half of the active cases pass.
    """

    sampled_loss: np.ndarray
    sampled_loss_error: np.ndarray
    sampled_interference: np.ndarray
    sampled_interference_error: np.ndarray
    sampled_probe: np.ndarray
    sampled_probe_error: np.ndarray
    sampled_detection: np.ndarray
    sampled_detection_error: np.ndarray
    fitted_probe: np.ndarray
    precision: np.ndarray

    def rows(self) -> dict[str, Any]:
        return asdict(self)

    @staticmethod
    def nothing(n: int, read_outs: int) -> dict[str, Any]:
        """The same of a network that is not finite."""
        shapes = {"fitted_probe": n, "precision": n}
        wide = dict.fromkeys(
            (f"sampled_{name}{end}" for name in ("loss", "interference") for end in ("", "_error")),
            read_outs,
        )
        names = Sampled.__dataclass_fields__
        sizes = {name: (shapes | wide).get(name, ()) for name in names}
        return {name: np.full(size, np.nan) for name, size in sizes.items()}


def sampled(
    W: np.ndarray, biases: np.ndarray, p: float, samples: int, rng: np.random.Generator
) -> Sampled:
    """The read-outs are linear with biases[0], and ReLU with each other row of `biases`."""
    G, n = W.T @ W, W.shape[1]
    keep = np.eye(n) - np.linalg.pinv(W) @ W  # what the best probe misses
    means: dict[str, list[np.ndarray]] = {}
    moments = [_Moments.zero(W), _Moments.zero(W)]
    threshold, passed, false, done = None, np.zeros(n), np.zeros(n), 0
    while done < samples:
        count = min(_BLOCK, samples - done)
        x, y = _inputs(rng, count, n, p), _inputs(rng, count, n, p)
        own = np.diagonal(G)
        scores, others = x @ G, y @ G
        active = scores + (rng.random((count, n)) - x) * own
        inactive = others - y * own
        threshold = np.median(active, axis=0) if threshold is None else threshold
        passed, false = passed + (active > threshold).sum(0), false + (inactive > threshold).sum(0)
        same = others + (x - y) * own  # x_i as in `scores`, all others drawn again
        both = [(_read(k, scores + c), _read(k, same + c)) for k, c in enumerate(biases)]
        block = {
            "loss": np.stack([np.sum((x - r) ** 2, axis=1) for r, _ in both], axis=1),
            "interference": np.stack([np.sum((r - s) ** 2, axis=1) / 2 for r, s in both], axis=1),
            "probe": np.sum(((x - p / 2) @ keep) ** 2, axis=1),
            "detection": np.mean(np.where(own > 0, active > inactive, 0.5), axis=1),
        }
        for name, values in block.items():
            means.setdefault(name, []).append(values)
        for each, inputs in zip(moments, (x, y), strict=True):
            each.add(W, inputs)
        done += count
    found: dict[str, np.ndarray] = {}
    for name, blocks in means.items():
        values = np.concatenate(blocks)
        found[f"sampled_{name}"] = values.mean(0)
        found[f"sampled_{name}_error"] = values.std(0, ddof=1) / np.sqrt(len(values))
    hits, alarms = p * passed, (1 - p) * false
    return Sampled(
        **found,
        fitted_probe=_fitted(*moments),
        precision=hits / np.maximum(hits + alarms, 1e-300),
    )


def _inputs(rng: np.random.Generator, count: int, n: int, p: float) -> np.ndarray:
    u = rng.random((count, n))
    return np.where(u < p, u / p, 0.0)


def _read(read_out: int, z: np.ndarray) -> np.ndarray:
    return z if read_out == 0 else np.maximum(z, 0.0)


@dataclass
class _Moments:
    """Sums over inputs of H Hᵀ, H xᵀ and x², H = (1, h)."""

    hidden: np.ndarray
    cross: np.ndarray
    square: np.ndarray
    count: int

    @staticmethod
    def zero(W: np.ndarray) -> "_Moments":
        m, n = W.shape
        return _Moments(np.zeros((m + 1, m + 1)), np.zeros((m + 1, n)), np.zeros(n), 0)

    def add(self, W: np.ndarray, x: np.ndarray) -> None:
        hidden = np.concatenate([np.ones((len(x), 1)), x @ W.T], axis=1)
        self.hidden += hidden.T @ hidden
        self.cross += hidden.T @ x
        self.square += np.sum(x**2, axis=0)
        self.count += len(x)


def _fitted(fit: _Moments, judge: _Moments) -> np.ndarray:
    """R² on the inputs of `judge`; hidden dimensions without variance get the weight 0."""
    c = np.linalg.lstsq(fit.hidden, fit.cross, rcond=1e-10)[0]
    error = judge.square - 2 * np.sum(c * judge.cross, 0) + np.sum(c * (judge.hidden @ c), 0)
    total = judge.square - judge.cross[0] ** 2 / judge.count
    return 1 - error / np.where(total > 0, total, np.nan)
