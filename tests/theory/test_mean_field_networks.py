"""Networks of finite size against the mean field: Hadamard weights, exact and sampled losses."""

import numpy as np
import pytest

from tests.theory.one_row import row_loss
from theory import mean_field
from theory.linear_flow import feature_variance
from theory.mean_field.gaussian import normal_density
from theory.population_loss import population_loss

Network = tuple[np.ndarray, np.ndarray]


def network(n: int, p: float, rng: np.random.Generator) -> Network:
    """W (n/2, n) and b of the mean-field minimum at ρ = 1/2."""
    state = mean_field.loss(0.5, p)
    W = mean_field.hadamard_weights(n, n // 2, state.a, rng=rng)
    return W, mean_field.hidden_bias(state.bias, W, density=p)


def excess(network: Network, p: float) -> float:
    """Exact loss of feature 0, and so of any, over that of the mean field, less 1."""
    W, b = network
    return row_loss(W[:, 0] @ W, b[0], p) / mean_field.loss(0.5, p).loss - 1


def first_correction(network: Network, p: float) -> float:
    """`excess` to first order in the third and fourth cumulant of the noise (Edgeworth).

    κ₃ E f'''/6 + κ₄ E f''''/24 over y normal, f = ReLU(y)² - 2 u ReLU(y), at the mean a u + b.
    """
    state, row = mean_field.loss(0.5, p), network[0][:, 0] @ network[0]
    sigma = state.a * float(mean_field.noise(0.5, p))
    first, second, third, fourth = p / 2, p / 3, p / 4, p / 5
    skew = (third - 3 * first * second + 2 * first**3) * np.sum(row[1:] ** 3)
    moments = fourth - 4 * first * third + 6 * first**2 * second - 3 * first**4
    tail = (moments - 3 * float(feature_variance(p)) ** 2) * np.sum(row[1:] ** 4)

    def change(u: np.ndarray, mean: np.ndarray) -> np.ndarray:
        t = mean / sigma
        bell = 2 * normal_density(t) / sigma
        slope = bell * (1 + u * t / sigma)
        return skew * slope / 6 + tail * bell / sigma * (u * (1 - t**2) / sigma - t) / 24

    nodes, weights = np.polynomial.legendre.leggauss(60)
    u = (nodes + 1) / 2
    active = weights / 2 @ change(u, state.a * u + state.bias)
    silent = change(np.zeros(1), np.array([state.bias]))[0]
    return float((1 - p) * silent + p * active) / state.loss


def test_rows_of_a_hadamard_matrix_make_the_noise_of_the_mean_field() -> None:
    n, m, a = 64, 24, 1.3
    W = mean_field.hadamard_weights(n, m, a, rng=np.random.default_rng(2))
    G = W.T @ W
    np.testing.assert_allclose(np.diag(G), a, rtol=1e-13)
    np.testing.assert_allclose(W @ W.T, a * n / m * np.eye(m), atol=1e-12)
    np.testing.assert_allclose(np.sum(G**2, axis=1) - a**2, a**2 * (n / m - 1), rtol=1e-12)
    i, j = np.indices((n, n))
    np.testing.assert_allclose(G, G[0][i ^ j], atol=1e-12)
    chosen = mean_field.hadamard_rows_weights(n, [0, 5, 9], a)
    np.testing.assert_allclose(chosen[0], np.sqrt(a / 3))
    assert len(np.unique(np.abs(chosen))) == 1


def test_hidden_bias_puts_the_mean_of_silent_features_at_the_effective_bias() -> None:
    W = np.random.default_rng(3).normal(size=(3, 6))
    b = mean_field.hidden_bias(-0.2, W, density=0.3)
    G = W.T @ W
    for i in range(6):
        others = np.delete(np.full(6, 0.15), i)
        assert b[i] + np.delete(G[i], i) @ others == pytest.approx(-0.2, abs=1e-14)


def test_row_loss_is_that_of_the_closed_form_for_few_features() -> None:
    """Three features: the period of the inversion must then cover the whole support."""
    W, b = np.array([[0.8, -0.5, 0.3], [0.1, 0.6, -0.4]]), np.array([0.05, 0.0, -0.1])
    only_first = [1.0, 0.0, 0.0]
    exact = population_loss(W, b, importance=only_first, density=0.4)
    assert row_loss(W[:, 0] @ W, b[0], 0.4, nodes=2**16) == pytest.approx(exact, rel=1e-5)


@pytest.mark.parametrize(("p", "size"), [(0.01, 170.0), (0.1, 7.0), (0.5, 0.4)])
def test_finite_networks_deviate_by_cumulants_of_order_1_over_n(p: float, size: float) -> None:
    """What the first two cumulants leave is of a higher order, and gone faster."""
    rng, left = np.random.default_rng(4), []
    for n in (128, 1024):
        networks = [network(n, p, rng) for _ in range(8)]
        deviation = n * np.array([excess(one, p) for one in networks])
        rest = deviation - n * np.array([first_correction(one, p) for one in networks])
        assert 0.5 * size < np.sqrt(np.mean(deviation**2)) < 2 * size
        left.append(np.sqrt(np.mean(rest**2)))
    assert left[0] < 0.3 * size
    assert left[1] < left[0] / 3


def test_dense_networks_beat_digons_and_sparse_ones_do_not() -> None:
    rng = np.random.default_rng(5)
    for p, lower in ((1.0, True), (0.9, True), (0.6, False), (0.1, False)):
        exact = (1 + excess(network(1024, p, rng), p)) * mean_field.loss(0.5, p).loss
        assert (exact < mean_field.digon_loss(p)) == lower


def test_sampled_loss_of_a_network_of_512_features() -> None:
    """Ten thousand samples of 512 errors, against the exact loss of one feature.

    The mean field itself is off by about 7/512 here, more than the statistical error.
    """
    n, p, chunk = 512, 0.1, 2000
    rng = np.random.default_rng(6)
    W, b = network(n, p, rng)
    means = []
    for _ in range(5):
        x = rng.random((chunk, n)) * (rng.random((chunk, n)) < p)
        output = np.maximum(x @ W.T @ W + b, 0.0)
        means.append(np.mean((x - output) ** 2, axis=1))
    sample = np.concatenate(means)
    error = np.std(sample) / np.sqrt(sample.size)
    exact = row_loss(W[:, 0] @ W, b[0], p)
    assert abs(np.mean(sample) - exact) < 4 * error
    assert error < 5e-3 * exact
    assert abs(np.mean(sample) / mean_field.loss(0.5, p).loss - 1) < 3 * 7 / n


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda rng: mean_field.hadamard_weights(12, 3, 1.0, rng=rng), "`n` must be a power of 2"),
        (lambda rng: mean_field.hadamard_weights(8, 9, 1.0, rng=rng), "`m` must be at most 8"),
        (lambda rng: mean_field.hadamard_weights(8, 2, -1.0, rng=rng), "`a` must be finite and >="),
        (lambda rng: mean_field.hadamard_rows_weights(8, [1, 1], 1.0), "`rows` must be a list"),
        (lambda rng: mean_field.hadamard_rows_weights(8, [8], 1.0), "integers from 0 to 7"),
        (lambda rng: mean_field.hidden_bias(0.1, [1.0], density=0.5), r"`W` must have shape"),
    ],
)
def test_wrong_arguments_are_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(np.random.default_rng(0))
