"""Three features in two dimensions: the theory against the numerical core, and at fifty digits."""

import functools

import jax
import jax.numpy as jnp
import mpmath
import numpy as np
import pytest

from theory import three_features as theory
from theory.numeric import Function, mpmath_function
from theory.population_loss import positive_part_feature_loss
from theory.symbols import model_symbols
from theory.three_features import State, Transition
from tms_physics import PopulationLoss, curvature, minimise, rotation_modes

BATCH = 256
STARTS = 32
UNEQUAL = [(0.5, 0.2, 0.9), (0.5, 0.1, 1.0), (0.7, 0.5, 0.8), (0.25, 0.7, 0.2)]  # p, q, r
# Every kind of change of first order: p and the phases below and above.
CHANGES = [
    (0.2, "dropped", "digon 13"),
    (0.53, "isosceles", "digon 13"),
    (0.54, "digon 13", "isosceles"),
    (0.65, "isosceles", "digon 12"),
    (0.87, "dropped", "digon 13"),
    (0.87, "digon 13", "isosceles"),
    (0.93, "isosceles", "isosceles"),
    (0.93, "isosceles", "scalene"),
    (0.93, "scalene", "digon 12"),
    (0.97, "dropped", "isosceles"),
]


def _energy(density: jax.Array, r: jax.Array) -> PopulationLoss:
    return PopulationLoss(jnp.stack([jnp.ones_like(r), jnp.ones_like(r), r]), density)


@jax.jit
@jax.vmap
def _minimised(y: jax.Array, density: jax.Array, r: jax.Array):
    state = y[:6].reshape(2, 3), y[6:]
    end = minimise(_energy(density, r), state, zero_modes=rotation_modes)
    return end.energy, end.result.code, end.state


@jax.jit
@jax.vmap
def _curvature(y: jax.Array, density: jax.Array, r: jax.Array) -> jax.Array:
    state = y[:6].reshape(2, 3), y[6:]
    return curvature(_energy(density, r), state, zero_modes=rotation_modes).value


def _in_batches(y: np.ndarray, density: np.ndarray, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Energies and codes of the ends, in batches of one shape."""
    missing = -len(y) % BATCH
    rows = [np.concatenate([x, np.repeat(x[-1:], missing, axis=0)]) for x in (y, density, r)]
    parts = zip(*(np.split(x, len(x) // BATCH) for x in rows), strict=True)
    ends = [_minimised(*part)[:2] for part in parts]
    return tuple(np.concatenate(values)[: len(y)] for values in zip(*ends, strict=True))


def _vector(state: State) -> np.ndarray:
    return np.concatenate([state.weights.ravel(), state.biases])


def _points() -> list[tuple[float, float, float]]:
    """(p, q, r): everywhere, where all phases are, and at unequal densities."""
    rng = np.random.default_rng(8)
    wide = np.stack([rng.uniform(0.02, 1, 4), 10 ** rng.uniform(-1, 1, 4)], axis=1)
    dense = np.stack([rng.uniform(0.45, 1, 8), rng.uniform(0.5, 1.6, 8)], axis=1)
    equal = [(p, p, r) for p, r in np.concatenate([wide, dense]).tolist()]
    return equal + UNEQUAL


def test_no_start_ends_below_the_ground_state_and_some_end_in_it() -> None:
    points = np.array(_points())
    rng = np.random.default_rng(9)
    scale = np.array([1.0] * 6 + [0.2] * 3)
    states = [theory.ground_state(p, r, last_density=q) for p, q, r in points.tolist()]
    starts = rng.normal(size=(len(points), STARTS, 9)) * scale
    starts[:, 0] = [_vector(state) + 0.01 * rng.normal(size=9) * scale for state in states]
    p, q, r = np.repeat(points, STARTS, axis=0).T
    energies, _ = _in_batches(starts.reshape(-1, 9), np.stack([p, p, q], axis=1), r)
    difference = energies.reshape(len(points), STARTS) - np.array([[s.loss] for s in states])
    assert np.min(difference) > -1e-10
    assert np.all(np.min(np.abs(difference), axis=1) < 1e-10)
    assert np.mean(np.min(np.abs(difference[:, 1:]), axis=1) < 1e-10) > 0.8


def _change(p: float, below: str, above: str) -> Transition:
    """The change of first order between two phases at density p."""
    (change,) = [
        change
        for change in theory.transitions(p)
        if (change.below.phase, change.above.phase) == (below, above)
    ]
    assert not change.continuous
    return change


@pytest.fixture(scope="module")
def changes() -> list[Transition]:
    return [_change(*row) for row in CHANGES]


def test_both_states_of_a_change_are_minima_and_their_energies_cross(changes) -> None:
    """Minimised from both states a little below and above: the lower one changes."""
    shifts = np.array([1 - 1e-6, 1 + 1e-6])
    starts = np.array([[_vector(s) for s in (c.below, c.above) for _ in shifts] for c in changes])
    r = np.array([[c.relative_importance * s for _ in range(2) for s in shifts] for c in changes])
    p = np.repeat([c.density for c in changes], 4)
    density = np.repeat(p[:, None], 3, axis=1)
    energies, codes = _in_batches(starts.reshape(-1, 9), density, r.ravel())
    assert np.all(codes == 0)
    below, above = energies.reshape(-1, 2, 2).transpose(1, 0, 2)
    assert np.all(below[:, 0] < above[:, 0])
    assert np.all(below[:, 1] > above[:, 1])


def test_signs_on_both_sides_of_a_change_at_fifty_digits(changes) -> None:
    """The other form of the loss at both states: r is right to 1e-9.

    Stationary states are known to 1e-10, their losses to second order in that; the difference of
    losses is above 1e-14.
    """
    with mpmath.workdps(50):
        for change in changes:
            for side in (-1, 1):
                r = mpmath.mpf(change.relative_importance) * (1 + side * mpmath.mpf("1e-9"))
                p = mpmath.mpf(change.density)
                below, above = (_mp_loss(state, p, r) for state in (change.below, change.above))
                assert mpmath.sign(below - above) == side
                assert abs(below - above) > 1e-14


def _mp_loss(state: State, p: mpmath.mpf, r: mpmath.mpf) -> mpmath.mpf:
    W = mpmath.matrix(state.weights.tolist())
    gram, bias = W.T * W, [mpmath.mpf(float(b)) for b in state.biases]
    orders = ((0, 1, 2), (1, 0, 2), (2, 0, 1))
    rows = [_mp_row([gram[order[0], j] for j in order], bias[order[0]], p) for order in orders]
    return rows[0] + rows[1] + r * rows[2]


def _mp_row(couplings: list[mpmath.mpf], bias: mpmath.mpf, p: mpmath.mpf) -> mpmath.mpf:
    """The loss of one output; features with no coupling to it do not enter."""
    if couplings[0] == 0:
        assert not any(couplings)
        return p / 3 - p * bias + bias**2
    known = [coupling for coupling in couplings if coupling != 0]
    return _row_function(len(known))(*known, bias, p)


@functools.cache
def _row_function(n: int) -> Function:
    symbols = model_symbols(n)
    p = symbols.density[0]
    row = positive_part_feature_loss(symbols.gram[0], symbols.bias[0], (p,) * n, 0)
    return mpmath_function((*symbols.gram[0], symbols.bias[0], p), row)


@pytest.mark.parametrize("side", [-1, 1])
def test_digon_12_limit_is_where_its_curvature_changes_sign(side: int) -> None:
    p = np.array([0.54, 0.6, 0.66, 0.72, 0.78, 0.84, 0.9, 0.96, 0.99])
    limits = np.array([theory.digon_12_stability_limit(float(x)) for x in p])
    states = np.array([_vector(theory.ground_state(float(x), 9.0)) for x in p])
    density = np.repeat(p[:, None], 3, axis=1)
    values = np.asarray(_curvature(states, density, limits * (1 + side * 1e-3)))
    assert np.all(np.sign(values) == side)
