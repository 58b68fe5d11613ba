"""Two features in one dimension, on grids of the density: lines, coexistence, loss profiles."""

import functools

import numpy as np

from theory import two_features as two
from theory.numeric import RootNotFound
from theory.two_features.profile import energy_profile

from ._sweep import Stage

Rows = dict[str, np.ndarray]
LINES = (
    *("ansatz", "dedicated_first_order", "weak_strong", "dedicated_stability"),
    *("strong_stability", "weak_low", "weak_high", "acute_low", "acute_high"),
)
KINDS = {
    "dedicated | antipodal": two.dedicated_coexistence,
    "weak | strong": two.weak_strong_coexistence,
    "exchange": two.exchange_coexistence,
}
TIE = ("relative_importance", "jump", "latent_loss", "barrier")
WELLS = (("dedicated | antipodal", 0.3, 0.1), ("weak | strong", 0.6, 0.01))  # line, p, share of r
SIDES = (-1, 0, 1)  # below, at and above the line
_LEAST, _KNEE, _LARGEST_WEIGHT = 0.01, 0.2, 0.86
_CHUNK = 8


@functools.cache
def points() -> dict[str, tuple[float, float]]:
    """Special points (p, r) of the diagram."""
    lower, upper = two.tricritical_points()
    return {
        "triple_point": two.triple_point(),
        "critical_end_point": two.critical_end_point(),
        "lower_tricritical_point": lower,
        "upper_tricritical_point": upper,
        "weak_cusp": two.weak_cusp(),
        "acute_tricritical_point": two.acute_tricritical_point(),
        "symmetry_breaking_point": (two.symmetry_breaking_density(), 1.0),
        "symmetric_stability_point": (two.symmetric_stability_density(), 1.0),
    }


def densities(count: int) -> np.ndarray:
    """Half of them evenly in the logarithm up to 1/5, half evenly above; and the special ones."""
    low = np.geomspace(_LEAST, _KNEE, count // 2)
    high = np.linspace(_KNEE, 1.0, count - count // 2 + 1)[1:]
    special = np.array([p for p, _ in points().values()])
    return np.unique(np.concatenate([low, high, special, np.nextafter(special, 0)]))


def lines_stage(count: int) -> Stage:
    """One cell a density: r of every line, and what jumps across each first-order line."""
    return Stage("lines", {"density": densities(count)}, _lines, _CHUNK)


def _lines(cells: Rows) -> Rows:
    p = cells["density"]
    weak, acute = two.weak_stability_limits(p), two.acute_stability_limits(p)
    values = (
        *(two.ansatz_boundary(p), two.dedicated_first_order_line(p)),
        *(two.weak_strong_first_order_line(p), two.dedicated_stability_limit(p)),
        *(two.strong_stability_limit(p), *weak, *acute),
    )
    tied = np.array([[_tie(kind, float(x)) for kind in KINDS] for x in p])
    return {
        "lines": np.stack(values, axis=1),
        "tied": tied,
        "result": np.zeros(len(p), np.int32),
    }


def _tie(kind: str, p: float) -> list[float]:
    """r, jump, latent loss and barrier on a line; NaN where there is none, or too small to tell."""
    found = KINDS[kind](p)
    if found is None:
        return [np.nan] * len(TIE)
    try:
        barrier = found.barrier
    except RootNotFound:
        barrier = np.nan
    return [found.relative_importance, found.jump, found.latent_loss, barrier]


def wells_stage(count: int) -> Stage:
    """One cell a first-order line: the loss along |w₂| below, at and above it."""

    def solve(cells: Rows) -> Rows:
        rows = [_well(*WELLS[int(k)], weights(count)) for k in cells["well"]]
        found = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        return found | {"result": np.zeros(len(rows), np.int32)}

    return Stage("wells", {"well": np.arange(len(WELLS))}, solve, 1)


def weights(count: int) -> np.ndarray:
    """|w₂| of the profiles."""
    return np.linspace(0.0, _LARGEST_WEIGHT, count)


def _well(kind: str, p: float, share: float, at: np.ndarray) -> Rows:
    tie = KINDS[kind](p)
    assert tie is not None
    r = tie.relative_importance * (1 + share * np.array(SIDES))
    states = (tie.low_state, tie.saddle, tie.high_state)
    return {
        "r": r,
        "profile": np.stack([energy_profile(p, float(x), at) for x in r]),
        "state_weight": np.array([abs(state.weights[1]) for state in states]),
        "state_excess": np.array([state.excess for state in states]),
    }
