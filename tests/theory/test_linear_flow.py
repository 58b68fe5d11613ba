"""The linear model: its flow, its closed solutions and its optimum, by laws and by brute force."""

import numpy as np
import pytest
import sympy as sp
from scipy.linalg import sqrtm
from scipy.optimize import minimize

from theory import linear_flow as flow
from theory.population_loss import linear_loss as symbolic_linear_loss

RNG = np.random.default_rng(7)
W = 0.6 * RNG.normal(size=(3, 5))
IMPORTANCE = np.array([1.0, 0.3, 2.0, 0.7, 1.4])
DENSITY = np.array([0.1, 0.9, 0.4, 0.02, 0.6])


def isotropic(t: float) -> np.ndarray:
    return flow.isotropic_weights(t, W, importance=1.3, density=0.4)


def test_loss_is_the_expected_loss_at_the_best_bias() -> None:
    G, best = W.T @ W, sp.Symbol("b")
    total = 0.0
    for i in range(5):
        expected = symbolic_linear_loss(list(G[i]), best, list(DENSITY), i)
        bias = sp.solve(expected.diff(best), best)[0]
        total += IMPORTANCE[i] * float(expected.subs(best, bias))
    value = flow.loss(W, importance=IMPORTANCE, density=DENSITY)
    assert value == pytest.approx(total, rel=1e-13)


def test_velocity_is_minus_the_gradient_and_makes_the_gram_velocity() -> None:
    arguments = {"importance": IMPORTANCE, "density": DENSITY}
    step, rows = 1e-5, flow.velocity(W, **arguments)
    for index in np.ndindex(W.shape):
        shift = np.zeros_like(W)
        shift[index] = step
        slope = flow.loss(W + shift, **arguments) - flow.loss(W - shift, **arguments)
        assert -slope / (2 * step) == pytest.approx(rows[index], abs=1e-9)
    gram = rows.T @ W + W.T @ rows
    np.testing.assert_allclose(flow.gram_velocity(W.T @ W, **arguments), gram, atol=1e-14)
    turn = W @ rows.T
    np.testing.assert_allclose(turn, turn.T, atol=1e-14)


@pytest.mark.parametrize(
    ("importance", "density", "holds"),
    [
        (IMPORTANCE, 0.3, True),
        (1.0, DENSITY, True),
        (np.array([1.0, 1.0, 2.0, 1.0, 1.0]), np.array([0.1, 0.1, 0.1, 0.9, 0.1]), False),
        (IMPORTANCE, DENSITY, False),
    ],
)
def test_riccati_in_the_product_alone_needs_uniform_importance_or_density(
    importance: np.ndarray, density: np.ndarray, holds: bool
) -> None:
    G, S = W.T @ W, np.diag(np.broadcast_to(importance * flow.feature_variance(density), (5,)))
    product = 4 * (S @ G + G @ S) - 2 * (S @ G @ G + 2 * G @ S @ G + G @ G @ S)
    gap = flow.gram_velocity(G, importance=importance, density=density) - product
    assert (np.max(np.abs(gap)) < 1e-14) == holds


def test_riccati_holds_where_features_that_differ_in_both_are_uncoupled() -> None:
    block = np.zeros((5, 5))
    block[:2, :2], block[2:, 2:] = W[:, :2].T @ W[:, :2], W[:, 2:].T @ W[:, 2:]
    importance, density = np.array([1.0, 2.0, 3.0, 3.0, 3.0]), np.array([0.1, 0.1, 0.2, 0.8, 0.5])
    S = np.diag(importance * flow.feature_variance(density))
    product = 4 * (S @ block + block @ S) - 2 * (
        S @ block @ block + 2 * block @ S @ block + block @ block @ S
    )
    found = flow.gram_velocity(block, importance=importance, density=density)
    np.testing.assert_allclose(found, product, atol=1e-14)


def test_isotropic_weights_solve_the_flow() -> None:
    step = 1e-4
    for t in (0.1, 1.0, 3.0):
        slope = (isotropic(t + step) - isotropic(t - step)) / (2 * step)
        exact = flow.velocity(isotropic(t), importance=1.3, density=0.4)
        np.testing.assert_allclose(slope, exact, atol=1e-7)
    np.testing.assert_allclose(isotropic(0.0), W, atol=1e-15)


def test_isotropic_weights_are_the_matrix_formula_of_the_docstring() -> None:
    t, s = 0.8, 1.3 * float(flow.feature_variance(0.4))
    growth = np.exp(8 * s * t)
    inner = np.eye(5) + (growth - 1) * W.T @ W
    root = np.linalg.inv(np.real(sqrtm(inner)))
    np.testing.assert_allclose(isotropic(t), W @ root * np.sqrt(growth), atol=1e-13)
    G = isotropic(t).T @ isotropic(t)
    np.testing.assert_allclose(G, growth * W.T @ W @ np.linalg.inv(inner), atol=1e-13)


def test_isotropic_flow_is_a_group_and_commutes_with_rotations_and_permutations() -> None:
    arguments = {"importance": 1.3, "density": 0.4}
    twice = flow.isotropic_weights(0.7, isotropic(0.5), **arguments)
    np.testing.assert_allclose(twice, isotropic(1.2), atol=1e-14)
    rotation = np.linalg.qr(RNG.normal(size=(3, 3)))[0]
    order = RNG.permutation(5)
    other = flow.isotropic_weights(1.2, (rotation @ W)[:, order], **arguments)
    np.testing.assert_allclose(other, (rotation @ isotropic(1.2))[:, order], atol=1e-14)


def test_isotropic_flow_ends_on_the_projector_also_from_deficient_rank() -> None:
    arguments = {"importance": 1.3, "density": 0.4}
    for start, rank in ((W, 3), (np.outer([1.0, 2.0, 0.5], W[0]), 1)):
        end = flow.isotropic_weights(1e3, start, **arguments)
        projector = np.linalg.pinv(start) @ start
        np.testing.assert_allclose(end.T @ end, projector, atol=1e-12)
        left = 1.3 * float(flow.feature_variance(0.4)) * (5 - rank)
        assert flow.loss(end, **arguments) == pytest.approx(left, rel=1e-12)


def test_energy_lost_is_the_integral_of_the_squared_speed() -> None:
    nodes, weights = np.polynomial.legendre.leggauss(40)
    path = isotropic(1.5 * (nodes + 1))
    speed = [np.sum(flow.velocity(w, importance=1.3, density=0.4) ** 2) for w in path]
    first, last = (flow.loss(isotropic(t), importance=1.3, density=0.4) for t in (0.0, 3.0))
    assert first - last == pytest.approx(1.5 * weights @ speed, rel=1e-12)
    assert np.all(np.diff([flow.loss(w, importance=1.3, density=0.4) for w in path]) < 0)


def test_aligned_modes_solve_the_flow_at_unequal_importance_and_density() -> None:
    u0, t, step = np.array([0.01, 0.0, 1.7, 0.4, 0.0]), 0.9, 1e-4
    arguments = {"importance": IMPORTANCE, "density": DENSITY}
    modes = flow.aligned_modes(np.array([t - step, t, t + step]), u0, **arguments)
    exact = flow.gram_velocity(np.diag(modes[1]), **arguments)
    np.testing.assert_allclose(np.diag((modes[2] - modes[0]) / (2 * step)), exact, atol=1e-8)
    np.testing.assert_allclose(flow.aligned_modes(1e6, u0, **arguments), u0 > 0, atol=1e-15)


def test_time_inverts_the_logistic_on_either_side_of_one() -> None:
    rates = flow.mode_rates(IMPORTANCE, DENSITY)
    for u0, targets in ((1e-8, [1e-8, 1e-3, 0.5, 0.999]), (3.0, [3.0, 2.0, 1.001])):
        times = flow.logistic_time(np.array(targets)[:, None], u0, rates)
        found = flow.logistic(times, u0, rates)
        np.testing.assert_allclose(found, np.broadcast_to(np.array(targets)[:, None], found.shape))
        assert times[0] == pytest.approx(np.zeros(5))
    order = np.argsort(flow.logistic_time(0.5, 1e-8, rates))
    np.testing.assert_array_equal(order, np.argsort(-IMPORTANCE * flow.feature_variance(DENSITY)))


def test_takeover_rate_is_the_growth_of_a_small_overlap() -> None:
    arguments = {"importance": IMPORTANCE, "density": DENSITY}
    kept, small = (0, 2, 3), 1e-6
    rates = flow.takeover_rate(IMPORTANCE, DENSITY)
    for dropped in (1, 4):
        for row, other in enumerate(kept):
            state = np.eye(5)[list(kept)]
            state[row, dropped] = small
            growth = flow.velocity(state, **arguments)[:, dropped] / small
            assert growth[row] == pytest.approx(rates[dropped, other], abs=1e-9)
            assert np.sum(np.abs(growth)) == pytest.approx(abs(growth[row]), abs=1e-9)
    uniform = flow.takeover_rate(IMPORTANCE, 0.3)
    product = IMPORTANCE * flow.feature_variance(0.3)
    np.testing.assert_allclose(uniform, 2 * (product[:, None] - product), atol=1e-15)


def test_a_state_that_keeps_the_wrong_feature_can_be_a_local_minimum() -> None:
    importance, density = np.array([1.0, 3.2]), np.array([0.6, 0.1])
    value = importance * flow.feature_variance(density)
    assert value[0] > value[1]
    assert flow.takeover_rate(importance, density)[0, 1] < 0
    arguments = {"importance": importance, "density": density}
    found = minimize(
        lambda w: flow.loss(w[None], **arguments), [0.2, 0.9], tol=1e-12, method="BFGS"
    )
    np.testing.assert_allclose(found.x, [0.0, 1.0], atol=1e-5)
    assert found.fun == pytest.approx(value[0])
    assert found.fun > flow.linear_optimum(1, importance, density)


def test_no_weights_beat_the_optimum_and_aligned_ones_attain_it() -> None:
    rng = np.random.default_rng(3)
    for m in (1, 2, 4):
        bound = flow.linear_optimum(m, IMPORTANCE, DENSITY)
        kept = np.argsort(IMPORTANCE * flow.feature_variance(DENSITY))[-m:]
        attained = flow.loss(np.eye(5)[kept], importance=IMPORTANCE, density=DENSITY)
        assert attained == pytest.approx(bound, rel=1e-14)
        ends = [
            minimize(
                lambda w, m=m: flow.loss(w.reshape(m, 5), importance=IMPORTANCE, density=DENSITY),
                rng.normal(size=5 * m),
                jac=lambda w, m=m: (
                    -flow.velocity(w.reshape(m, 5), importance=IMPORTANCE, density=DENSITY).ravel()
                ),
            ).fun
            for _ in range(12)
        ]
        assert min(ends) == pytest.approx(bound, abs=1e-8)
        assert min(ends) >= bound - 1e-14
    assert flow.linear_optimum(5, IMPORTANCE, DENSITY) == 0.0
    assert flow.linear_optimum(9, 1.0, DENSITY) == 0.0


def test_recovery_sums_to_the_rank_at_most() -> None:
    rng = np.random.default_rng(5)
    for scale in (0.1, 0.5, 1.0):
        for _ in range(20):
            total = np.sum(flow.recovery(scale * rng.normal(size=(3, 5)), density=DENSITY))
            assert total <= 3
    end = np.linalg.qr(rng.normal(size=(5, 3)))[0].T
    assert np.sum(flow.recovery(end, density=0.3)) == pytest.approx(3.0)
    np.testing.assert_allclose(flow.recovery(np.eye(5)[:3], density=DENSITY), [1, 1, 1, 0, 0])


def test_single_feature_solves_the_equation_that_sympy_derives() -> None:
    u, p, importance = sp.symbols("u p I", positive=True)
    velocity = flow.single_feature_velocity()
    assert sp.expand(velocity - sp.Rational(8, 3) * p * importance * u * (1 - u)) == 0
    t = sp.Symbol("t", positive=True)
    start = sp.Rational(1, 50)
    decay = sp.exp(-sp.Rational(8, 3) * p * importance * t)
    solution = start / (start + (1 - start) * decay)
    assert sp.simplify(sp.diff(solution, t) - velocity.subs(u, solution)) == 0
    exact = [float(solution.subs({t: s, p: 0.1, importance: 2.0})) for s in (0.0, 1.0, 20.0)]
    found = flow.single_feature([0.0, 1.0, 20.0], 0.02, importance=2.0, density=0.1)
    np.testing.assert_allclose(found, exact, rtol=1e-13)
    times = flow.single_feature_time(found, 0.02, importance=2.0, density=0.1)
    np.testing.assert_allclose(times, [0.0, 1.0, 20.0], rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: flow.loss(W[0], importance=1, density=1), r"`W` must have shape \(m, n\)"),
        (lambda: flow.loss(W, importance=[1, 2], density=1), r"`importance` must have shape \(\)"),
        (lambda: flow.loss(W, importance=1, density=0), r"`density` must be in \(0, 1\]"),
        (lambda: flow.gram_velocity(W, importance=1, density=1), r"`G` must have shape \(n, n\)"),
        (lambda: flow.logistic(-1, 0.5, 1), "`t` must be finite and >= 0, but is -1"),
        (lambda: flow.logistic_time(1.0, 0.5, 1), "`u` must lie from `u0` up to 1 exclusive"),
        (lambda: flow.logistic_time(0.4, 0.5, 1), "`u` must lie .* exclusive, but is 0.4"),
        (lambda: flow.isotropic_weights(0, W, density=DENSITY), "`density` must be a number"),
        (lambda: flow.linear_optimum(0, 1.0, DENSITY), "`m` must be an integer >= 1, but is 0"),
        (lambda: flow.linear_optimum(1, 1.0, 0.1), r"`importance` or `density` must have shape"),
    ],
)
def test_wrong_arguments_are_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
