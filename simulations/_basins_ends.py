"""What the end of a flow is called: the stationary states that theory knows, and the rest.

A state is the row (w₁, w₂, b₁, b₂), importances are (1, r) with r ≤ 1.
"""

from dataclasses import dataclass

import numpy as np

import tms_physics as tp
from theory import two_features as theory
from theory.two_features.states import State
from tms_physics.observables import phases

from ._two_features import Rows

ENDS = (
    "dedicated to 1",
    "dedicated to 2",
    "dedicated, half-stable (saddle)",
    "antipodal",
    "weak antipodal",
    "strong antipodal",
    "antipodal, |w₂| > |w₁|",
    "acute",
    "acute, both biases negative",
    "dead feature",
    "other saddle",
)
(
    DEDICATED_1,
    DEDICATED_2,
    HALF_STABLE,
    ANTIPODAL,
    WEAK,
    STRONG,
    REVERSED,
    ACUTE,
    DEEP_ACUTE,
    DEAD,
    SADDLE,
) = range(len(ENDS))
FAILED = -1
ACUTE_SIDE = (HALF_STABLE, ACUTE, DEEP_ACUTE)
ANTIPODAL_SIDE = (ANTIPODAL, WEAK, STRONG, REVERSED)

GROUND = 1e-9  # relative excess below which the loss is that of the ground state
_MATCH = 1e-6  # states that agree so well are one
_DIAGONAL = 1e-6


@dataclass(frozen=True)
class Known:
    """What theory knows of the stationary states at one density and relative importance.

    `states` (K, 4) have a positive first non-zero weight: w and -w are one network.
    """

    states: np.ndarray
    ends: np.ndarray
    """What each is called; a dedicated saddle by the name that it has as a minimum."""

    stable: np.ndarray
    half_stable: np.ndarray
    """Dedicated saddles that attract from the acute side: the exact flow can end there for good. At
    other saddles it ends only where their plateau is too flat for it."""

    ground_loss: float
    """The lowest of their losses."""


def known(p: float, r: float) -> Known:
    """Dedicated, antipodal and acute states, minima and saddles; dead ones are not among them."""
    own = np.array([r, 1 / r])  # as each of the two features sees the other
    limit = float(theory.dedicated_stability_limit(p))
    half = (own >= limit) & (own < float(theory.acute_onset(p)))
    antipodal, acute = theory.antipodal_states(p, r), theory.acute_states(p, r)
    dedicated = [[1.0, 0.0, 0.0, p / 2], [0.0, 1.0, p / 2, 0.0]]
    pairs = antipodal + acute
    names = antipodal_ends(antipodal) + [ACUTE if state.stable else SADDLE for state in acute]
    return Known(
        states=np.array(dedicated + [[*state.weights, *state.biases] for state in pairs]),
        ends=np.array([DEDICATED_1, DEDICATED_2, *names]),
        stable=np.array([*(own < limit), *(state.stable for state in pairs)]),
        half_stable=np.array([*half, *[False] * len(pairs)]),
        ground_loss=theory.ground_state(p, r).loss,
    )


def antipodal_ends(states: list[State]) -> list[int]:
    """What to call antipodal states.

    Weak and strong are the minima with |w₂| ≤ |w₁| where there are two; the one with the larger
    ratio |w₂/w₁| is strong.
    """
    ratios = [abs(state.weights[1] / state.weights[0]) for state in states]
    own = [k for k, state in enumerate(states) if state.stable and ratios[k] <= 1 + _DIAGONAL]
    strongest = max(own, key=lambda k: ratios[k], default=-1)

    def end(k: int) -> int:
        if not states[k].stable:
            return SADDLE
        if k not in own:
            return REVERSED
        return ANTIPODAL if len(own) == 1 else STRONG if k == strongest else WEAK

    return [end(k) for k in range(len(states))]


def sign_fixed(states: np.ndarray) -> np.ndarray:
    """w and -w are one network: make the first non-zero weight positive."""
    lead = np.where(states[:, :1] != 0, states[:, :1], states[:, 1:2])
    return states * np.where(lead < 0, [-1.0, -1.0, 1.0, 1.0], 1.0)


def classify(cells: Rows, flows: Rows) -> Rows:
    """For each flow its `end`, `distance` to theory's state and relative `excess` of the loss.

    `end` is an index into `ENDS` or `FAILED`. `distance` is NaN where theory has no such state: for
    dead ends and for acute ones with both biases negative. `unknown` tells other ends that are none
    of theory's states, or minima where theory has a saddle, or the reverse.
    """
    count = len(flows["result"])
    out = {
        "end": np.full(count, FAILED, np.int8),
        "distance": np.full(count, np.nan),
        "excess": np.full(count, np.nan),
        "unknown": np.zeros(count, bool),
    }
    places = np.stack([cells["density"], cells["relative_importance"]], axis=1)
    distinct, cell = np.unique(places, axis=0, return_inverse=True)
    for k, (p, r) in enumerate(distinct):
        at = np.flatnonzero((cell.ravel() == k) & (flows["result"] == 0))
        rows = {name: flows[name][at] for name in ("state", "phase", "saddle", "loss")}
        for name, values in _classify(known(float(p), float(r)), rows).items():
            out[name][at] = values
    return out


def _classify(theirs: Known, rows: Rows) -> Rows:
    """The same for flows of one cell that have an end."""
    states, phase = sign_fixed(rows["state"]), rows["phase"]
    apart = np.abs(states[:, None] - theirs.states).max(axis=2)
    nearest, distance = apart.argmin(axis=1), apart.min(axis=1)
    matched = distance <= _MATCH
    dead, acute = dead_output(states), phase == phases.ACUTE
    deep = acute & ~matched & np.all(states[:, 2:] < 0, axis=1)
    half_stable = matched & theirs.half_stable[nearest]
    end = np.select(
        [dead, rows["saddle"], deep, matched, acute],
        [DEAD, np.where(half_stable, HALF_STABLE, SADDLE), DEEP_ACUTE, theirs.ends[nearest], ACUTE],
        ANTIPODAL,
    )
    listed = ~dead & ~deep
    return {
        "end": end,
        "distance": np.where(listed & matched, distance, np.nan),
        "excess": rows["loss"] / theirs.ground_loss - 1,
        "unknown": listed & ~(matched & (theirs.stable[nearest] != rows["saddle"])),
    }


def dead_output(states: np.ndarray) -> np.ndarray:
    """Whether an output is never active, as in `tms_physics.network_invariant`."""
    w, b = states[:, :2], states[:, 2:]
    reach = b + np.maximum(w[:, :, None] * w[:, None, :], 0).sum(axis=2)
    return np.any(reach <= 0, axis=1)


def share(hits: int, of: int) -> list[float]:
    """A probability with the ends of its 95 % interval."""
    low, high = tp.wilson_interval(np.array(hits), of)
    return [hits / of if of else np.nan, float(low), float(high)]
