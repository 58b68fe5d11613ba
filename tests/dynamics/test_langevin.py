"""Langevin dynamics: laws of equilibrium, exact solutions, and the orders of the scheme."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.integrate import quad

from tms_physics import LangevinPath, PopulationLoss, langevin

STIFFNESS = np.array([1.0, 30.0, 1000.0])
REPLICAS = 1 << 14


def _quadratic(y: jax.Array) -> jax.Array:
    return jnp.sum(jnp.asarray(STIFFNESS, y.dtype) * y**2) / 2


def _rough(y: jax.Array) -> jax.Array:
    """y²/2 + 1.5 cos y: a double well with curvatures between -0.5 and 2.5."""
    return y**2 / 2 + 1.5 * jnp.cos(y)


def _keys(seed: int, count: int = REPLICAS) -> jax.Array:
    return jax.random.split(jax.random.key(seed), count)


def _z(values: np.ndarray, expected: np.ndarray | float) -> np.ndarray:
    """Standard scores of the means over independent replicas, along the first axis."""
    error = np.std(values, axis=0, ddof=1) / np.sqrt(len(values))
    return (np.mean(values, axis=0) - expected) / error


@pytest.mark.parametrize("share", [0.1, 0.95])
def test_equipartition_is_exact_at_every_stable_step(share: float) -> None:
    """<λ y²> = T for stiffnesses 1, 30, 1000, at steps up to the limit 2/λ_max.

    The variance V of y obeys V = a²V + (1 + a) T h, a = 1 - hλ, so V = T/λ; that of x is less by
    Th/2. Starts have that variance: it must not change, where that of Euler-Maruyama would be
    20 times as large at share 0.95.
    """
    heat, h = 0.7, share * 2 / STIFFNESS.max()
    spread = np.sqrt(heat / STIFFNESS - heat * h / 2)
    start = spread[None] * jax.random.normal(jax.random.key(1), (REPLICAS, 3))

    def one(key: jax.Array, x: jax.Array) -> jax.Array:
        path = langevin(
            _quadratic,
            x,
            key=key,
            temperature=heat,
            step=h,
            steps=400,
            every=200,
            observe=jnp.square,
        )
        return path.states

    squares = np.asarray(jax.jit(jax.vmap(one))(_keys(2), start))
    assert squares.shape == (REPLICAS, 2, 3)
    assert np.all(np.abs(_z(STIFFNESS * squares, heat)) < 4)


def _covariance(a: float, h: float, heat: float, steps: int) -> float:
    """Variance of y_k from x_0 = 0: of Σ a^j (noise) as the scheme writes it, term by term."""
    kick = 2 * heat * h
    variance = kick * (1 - h / 2) ** 2 * sum(a ** (2 * j) for j in range(steps))
    return variance + kick / 4


def test_the_way_to_equilibrium_is_that_of_the_scheme() -> None:
    """From x_0 = 0 on y²/2 the variance of x_k is Σ a^{2j} (1 - h/2)² 2Th, that of y Th/2 more."""
    heat, h, steps = 2.0, 0.4, 5

    def one(key: jax.Array) -> jax.Array:
        y0 = jnp.zeros(())
        return langevin(
            lambda y: y**2 / 2, y0, key=key, temperature=heat, step=h, steps=steps
        ).states

    squares = np.asarray(jax.jit(jax.vmap(one))(_keys(3))) ** 2
    expected = [_covariance(1 - h, h, heat, k) for k in range(steps)]
    assert np.all(np.abs(_z(squares, np.array(expected))) < 4)


def _average(function: Callable[[float], float], heat: float) -> float:
    """<function> in the distribution e^{-E/T} of `_rough`, by quadrature."""

    def weight(y: float) -> float:
        return np.exp(-(y**2 / 2 + 1.5 * np.cos(y)) / heat)

    total = quad(weight, -12, 12)[0]
    return quad(lambda y: function(y) * weight(y), -12, 12)[0] / total


def _virial(y: jax.Array) -> jax.Array:
    return jnp.stack([y**2, y * (y - 1.5 * jnp.sin(y)), jnp.cos(y)])


@pytest.fixture(scope="module")
def errors() -> tuple[np.ndarray, np.ndarray]:
    """Of <y²>, <y E'> and <cos y> at steps 0.3 and 0.6 and T = 1, with their standard errors."""
    exact = [_average(lambda y: y**2, 1.0), 1.0, _average(np.cos, 1.0)]

    def one(key: jax.Array, h: jax.Array) -> jax.Array:
        options = {"temperature": 1.0, "step": h, "observe": _virial}
        settled = langevin(_rough, jnp.zeros(()), key=key, steps=60, **options)
        after = jax.random.fold_in(key, 1)
        path = langevin(_rough, settled.final, key=after, steps=500, every=2, **options)
        return jnp.mean(path.states, axis=0)

    run = jax.jit(jax.vmap(one, in_axes=(0, None)))
    means = [np.asarray(run(_keys(4), h)) for h in (0.3, 0.6)]
    return (
        np.array([mean.mean(axis=0) - exact for mean in means]),
        np.array([mean.std(axis=0) / np.sqrt(REPLICAS) for mean in means]),
    )


def test_averages_have_an_error_of_second_order(errors: tuple[np.ndarray, np.ndarray]) -> None:
    """Half the step, a quarter of the error; the errors at 0.6 are resolved and small."""
    (fine, coarse), (fine_error, coarse_error) = errors
    assert np.max(np.abs(coarse) / coarse_error) > 10
    assert np.all(np.abs(coarse) < 0.05 * 0.6**2 * 3)
    noise = np.hypot(4 * fine_error, coarse_error)
    assert np.all(np.abs(4 * fine - coarse) < 4 * noise + 0.02 * 0.6**2)


def test_virial(errors: tuple[np.ndarray, np.ndarray]) -> None:
    """<y·∇E> = T, to the same order, on an anharmonic energy."""
    means, spread = errors
    assert abs(means[0, 1]) < 4 * spread[0, 1] + 0.1 * 0.3**2


def test_response_to_a_force_is_the_decay_of_the_correlation() -> None:
    """<y(t)>_f - <y>_0 = (f/T) [C(0) - C(t)], the integrated -Ċ; on an anharmonic energy.

    Both sides from the same replicas in equilibrium: pushed by ±f with equal noise, and left alone.
    """
    heat, force, h = 1.0, 0.05, 0.05

    def tilted(f: float) -> Callable[[jax.Array], jax.Array]:
        return lambda y: y**2 / 2 + y**4 / 40 - f * y

    def one(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        first, then = jax.random.split(key)
        options = {"temperature": heat, "step": h}
        start = langevin(tilted(0.0), jnp.zeros(()), key=first, steps=150, **options).final
        paths = [
            langevin(tilted(f), start, key=then, steps=100, every=10, **options).states
            for f in (force, -force, 0.0)
        ]
        return (paths[0] - paths[1]) / (2 * force), paths[2][0] * (paths[2][0] - paths[2]) / heat

    response, decay = map(np.asarray, jax.jit(jax.vmap(one))(_keys(5, 1 << 15)))
    assert np.mean(response[:, -1]) > 0.6
    difference = _z((response - decay)[:, 1:], 0.0)  # at t = 0 both vanish
    assert np.all(np.abs(difference) < 4)


def test_without_heat_it_is_gradient_descent() -> None:
    energy = PopulationLoss(np.array([1.0, 0.7]), 0.3)
    start = jnp.array([[0.9, -0.4]]), jnp.array([0.1, -0.05])
    path = jax.jit(
        lambda y, key: langevin(energy, y, key=key, temperature=0.0, step=0.3, steps=12, every=3)
    )(start, jax.random.key(0))
    descent = jax.jit(lambda y: jax.tree.map(lambda a, g: a - 0.3 * g, y, jax.grad(energy)(y)))
    y, kept = start, []
    for k in range(12):
        if k % 3 == 0:
            kept.append(y)
        y = descent(y)
    for values, expected in zip(path.states, zip(*kept, strict=True), strict=True):
        np.testing.assert_allclose(values, jnp.stack(expected), rtol=0, atol=1e-15)
    for value, expected in zip(path.final, y, strict=True):
        np.testing.assert_allclose(value, expected, rtol=0, atol=1e-15)
    np.testing.assert_allclose(path.times, 0.3 * np.array([0, 3, 6, 9]), rtol=1e-15)
    np.testing.assert_allclose(path.energies[0], energy(start), rtol=1e-15)
    assert np.all(np.diff(path.energies) < 0)


def test_no_direction_of_an_invariant_energy_is_preferred() -> None:
    """One feature in two dimensions: the direction of w forgets its start, the radius is thermal.

    E = (1 - w·w)²/3 at T = 0.05, from w = (1, 0): <cos 2θ> = 0 and <w·∇E> = 2T.
    """

    def energy(w: jax.Array) -> jax.Array:
        return (1 - w @ w) ** 2 / 3

    def look(w: jax.Array) -> jax.Array:
        turn = (w[0] ** 2 - w[1] ** 2) / (w @ w)
        return jnp.stack([turn, 2 * w[0] * w[1] / (w @ w), w @ jax.grad(energy)(w)])

    def one(key: jax.Array) -> jax.Array:
        settings = {"temperature": 0.05, "step": 0.05, "steps": 800, "every": 400}
        start = jnp.array([1.0, 0.0])
        return langevin(energy, start, key=key, observe=look, **settings).states[1]

    early = np.asarray(jax.jit(jax.vmap(one))(_keys(6, 4096)))
    # By t = 20 the angle has diffused by <Δθ²> ≈ 2T<1/ρ²>t ≈ 2: cos 2θ decays as e^{-4Dt} ≈ e^{-4}.
    z = _z(early, np.array([0.0, 0.0, 2 * 0.05]))
    assert abs(np.mean(early[:, 0])) < 0.1
    assert np.all(np.abs(z[1:]) < 4)


def _path(key: jax.Array, **options: float) -> LangevinPath:
    settings = {"temperature": 0.1, "step": 0.2, "steps": 20, "every": 4} | options
    return langevin(_rough, jnp.ones(()), key=key, **settings)  # type: ignore[arg-type]


def test_equal_keys_give_equal_paths() -> None:
    once, again, other = (jax.jit(_path)(jax.random.key(k)) for k in (3, 3, 4))
    for a, b in zip(jax.tree.leaves(once), jax.tree.leaves(again), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.all(np.asarray(once.states) != np.asarray(other.states))


def test_a_batch_is_its_members_over_temperatures_and_steps_too() -> None:
    keys, heats, steps = _keys(7, 3), jnp.array([0.0, 0.1, 0.4]), jnp.array([0.1, 0.2, 0.3])
    batch = jax.jit(jax.vmap(lambda k, T, h: _path(k, temperature=T, step=h)))(keys, heats, steps)
    for i in range(3):
        one = _path(keys[i], temperature=heats[i], step=steps[i])
        np.testing.assert_allclose(batch.states[i], one.states, rtol=1e-13)
        np.testing.assert_allclose(batch.times[i], one.times, rtol=1e-15)


def test_what_is_observed_replaces_the_states() -> None:
    plain = _path(jax.random.key(8))
    seen = langevin(
        _rough,
        jnp.ones(()),
        key=jax.random.key(8),
        temperature=0.1,
        step=0.2,
        steps=20,
        every=4,
        observe=lambda y: {"square": y**2, "right": y > 0},
    )
    np.testing.assert_allclose(seen.states["square"], plain.states**2, rtol=1e-14)
    assert seen.states["right"].dtype == bool
    np.testing.assert_allclose(seen.energies, _rough(plain.states), rtol=1e-14)


def test_a_step_beyond_the_limit_grows_without_bound() -> None:
    path = langevin(
        lambda y: y**2 / 2, jnp.ones(()), key=jax.random.key(0), temperature=0.1, step=2.5, steps=90
    )
    assert np.abs(path.final) > 1e9


@pytest.mark.float32
def test_single_precision_stays_single() -> None:
    path = langevin(
        _rough, jnp.ones((), jnp.float32), key=jax.random.key(0), temperature=0.1, step=0.2, steps=4
    )
    assert all(leaf.dtype == jnp.float32 for leaf in jax.tree.leaves(path))
