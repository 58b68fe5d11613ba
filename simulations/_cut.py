"""A cut through the first-order line at fixed density: theory's branches, and hysteresis."""

import numpy as np

from theory import two_features as theory

from ._sweep import Stage
from ._two_features import DESCENT_ROWS, MINIMUM, Rows, descend

STEPS = 41
_NUDGE = np.array([0.0, -1e-3, 5e-4, 0.0])  # towards antipodal, so that an unstable state is left


def relative_importances(p: float) -> np.ndarray:
    """Steps of the hysteresis loop, increasing, past the metastable ends on both sides."""
    low = theory.antipodal_curve(p).relative_importance.min()
    high = float(theory.dedicated_stability_limit(p))
    return np.linspace(low - 0.35 * (high - low), high + 0.25 * (high - low), STEPS)


def branches(p: float) -> Rows:
    """Theory's stationary states on the cut: |w₂|, r and stability along the antipodal curve."""
    curve = theory.antipodal_curve(p)
    return {
        "relative_importance": curve.relative_importance,
        "weight": np.array([abs(state.weights[1]) for state in curve.states]),
        "stable": np.array([state.stable for state in curve.states]).astype(np.int8),
    }


def hysteresis_stage(p: float) -> Stage:
    """Follow the minimum as r goes up from dedicated, and down from strong antipodal."""
    return Stage("hysteresis", {"density": np.array([p])}, _loop, chunk_size=1)


def _loop(cells: Rows) -> Rows:
    """|w₂| and loss, up and down, at each r of the loop in increasing order."""
    p = float(cells["density"][0])
    r = relative_importances(p)
    state = np.array([[1.0, 0.0, 0.0, p / 2], [1.0, -0.9, 0.0, 0.0]])
    weight, loss = np.empty((2, STEPS)), np.empty((2, STEPS))
    result = MINIMUM
    for step in range(STEPS):
        at = np.array([step, STEPS - 1 - step])
        end = _settle(p, r[at], state + _NUDGE)
        state = end["state"]
        weight[[0, 1], at], loss[[0, 1], at] = np.abs(state[:, 1]), end["loss"]
        result = max(result, int(end["result"].max()))
    return {"weight": weight[None], "loss": loss[None], "result": np.array([result], np.int32)}


def _settle(p: float, r: np.ndarray, start: np.ndarray) -> Rows:
    """The minimum below each start; padded, so that no other program is compiled."""
    pad = np.arange(DESCENT_ROWS) % len(r)
    rows = {"density": np.full(len(pad), p), "relative_importance": r[pad], "start": start[pad]}
    return {name: values[: len(r)] for name, values in descend(rows).items()}
