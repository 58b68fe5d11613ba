"""The symbolic theory against the numerical core: neither knows the other, both must agree.

Lines are found again from energies and curvatures of `tms_physics` alone, by bisection.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.optimize import brentq

from benchmarks import no_state_below
from tests.energies.cases import cases
from theory import population_loss as theory_loss
from theory import two_features as theory
from tms_physics import PopulationLoss, curvature, minimise, population_loss

BATCH = 24


def _energy(p: jax.Array, r: jax.Array) -> PopulationLoss:
    return PopulationLoss(jnp.stack([jnp.ones_like(r), r]), p)


@jax.jit
@jax.vmap
def _minimised(w: jax.Array, b: jax.Array, p: jax.Array, r: jax.Array):
    return minimise(_energy(p, r), (w[None], b))


@jax.jit
@jax.vmap
def _dedicated_curvature(p: jax.Array, r: jax.Array) -> jax.Array:
    state = jnp.array([[1.0, 0.0]]), jnp.stack([jnp.zeros_like(p), p / 2])
    return curvature(_energy(p, r), state).value


def _minima(starts: np.ndarray, p: float, r: float) -> tuple[np.ndarray, np.ndarray]:
    """Second weights (0 where dedicated) and energies of the antipodal or dedicated minima met."""
    ends = _minimised(starts[:, :2], starts[:, 2:], np.full(BATCH, p), np.full(BATCH, r))
    w = np.asarray(ends.state[0])[:, 0]
    known = np.asarray(ends.result.code == 0) & (w[:, 0] != 0) & (w[:, 0] * w[:, 1] <= 0)
    return np.abs(w[known, 1]), np.asarray(ends.energy)[known]


def _starts(p: float) -> np.ndarray:
    """Antipodal starts (w₁, w₂, b₁, b₂) with |w₂| from small to 1 and two shapes of biases."""
    v = np.tile(np.linspace(0.05, 1.0, BATCH // 2), 2)
    b1 = np.repeat([0.05, 0.4], BATCH // 2) * p * v
    return np.stack([np.ones(BATCH), -v, b1, p / 2 * (1 - v / 2)], axis=1)


def _lowest(energies: np.ndarray) -> float:
    return float(np.min(energies)) if len(energies) else np.inf


def _bisect(high_wins: Callable[[float], bool], low: float, high: float) -> float:
    """The r at which `high_wins` changes from false to true."""
    while high - low > 1e-10:
        middle = (low + high) / 2
        low, high = (low, middle) if high_wins(middle) else (middle, high)
    return (low + high) / 2


def _strong_beats_dedicated(p: float, r: float) -> bool:
    weights, energies = _minima(_starts(p), p, r)
    return _lowest(energies[weights > 0.45]) < r * (p / 3 - p**2 / 4)


@pytest.mark.parametrize("p", [0.05, 0.2, 0.4])
def test_dedicated_first_order_line_is_where_energies_are_equal(p: float) -> None:
    line = _bisect(lambda r: _strong_beats_dedicated(p, r), 0.2 * p, 2 * p)
    assert float(theory.dedicated_first_order_line(p)) == pytest.approx(line, abs=1e-8)


@pytest.mark.parametrize(("p", "parting"), [(0.55, 0.5), (0.6, 0.54), (0.65, 0.56)])
def test_weak_strong_line_is_where_energies_are_equal(p: float, parting: float) -> None:
    """`parting`: a weight |w₂| between those of the two minima."""

    def strong_wins(r: float) -> bool:
        weights, energies = _minima(_starts(p), p, r)
        strong, weak = energies[weights > parting], energies[weights < parting]
        return _lowest(strong) < _lowest(weak)

    limit = float(theory.dedicated_stability_limit(p))
    line = _bisect(strong_wins, limit, 1.0)
    assert float(theory.weak_strong_first_order_line(p)) == pytest.approx(line, abs=1e-8)


def _curvature_roots(p: np.ndarray) -> np.ndarray:
    """r at which the dedicated state turns unstable, by bisection of all densities at once."""
    low, high = np.full(BATCH, 1e-3), np.full(BATCH, 1.2)
    while np.max(high - low) > 1e-10:
        middle = (low + high) / 2
        unstable = np.asarray(_dedicated_curvature(p, middle)) < 0
        low, high = np.where(unstable, low, middle), np.where(unstable, middle, high)
    return (low + high) / 2


def test_continuous_line_is_where_the_curvature_changes_sign() -> None:
    p = np.linspace(0.02, 0.98, BATCH)
    roots = _curvature_roots(p)
    np.testing.assert_allclose(roots, theory.dedicated_stability_limit(p), rtol=0, atol=1e-8)


@pytest.fixture(scope="module")
def beyond() -> tuple[np.ndarray, ...]:
    """Weak states at p = 0.6, 0.7, 0.8 and δ beyond the limit: δ, |w₂|, energy gain; (3, 8)."""
    density = np.array([0.6, 0.7, 0.8])
    distance = np.geomspace(2e-4, 1e-6, 8)
    p, delta = (grid.ravel() for grid in np.meshgrid(density, distance, indexing="ij"))
    r = theory.dedicated_stability_limit(p) + delta
    v = np.full(BATCH, 0.02)
    starts = np.stack([np.ones(BATCH), -v, 0.1 * v, p / 2], axis=1)
    ends = _minimised(starts[:, :2], starts[:, 2:], p, r)
    assert np.all(ends.result.code == 0)
    weight = -np.asarray(ends.state[0])[:, 0, 1]
    gain = r * (p / 3 - p**2 / 4) - np.asarray(ends.energy)
    return tuple(values.reshape(3, 8) for values in (delta, weight, gain))


def _exponents(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Local exponents of y(x), freed of their error linear in x (Richardson)."""
    local = np.diff(np.log(y), axis=1) / np.diff(np.log(x), axis=1)
    ratio = x[0, 1] / x[0, 0]
    return (local[:, 1:] - ratio * local[:, :-1]) / (1 - ratio)


def test_order_parameter_grows_linearly_beyond_the_continuous_line(beyond) -> None:
    """β = 1: the cubic term of the loss, not a quartic one, limits |w₂|."""
    delta, weight, _ = beyond
    np.testing.assert_allclose(_exponents(delta, weight)[:, -1], 1.0, atol=1e-3)


def test_energy_gain_is_cubic_beyond_the_continuous_line(beyond) -> None:
    delta, _, gain = beyond
    far = slice(None, 4)  # further in, the gain comes near the level of rounding
    exponents = _exponents(delta[:, far], gain[:, far])
    np.testing.assert_allclose(exponents[:, -1], 3.0, atol=3e-2)


def test_critical_end_point_is_where_the_two_lines_of_the_numerics_cross() -> None:
    """At the curvature's root r(p), strong antipodal has the energy of dedicated."""

    def difference(p: float) -> float:
        r = _curvature_roots(np.full(BATCH, p))[0]
        weights, energies = _minima(_starts(p), p, float(r))
        return _lowest(energies[weights > 0.45]) - r * (p / 3 - p**2 / 4)

    p = brentq(difference, 0.5, 0.52, xtol=1e-9)
    expected = theory.critical_end_point()
    assert p == pytest.approx(expected[0], abs=1e-6)
    assert _curvature_roots(np.full(BATCH, p))[0] == pytest.approx(expected[1], abs=1e-6)


def test_three_minima_have_equal_energies_at_the_triple_point() -> None:
    p, r = theory.triple_point()
    weights, energies = _minima(_starts(p), p, r)
    np.testing.assert_allclose(energies, r * (p / 3 - p**2 / 4), rtol=0, atol=1e-12)
    assert np.any(weights < 0.01)
    assert np.any(weights > 0.6)


def test_triple_point_is_where_strong_ties_with_the_others() -> None:
    """Dedicated and weak differ by less than 1e-15 there, so either serves: to 1e-6 in r."""
    p, r = theory.triple_point()
    line = _bisect(lambda r: _strong_beats_dedicated(p, r), 0.5, 0.6)
    assert line == pytest.approx(r, abs=1e-8)


def test_symmetry_breaks_where_weak_and_symmetric_have_equal_energies_at_r_one() -> None:
    def weak_wins(p: float) -> bool:
        weights, energies = _minima(_starts(p), p, 1.0)
        symmetric, weak = energies[np.abs(weights - 0.75) < 0.05], energies[weights < 0.6]
        return _lowest(weak) < _lowest(symmetric)

    p = _bisect(weak_wins, 0.7, 0.715)
    assert theory.symmetry_breaking_density() == pytest.approx(p, abs=1e-8)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_losses_agree_at_random_parameters(n: int) -> None:
    for seed in range(5):
        rng = np.random.default_rng([n, seed])
        W, b = rng.normal(size=(2, n)), rng.normal(scale=0.4, size=n)
        importance, p = rng.uniform(0.2, 2.0, n), rng.uniform(0.1, 1.0, n)
        value = population_loss(W, b, importance=importance, density=p)
        expected = theory_loss.population_loss(W, b, importance=importance, density=p)
        scale = float(np.sum(importance * (p / 3 + np.sum((W.T @ W) ** 2, axis=1) + b**2)))
        assert abs(float(value) - expected) <= 1e-11 * scale


def test_losses_agree_at_special_parameters() -> None:
    tags = ("zeros-2", "dead column-2", "duplicate-2", "antipode-2", "b=0-2", "p=1-2")
    for W, b, importance, p in (cases(2)[tag] for tag in tags):
        value = population_loss(W, b, importance=importance, density=p)
        expected = theory_loss.population_loss(W, b, importance=importance, density=p)
        assert float(value) == pytest.approx(expected, rel=1e-11), (W, b)


def test_ground_state_of_a_cut_is_the_lowest_of_theory() -> None:
    """At p = 0.6 from dedicated through weak to strong."""
    p = 0.6
    for r in (0.3, 0.7, 0.78, 0.85, 0.95):
        states = [state.loss for state in theory.antipodal_states(p, r) if state.stable]
        _, energies = _minima(_starts(p), p, r)
        lowest = min([*states, r * (p / 3 - p**2 / 4)])
        assert _lowest(energies) == pytest.approx(lowest, abs=1e-13)


def _stable_far(side: int, p: float, r: float, between: tuple[float, float]) -> bool:
    """Whether minimisation meets a minimum of this sign of w₁w₂ with |w₂| between two weights."""
    v = np.linspace(*between, BATCH)
    if side < 0:
        b = np.stack([0.15 * p * v, p / 2 * (1 - v / 2)], axis=1)
    else:
        b = np.stack([-0.3 * v, p / 2 * (1 - v)], axis=1)
    w = np.stack(
        [np.sqrt(np.maximum(1.05 - (v**2 if side > 0 else 0.2 * v), 0.3)), side * v], axis=1
    )
    ends = _minimised(w, b, np.full(BATCH, p), np.full(BATCH, r))
    ends_w = np.asarray(ends.state[0])[:, 0]
    weight = side * ends_w[:, 1] * np.sign(ends_w[:, 0])
    good = np.asarray(ends.result.code == 0) & (np.abs(ends_w[:, 1]) <= np.abs(ends_w[:, 0]))
    return bool(np.any(good & (weight > between[0]) & (weight < between[1])))


@pytest.mark.parametrize("p", [0.1, 0.3, 0.5])
def test_strong_states_exist_above_their_stability_limit_only(p: float) -> None:
    """To 1e-5: next to a fold the minimum is too shallow for an arbitrary start."""
    limit = float(theory.strong_stability_limit(p))
    assert _stable_far(-1, p, limit * (1 + 1e-5), (0.4, 0.9))
    assert not _stable_far(-1, p, limit * (1 - 1e-5), (0.4, 0.9))


@pytest.mark.parametrize("p", [0.92, 0.98])
def test_acute_states_exist_above_their_stability_limit_only(p: float) -> None:
    """Where the acute state ends in a fold."""
    limit = float(theory.acute_stability_limit(p))
    assert _stable_far(1, p, limit * (1 + 1e-6), (0.005, 0.6))
    assert not _stable_far(1, p, limit * (1 - 1e-6), (0.005, 0.6))


@jax.jit
@jax.vmap
def _acute_curvature(p: jax.Array, r: jax.Array, delta: jax.Array) -> jax.Array:
    """Loss above dedicated at w₂ = δ in the acute direction that goes unstable, over δ²."""
    w = jnp.stack([1 + 3 * delta * (1 - p) / 8, delta])
    b = jnp.stack([-delta / 2, p / 2 - delta * p / 2])
    dedicated = r * (p / 3 - p**2 / 4)
    return (_energy(p, r)((w[None], b)) - dedicated) / delta**2


def test_acute_limit_is_where_the_acute_curvature_of_dedicated_changes_sign() -> None:
    """Below the acute tricritical point; the error of a finite δ is linear in it."""
    p = np.linspace(0.05, 0.85, BATCH)
    limit = theory.acute_stability_limit(p)
    delta = np.full(BATCH, 1e-4)
    values = [np.asarray(_acute_curvature(p, limit, scale * delta)) for scale in (2.0, 1.0)]
    np.testing.assert_allclose(2 * values[1] - values[0], 0.0, atol=1e-7)


@jax.jit
@jax.vmap
def _at_state(y: jax.Array, p: jax.Array, r: jax.Array) -> tuple[jax.Array, jax.Array, jax.Array]:
    """Energy, gradient norm and the eigenvalues of the Hessian in (w₁, w₂, b₁, b₂)."""

    def energy(y: jax.Array) -> jax.Array:
        return _energy(p, r)((y[None, :2], y[2:]))

    slope = jax.grad(energy)(y)
    return energy(y), jnp.linalg.norm(slope), jnp.linalg.eigvalsh(jax.hessian(energy)(y))


def test_saddles_of_the_first_order_lines_have_one_direction_of_descent() -> None:
    pairs = [
        *(theory.dedicated_coexistence(p) for p in (0.05, 0.2, 0.4, 0.5, 0.9)),
        *(theory.weak_strong_coexistence(p) for p in (0.52, 0.6, 0.7)),
    ]
    for pair in pairs:
        assert pair is not None
        y = np.array([[*pair.saddle.weights, *pair.saddle.biases]])
        p, r = np.array([pair.density]), np.array([pair.relative_importance])
        energy, slope, curvatures = (np.asarray(value)[0] for value in _at_state(y, p, r))
        assert slope < 1e-12
        assert curvatures[0] < 0 < curvatures[1]
        assert pair.barrier == pytest.approx(energy - pair.loss, abs=1e-15)
        assert pair.barrier > 0


def test_no_start_finds_a_state_below_the_ground_state() -> None:
    """A sample of `benchmarks.no_state_below`: 40 points, 64 starts each."""
    result = no_state_below.run(no_state_below.Config(points=40, seed=5))
    assert result["points_with_a_state_below"] == 0
    assert result["points_with_the_ground_state"] == 40
