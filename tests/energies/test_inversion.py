"""The population loss of many features: closed forms, independent sums, sampling, its own laws."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.energies.cases import Case, cases
from tests.energies.reference import Exact, exact
from tms_physics import PopulationLoss, evaluate_population, population_loss
from tms_physics.energies.inversion import others
from tms_physics.energies.inversion.loss import output_losses
from tms_physics.energies.inversion.nodes import MAX_NODES

COPIES = 3  # of a small system side by side: more features, the same rows
TAGS = {tag: n for n in (3, 4) for tag in cases(n)}


def side_by_side(case: Case) -> Case:
    """Independent copies: W block diagonal, so that all couplings between copies vanish."""
    m, n = case.W.shape
    W = np.zeros((COPIES * m, COPIES * n))
    for k in range(COPIES):
        W[k * m : (k + 1) * m, k * n : (k + 1) * n] = case.W
    return Case(W, *(np.tile(x, COPIES) for x in case[1:]))


def evaluate(case: Case, rtol: float = 1e-8):
    return evaluate_population(
        case.W, case.b, importance=case.importance, density=case.density, rtol=rtol
    )


@functools.cache
def reference(tag: str) -> Exact:
    return exact(*cases(TAGS[tag])[tag])


def scale_of(tag: str) -> float:
    return COPIES * reference(tag).scale


def network(n: int, m: int, *, density: float, seed: int = 0, spread: float = 1.0) -> Case:
    """Unit columns in random directions, small negative biases."""
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(m, n))
    W = spread * W / np.linalg.norm(W, axis=0)
    b = -0.2 * spread**2 * rng.uniform(size=n)
    return Case(W, b, rng.uniform(0.5, 1.5, n), np.full(n, density))


@functools.cache
def bank() -> dict[str, tuple[float, float, float, float]]:
    """Value, error estimate, exact value and scale of every case."""
    out = {}
    for tag in TAGS:
        got = evaluate(side_by_side(cases(TAGS[tag])[tag]))
        out[tag] = (
            float(got.loss), float(got.error), COPIES * reference(tag).loss, scale_of(tag)
        )  # fmt: skip
    return out


def test_hard_cases_are_as_accurate_as_asked_or_say_so() -> None:
    for tag, (value, error, expected, scale) in bank().items():
        asked = 1e-8 * abs(expected) + 1e-13 * scale
        assert abs(value - expected) <= max(asked, 2 * error), tag


def test_error_estimate_is_honest() -> None:
    """At most 5 % of the errors exceed their estimate, none ten times; rounding is part of it."""
    ratios = np.array(
        [abs(value - expected) / error for value, error, expected, _ in bank().values()]
    )
    assert np.mean(ratios <= 1) >= 0.95
    assert np.max(ratios) <= 10


@pytest.mark.parametrize("density", [1e-4, 0.1, 1.0])
def test_gradient_against_differences(density: float) -> None:
    case = network(12, 4, density=density)
    energy = PopulationLoss(case.importance, case.density, 1e-12)
    rng = np.random.default_rng(1)
    direction = rng.normal(size=case.W.shape), rng.normal(size=case.b.shape)
    slope = jax.grad(energy)((jnp.asarray(case.W), jnp.asarray(case.b)))
    along = sum(float(jnp.sum(a * b)) for a, b in zip(slope, direction, strict=True))
    step = 1e-4
    ahead, behind = (
        float(
            energy((jnp.asarray(case.W + s * direction[0]), case.b + s * jnp.asarray(direction[1])))
        )
        for s in (step, -step)
    )
    assert along == pytest.approx((ahead - behind) / (2 * step), rel=1e-5, abs=1e-6 * density)


def test_hessian_vector_product_against_differences_of_the_gradient() -> None:
    case = network(12, 4, density=0.1)
    slope = jax.grad(PopulationLoss(case.importance, case.density, 1e-12))
    y = jnp.asarray(case.W), jnp.asarray(case.b)
    rng = np.random.default_rng(2)
    direction = jnp.asarray(rng.normal(size=y[0].shape)), jnp.asarray(rng.normal(size=y[1].shape))
    product = jax.jvp(slope, (y,), (direction,))[1]
    step = 1e-5

    def moved(size: float):
        return slope(jax.tree.map(lambda a, d: a + size * d, y, direction))

    for got, ahead, behind in zip(product, moved(step), moved(-step), strict=True):
        np.testing.assert_allclose(got, (ahead - behind) / (2 * step), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("n", "m", "density"), [(40, 10, 0.3), (100, 20, 0.02), (400, 30, 0.01)])
def test_sampling_agrees(n: int, m: int, density: float) -> None:
    """z-scores over 16 independent samples: none beyond 4.5, and a χ² that does not stand out."""
    case = network(n, m, density=density)
    expected = float(evaluate(case).loss)
    rng = np.random.default_rng(3)
    scores = []
    for _ in range(16):
        x = rng.random((5_000, n)) * (rng.random((5_000, n)) < density)
        out = np.maximum(x @ case.W.T @ case.W + case.b, 0)
        each = (x - out) ** 2 @ case.importance
        scores.append((each.mean() - expected) / (each.std() / np.sqrt(len(each))))
    assert np.max(np.abs(scores)) < 4.5
    assert np.sum(np.square(scores)) < 45  # 1e-4 quantile of χ² with 16 degrees of freedom


def test_doubling_the_nodes_changes_what_the_estimate_says() -> None:
    case = network(1000, 100, density=0.01)
    rough, fine = evaluate(case, 1e-5), evaluate(case, 1e-8)
    assert int(fine.nodes) >= 2 * int(rough.nodes)
    assert abs(float(rough.loss - fine.loss)) <= float(rough.error)
    assert float(fine.error) <= 1e-8 * float(fine.loss) + 1e-13 * float(
        np.sum(case.importance * case.density / 3)
    )


def test_unequal_densities_and_one_that_is_always_active() -> None:
    rng = np.random.default_rng(4)
    case = network(30, 8, density=0.1)._replace(density=np.geomspace(1e-4, 1.0, 30))
    expected, x = float(evaluate(case).loss), rng.random((400_000, 30))
    x = x * (rng.random(x.shape) < case.density)
    each = (x - np.maximum(x @ case.W.T @ case.W + case.b, 0)) ** 2 @ case.importance
    assert abs(each.mean() - expected) < 4.5 * each.std() / np.sqrt(len(each))


def test_invariant_under_rotations_and_relabelling() -> None:
    case = network(12, 4, density=0.05)
    rng = np.random.default_rng(5)
    turn, order = np.linalg.qr(rng.normal(size=(4, 4)))[0], rng.permutation(12)
    value = float(evaluate(case).loss)
    assert float(evaluate(case._replace(W=turn @ case.W)).loss) == pytest.approx(value, rel=1e-12)
    shuffled = Case(*(x[..., order] for x in case))
    assert float(evaluate(shuffled).loss) == pytest.approx(value, rel=1e-12)


def test_batched_compiled_and_single_agree() -> None:
    each = [network(12, 4, density=p) for p in (0.01, 0.3, 1.0)]

    def value(W, b, importance, density):
        return population_loss(W, b, importance=importance, density=density)

    stacked = [jnp.stack([jnp.asarray(case[k]) for case in each]) for k in range(4)]
    batch = jax.jit(jax.vmap(value))(*stacked)
    single = [float(evaluate(case).loss) for case in each]
    np.testing.assert_allclose(batch, single, rtol=2e-8)


def test_outputs_and_dead_ones() -> None:
    """A dead output costs p/3, exactly; the outputs add up to the loss."""
    case = network(12, 4, density=0.2)
    b = case.b.copy()
    b[4] = -20.0
    got = evaluate(case._replace(b=b))
    assert float(got.outputs[4]) == 0.2 / 3
    assert float(got.loss) == pytest.approx(float(case.importance @ got.outputs), rel=1e-14)
    slope = jax.grad(PopulationLoss(case.importance, case.density))(
        (jnp.asarray(case.W), jnp.asarray(b))
    )
    assert float(slope[1][4]) == 0.0


def test_slope_in_density_by_forward_mode() -> None:
    case = network(12, 4, density=0.2)

    def value(p):
        return population_loss(
            case.W, case.b, importance=case.importance, density=p, rtol=1e-12
        )  # fmt: skip

    p, direction, step = jnp.asarray(case.density), jnp.linspace(-1.0, 1.0, 12), 1e-5
    slope = jax.jvp(value, (p,), (direction,))[1]
    difference = (value(p + step * direction) - value(p - step * direction)) / (2 * step)
    assert float(slope) == pytest.approx(float(difference), rel=1e-6)


@pytest.mark.float32
@pytest.mark.parametrize(
    ("n", "m", "density"),
    [(400, 30, 0.01)]
    if jax.config.jax_enable_x64  # pyright: ignore[reportAttributeAccessIssue]
    else [(400, 30, 1e-4), (400, 30, 0.01), (1000, 40, 0.02)],
)
def test_single_precision(n: int, m: int, density: float) -> None:
    """Input in float32, with and without float64 in JAX: to 1e-5 Σ I p/3, at any density."""
    case = Case(*(np.asarray(x, np.float32) for x in network(n, m, density=density)))
    single = evaluate(case)
    with jax.enable_x64(True):
        double = evaluate(Case(*(x.astype(float) for x in case)))
    assert double.loss.dtype == np.float64
    assert single.loss.dtype == single.error.dtype == np.float32
    off = abs(float(single.loss) - float(double.loss))
    assert off <= 1e-5 * float(case.importance @ case.density) / 3
    assert off <= float(single.error)


def _dense(n: int, m: int) -> Case:
    """All features in every row, at numbers that are short fractions."""
    rng = np.random.default_rng(n)
    W = np.round(256 * rng.normal(size=(m, n))) / 256
    p = np.round(64 * rng.uniform(0.1, 0.9, n)) / 64
    return Case(W, -np.round(64 * rng.random(n)) / 256, np.ones(n), p)


@pytest.mark.parametrize(("n", "m"), [(6, 3)])
def test_inversion_agrees_with_the_closed_form(n: int, m: int) -> None:
    case = _dense(n, m)
    scale = float(case.importance @ case.density) / 3
    tolerance = jnp.array([1e-8, 1e-13 * scale])
    inverted = jax.jit(output_losses)(*map(jnp.asarray, case), tolerance)
    closed = evaluate(case)
    off = np.abs(np.asarray(inverted.losses - closed.outputs))
    assert int(closed.nodes) == 0
    assert np.sum(off) <= 1e-8 * float(closed.loss) + 1e-13 * scale
    assert np.all(off <= 10 * inverted.errors)


@pytest.mark.parametrize(("n", "m"), [(8, 3)])
def test_more_than_six_features_against_rational_numbers(n: int, m: int) -> None:
    case = _dense(n, m)
    got, expected = evaluate(case), exact(*case, slopes=False)
    assert int(got.nodes) > 0
    off = abs(float(got.loss) - expected.loss)
    assert off <= min(1e-8 * expected.loss + 1e-13 * expected.scale, float(got.error))


def test_memory_is_that_of_n_squared_numbers() -> None:
    """Temporaries of value and slopes: of orders n² and n nodes, never n² times nodes."""
    case = network(300, 30, density=0.02)
    energy = PopulationLoss(case.importance, case.density)
    start = jnp.asarray(case.W), jnp.asarray(case.b)
    memory = jax.jit(jax.value_and_grad(energy)).lower(start).compile().memory_analysis()
    assert memory.temp_size_in_bytes / 8 <= 66 * 300**2 + 5 * MAX_NODES * 300


def test_interpolated_and_direct_products_agree(monkeypatch) -> None:
    """Both ways to the product over the others, value and slopes, also with few large features."""

    def values(case: Case, share: float):
        W = case.W * np.where(np.arange(len(case.b)) % 7 == 0, 1.0, share)
        energy = PopulationLoss(case.importance, case.density, 1e-9)
        return jax.value_and_grad(energy)((jnp.asarray(W), jnp.asarray(case.b)))

    size, shares = others.INTERPOLATE_FROM, {0.3: 1.0, 0.05: 0.1}
    each = [(network(size, 20, density=p), share) for p, share in shares.items()]
    quick = [values(*one) for one in each]
    monkeypatch.setattr(others, "INTERPOLATE_FROM", 10**9)
    jax.clear_caches()
    for (value, slopes), one in zip(quick, each, strict=True):
        expected, directly = values(*one)
        assert float(value) == pytest.approx(float(expected), rel=2e-9)
        for got, slope in zip(slopes, directly, strict=True):
            atol = 1e-7 * float(jnp.max(jnp.abs(slope)))
            np.testing.assert_allclose(got, slope, rtol=0, atol=atol)
