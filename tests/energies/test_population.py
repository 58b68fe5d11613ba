"""The exact population loss: rational arithmetic, symmetries, limits, known facts."""

import functools

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tests.energies.cases import Case, cases
from tests.energies.reference import Exact, exact
from tms_physics import (
    PopulationLoss,
    ReluOutputModel,
    SparseUniform,
    population_loss,
    sampled_loss,
)

SIZES = (1, 2, 3, 4, 5)
SMALL = (1, 2, 3)
TAGS = {tag: n for n in SIZES for tag in cases(n)}


def loss(case: Case) -> jax.Array:
    return population_loss(case.W, case.b, importance=case.importance, density=case.density)


def stacked(n: int) -> Case:
    return Case(*(jnp.stack(arrays) for arrays in zip(*cases(n).values(), strict=True)))


@functools.cache
def losses(n: int):
    """The compiled batched loss."""
    return jax.jit(jax.vmap(loss))


@functools.cache
def computed(n: int) -> dict[str, tuple[float, Case]]:
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(loss)))(stacked(n))
    each = zip(*(np.asarray(slope) for slope in slopes), strict=True)
    pairs = zip(np.asarray(values), map(Case._make, each), strict=True)
    return dict(zip(cases(n), pairs, strict=True))


@functools.cache
def reference(tag: str) -> Exact:
    return exact(*cases(TAGS[tag])[tag])


def scales(n: int) -> np.ndarray:
    return np.array([reference(tag).scale for tag in cases(n)])


@pytest.fixture(autouse=True, scope="module")
def _forget():
    yield
    for cached in (losses, computed, reference):
        cached.cache_clear()


@pytest.mark.parametrize("tag", TAGS)
def test_loss_against_rational_arithmetic(tag: str) -> None:
    value, _ = computed(TAGS[tag])[tag]
    assert abs(value - reference(tag).loss) <= 1e-12 * reference(tag).scale


@pytest.mark.parametrize("tag", TAGS)
def test_gradient_against_rational_arithmetic(tag: str) -> None:
    _, slopes = computed(TAGS[tag])[tag]
    expected = reference(tag)
    np.testing.assert_allclose(slopes.W, expected.weight_slope, rtol=0, atol=1e-11 * expected.scale)
    np.testing.assert_allclose(slopes.b, expected.bias_slope, rtol=0, atol=1e-11 * expected.scale)


def test_largest_size_against_rational_arithmetic() -> None:
    values = losses(6)(stacked(6))
    for value, case in zip(values, cases(6).values(), strict=True):
        expected = exact(*case, slopes=False)
        assert abs(value - expected.loss) <= 1e-12 * expected.scale


@pytest.mark.parametrize("n", SIZES)
def test_losses_are_never_negative(n: int) -> None:
    values = np.array([value for value, _ in computed(n).values()])
    assert np.all(values >= -1e-15 * scales(n))


@pytest.mark.parametrize("n", SMALL)
def test_linear_in_importance(n: int) -> None:
    """∂L/∂I_i is E(x_i - x'_i)², and these sum to the loss."""
    for tag, (value, slopes) in computed(n).items():
        total = np.sum(slopes.importance * cases(n)[tag].importance)
        assert total == pytest.approx(value, rel=0, abs=1e-14 * reference(tag).scale)


@pytest.mark.parametrize("n", SMALL)
def test_rotating_the_gradient_costs_nothing(n: int) -> None:
    """W ∇_Wᵀ is symmetric: no energy is gained by turning all features together."""
    for tag, (_, slopes) in computed(n).items():
        torque = slopes.W @ cases(n)[tag].W.T
        size = max(np.max(np.abs(torque)), 1e-300)
        assert abs(torque[0, 1] - torque[1, 0]) <= 1e-11 * size, tag


def _turned(case: Case, angle: float, sign: int) -> Case:
    c, s = np.cos(angle), np.sin(angle)
    return case._replace(W=np.array([[c, -s], [sign * s, sign * c]]) @ case.W)


@pytest.mark.parametrize("n", SMALL)
@pytest.mark.parametrize(("angle", "sign"), [(0.7, 1), (0.7, -1), (0.0, -1), (np.pi, 1)])
def test_invariant_under_rotations_and_reflections(n: int, angle: float, sign: int) -> None:
    expected, turned = losses(n)(stacked(n)), losses(n)(_turned(stacked(n), angle, sign))
    assert np.all(np.abs(turned - expected) <= 1e-12 * scales(n))


@pytest.mark.parametrize("n", SMALL)
def test_invariant_under_relabelling(n: int) -> None:
    batch = stacked(n)
    shuffled = Case(*(array[..., np.roll(np.arange(n), 1)] for array in batch))
    difference = losses(n)(shuffled) - losses(n)(batch)
    assert np.all(np.abs(difference) <= 1e-12 * scales(n))


@pytest.mark.parametrize("n", SMALL)
def test_batched_and_single_agree(n: int) -> None:
    for tag, case in cases(n).items():
        difference = float(loss(Case(*map(jnp.asarray, case)))) - computed(n)[tag][0]
        assert abs(difference) <= 1e-14 * reference(tag).scale


def test_compiled_and_eager_agree() -> None:
    case = cases(2)["random0-2"]
    with jax.disable_jit():
        eager = float(loss(case))
    assert eager == pytest.approx(float(jax.jit(loss)(case)), rel=1e-15)


def test_scalars_stand_for_equal_entries() -> None:
    case = cases(2)["random1-2"]
    value = population_loss(case.W, case.b, importance=2.0, density=0.3)
    equal = case._replace(importance=np.full(2, 2.0), density=np.full(2, 0.3))
    assert value == loss(equal)


def test_energies_are_batched_by_their_parameters() -> None:
    batch = stacked(2)
    energies = eqx.filter_vmap(PopulationLoss)(batch.importance, batch.density)
    values = eqx.filter_vmap(lambda energy, W, b: energy((W, b)))(energies, batch.W, batch.b)
    np.testing.assert_allclose(values, losses(2)(batch), rtol=1e-14, atol=1e-300)


@pytest.mark.parametrize("n", [2, 5])
def test_sampling_agrees_within_five_standard_errors(n: int) -> None:
    case = Case(*map(jnp.asarray, cases(n)[f"random2-{n}"]))
    model, features = ReluOutputModel(case.W, case.b), SparseUniform(case.density)
    keys = jax.random.split(jax.random.key(n), 200_000)
    x = jax.vmap(lambda key: features.sample(key=key))(keys)
    each = jax.vmap(lambda row: sampled_loss(model, row[None], importance=case.importance))(x)
    error = jnp.std(each) / np.sqrt(len(keys))
    assert abs(jnp.mean(each) - computed(n)[f"random2-{n}"][0]) <= 5 * error


def _linear_closed_form(case: Case) -> float:
    """Σ_i I_i [Σ_j (δ_ij - G_ij)² Var x_j + (Σ_j (δ_ij - G_ij) E x_j - b_i)²]."""
    residual = np.eye(len(case.b)) - case.W.T @ case.W
    spread = residual**2 @ (case.density / 3 - case.density**2 / 4)
    return float(case.importance @ (spread + (residual @ case.density / 2 - case.b) ** 2))


@pytest.mark.parametrize("n", SMALL)
def test_linear_where_no_output_is_ever_cut(n: int) -> None:
    for seed in range(5):
        rng = np.random.default_rng(seed)
        case = Case(rng.uniform(0.05, 1.0, (2, n)), *rng.uniform(0.05, 1.0, (3, n)))
        expected = _linear_closed_form(case)
        assert float(loss(case)) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("density", [1e-4, 0.03, 0.5, 1.0])
def test_pairs_repel_at_acute_angles_and_hardly_at_obtuse_ones(density: float) -> None:
    """Unit norms, b = 0: L = (2/3) p g² for g ≥ 0 and (2/3) p² g² (1 + g/2) for g ≤ 0."""
    g = np.linspace(-1.0, 1.0, 41)
    W = np.stack([np.ones((2, 41)), np.zeros((2, 41))]).transpose(2, 0, 1)
    W[:, :, 1] = np.stack([g, np.sqrt(1 - g**2)], axis=1)
    value = jax.vmap(lambda w: population_loss(w, np.zeros(2), importance=1.0, density=density))(W)
    acute, obtuse = density * g**2, density**2 * g**2 * (1 + g / 2)
    expected = np.where(g >= 0, acute, obtuse) * 2 / 3
    np.testing.assert_allclose(value, expected, rtol=0, atol=1e-12 * density)


def _dedicated(p: float, bias: float | jax.Array) -> tuple[jax.Array, jax.Array]:
    return jnp.array([[1.0, 0.0]]), jnp.array([bias, p / 2])


@pytest.mark.parametrize("p", [1e-4, 0.1, 0.4, 0.9, 1.0])
@pytest.mark.parametrize("r", [0.1, 1.0, 10.0])
def test_dedicated_state_is_stationary(p: float, r: float) -> None:
    energy = PopulationLoss(jnp.array([1.0, r]), p)
    value, slopes = jax.value_and_grad(energy)(_dedicated(p, 0.0))
    assert value == pytest.approx(r * (p / 3 - p**2 / 4), rel=1e-14)
    assert np.max(np.abs(np.concatenate([slopes[0][0], slopes[1]]))) <= 1e-15 * (1 + r)


def test_second_derivative_of_the_dedicated_state_jumps() -> None:
    """∂²L/∂b₁² at p = 0.4, r = 0.5 is 2.0 towards b₁ > 0 and 0.8 towards b₁ < 0."""
    energy = PopulationLoss(jnp.array([1.0, 0.5]), 0.4)
    second = jax.grad(jax.grad(lambda bias: energy(_dedicated(0.4, bias))))
    assert second(1e-9) == pytest.approx(2.0, abs=1e-8)
    assert second(-1e-9) == pytest.approx(0.8, abs=1e-8)
    assert second(0.0) == pytest.approx(0.8, abs=1e-12)  # the branch below, not a mixture


@pytest.mark.parametrize("tag", ["b=0-2", "kink of first-2", "kink of all-2", "antipode b=0-2"])
def test_gradient_is_continuous_across_kinks(tag: str) -> None:
    case, step = cases(2)[tag], 1e-9
    signs = np.random.default_rng(0).choice([-step, step], size=(16, 2))
    near = jax.vmap(lambda b: jax.grad(loss)(case._replace(b=b)).b)(case.b + signs)
    here = computed(2)[tag][1].b
    np.testing.assert_allclose(near, np.broadcast_to(here, near.shape), rtol=0, atol=1e-7)


def test_derivative_of_a_silent_output_is_the_one_from_below() -> None:
    """W_i = 0, b_i = 0 is the one place without a derivative: slope -p from above, 0 from below."""
    p = 0.3
    slope = jax.grad(lambda b: population_loss(jnp.zeros((1, 1)), b, importance=1.0, density=p))
    assert slope(jnp.array([0.0])) == 0.0
    assert slope(jnp.array([-1e-12])) == 0.0
    assert slope(jnp.array([1e-12])) == pytest.approx(-p, rel=1e-9)


def test_weights_too_small_to_square_change_nothing() -> None:
    W = np.array([[1e-300, 1.0]])
    value = population_loss(W, np.zeros(2), importance=1.0, density=0.3)
    expected = exact(W, np.zeros(2), np.ones(2), np.full(2, 0.3))
    assert value == pytest.approx(expected.loss, rel=1e-14)


@pytest.mark.parametrize("tag", ["random0-2", "random1-2"])
def test_second_derivatives_against_differences_of_exact_gradients(tag: str) -> None:
    case, step = cases(2)[tag], 1e-5

    def slope(b: np.ndarray) -> np.ndarray:
        return exact(*case._replace(b=b)).bias_slope

    differences = [(slope(case.b + d) - slope(case.b - d)) / 2 / step for d in step * np.eye(2)]
    hessian = jax.hessian(lambda b: loss(case._replace(b=b)))(jnp.asarray(case.b))
    np.testing.assert_allclose(hessian, differences, rtol=0, atol=1e-7)
