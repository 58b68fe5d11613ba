"""The mean field: its integrals by quadrature, its minimum by brute force, its limits as laws."""

import mpmath
import numpy as np
import pytest
from scipy.optimize import minimize

from theory import mean_field
from theory.linear_flow import feature_variance, linear_optimum

POINTS = [
    (1.2, -0.3, 0.5, 0.1),
    (0.4, 0.1, 0.2, 0.9),
    (2.0, -1.5, 0.01, 1e-3),
    (1.0, 0.0, 0.9, 1.0),
]
GRID = [(r, p) for p in (1.0, 0.6, 0.1, 1e-2, 1e-4) for r in (0.9, 0.5, 0.1, 1e-2, 1e-3)]


def quadrature_loss(a: float, b: float, ratio: float, p: float) -> float:
    """(1-p) E ReLU(b + σz)² + p ∫ E(ReLU(au + b + σz) - u)² du, Gauss-Legendre in y and u."""
    sigma = a * np.sqrt((1 / ratio - 1) * (p / 3 - p**2 / 4))
    nodes, weights = np.polynomial.legendre.leggauss(80)
    u, share = (nodes + 1) / 2, weights / 2

    def over_noise(mean: float, target: float) -> float:
        low, high = max(0.0, mean - 12 * sigma), max(0.0, mean + 12 * sigma)
        y = low + (high - low) * u
        bell = np.exp(-(((y - mean) / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))
        mass = (high - low) * share * bell
        return float(mass @ (y**2 - 2 * y * target) + target**2)

    active = [over_noise(a * x + b, x) for x in u]
    return (1 - p) * over_noise(b, 0.0) + p * float(share @ active)


def precise_loss(a: float, b: float, ratio: float, p: float) -> mpmath.mpf:
    """The same from moments of the rectified Gaussian, at mpmath's working precision."""
    a, b, ratio, p = map(mpmath.mpf, (a, b, ratio, p))
    sigma = a * mpmath.sqrt((1 / ratio - 1) * (p / 3 - p**2 / 4))

    def moments(mean: mpmath.mpf) -> list[mpmath.mpf]:
        k = [mpmath.npdf(mean, 0, sigma), mpmath.ncdf(mean, 0, sigma)]
        for order in (1, 2, 3):
            k.append((mean * k[-1] + sigma**2 * k[-2]) / order)
        return k[1:]

    low, high = moments(b), moments(a + b)
    square = 2 * (high[3] - low[3]) / a
    overlap = (high[2] - (high[3] - low[3]) / a) / a
    return 2 * (1 - p) * low[2] + p * (square - 2 * overlap + mpmath.mpf(1) / 3)


@pytest.mark.parametrize(("a", "b", "ratio", "p"), POINTS)
def test_loss_against_quadrature(a: float, b: float, ratio: float, p: float) -> None:
    exact = quadrature_loss(a, b, ratio, p)
    assert float(mean_field.stationary_loss(a, b, ratio, p)) == pytest.approx(exact, rel=2e-11)


@pytest.mark.usefixtures("mp_digits")
@pytest.mark.parametrize(
    ("ratio", "p"),
    [(0.5, 0.1), (1e-4, 1e-6), (0.9999, 1e-6), (1e-4, 1.0), (0.02, 1e-3), (0.7, 0.5)],
)
def test_minimum_is_one_to_eleven_digits(ratio: float, p: float) -> None:
    """Loss at forty digits, and the distance down to the minimum by one Newton step there."""
    found = mean_field.loss(ratio, p)
    exact = precise_loss(found.a, found.bias, ratio, p)
    assert found.loss == pytest.approx(float(exact), rel=1e-11)

    def at(x: mpmath.mpf, y: mpmath.mpf) -> mpmath.mpf:
        return precise_loss(x, y, ratio, p)

    slope = [mpmath.diff(at, (found.a, found.bias), order) for order in ((1, 0), (0, 1))]
    orders = (((2, 0), (1, 1)), ((1, 1), (0, 2)))
    hessian = mpmath.matrix(
        [[mpmath.diff(at, (found.a, found.bias), order) for order in row] for row in orders]
    )
    assert hessian[0, 0] > 0
    assert mpmath.det(hessian) > 0
    step = mpmath.lu_solve(hessian, mpmath.matrix(slope))
    assert abs(float(step[0])) < 1e-9 * found.a
    assert abs(float(step[1])) < 1e-9 * abs(found.bias)
    assert float(sum(s * d for s, d in zip(slope, step, strict=True)) / exact) < 1e-11


def test_reference_state() -> None:
    """Numbers given to this precision in the sources of the project."""
    found = mean_field.loss(0.5, 0.1)
    assert found.loss == pytest.approx(0.006376, abs=5e-7)
    assert found.a == pytest.approx(1.207, abs=5e-4)
    assert found.bias == pytest.approx(-0.279, abs=5e-4)


@pytest.mark.parametrize(("ratio", "p"), [(0.5, 0.1), (0.05, 0.1), (0.01, 1e-3), (0.3, 0.9)])
def test_no_start_ends_lower(ratio: float, p: float) -> None:
    best = mean_field.loss(ratio, p)
    rng = np.random.default_rng(1)
    for log_a, b in rng.uniform((-7.0, -2.0), (1.0, 1.0), size=(8, 2)):
        end = minimize(
            lambda y: float(mean_field.stationary_loss(np.exp(y[0]), y[1], ratio, p)) / p,
            (log_a, b),
            method="Nelder-Mead",
            options={"xatol": 1e-7, "fatol": 1e-14, "maxiter": 600},
        )
        assert end.fun * p >= best.loss * (1 - 1e-12)


@pytest.mark.parametrize(("ratio", "p"), GRID)
def test_one_valley_from_end_to_end(ratio: float, p: float) -> None:
    """Along τ = b/σ, a at its best (three points make the parabola in a): down, then up."""
    kappa = float(mean_field.noise(ratio, p))
    tau = np.sinh(np.linspace(-2.4, np.arcsinh(10 + p / ratio / kappa), 600))
    zero, one, two = (mean_field.stationary_loss(a, a * kappa * tau, ratio, p) for a in (0, 1, 2))
    curvature = zero - 2 * one + two
    a = (3 * zero - 4 * one + two) / (2 * curvature)
    valley = zero - curvature * a**2 / 2
    steps = np.diff(valley) / p
    steps = steps[np.abs(steps) > 1e-12]
    assert np.count_nonzero(np.diff(np.sign(steps))) == 1
    assert np.min(valley) >= mean_field.loss(ratio, p).loss - 1e-14
    assert np.min(valley) == pytest.approx(mean_field.loss(ratio, p).loss, rel=5e-3)


@pytest.mark.parametrize(("ratio", "p"), GRID)
def test_loss_is_below_that_of_the_linear_model(ratio: float, p: float) -> None:
    linear = float(mean_field.linear_loss(ratio, p))
    assert mean_field.loss(ratio, p).loss <= linear * (1 + 1e-14)
    assert linear < float(feature_variance(p))


def test_linear_loss_is_the_optimum_of_a_network_at_any_size() -> None:
    for n, m in ((8, 3), (50, 20)):
        total = linear_optimum(m, np.ones(n), 0.2)
        assert n * float(mean_field.linear_loss(m / n, 0.2)) == pytest.approx(total, rel=1e-14)


def test_ends_of_the_range_of_ratios() -> None:
    for p in (1.0, 0.1, 1e-3):
        assert mean_field.loss(1.0, p) == mean_field.MeanField(0.0, 1.0, 0.0)
        assert float(mean_field.stationary_loss(1.0, 0.0, 1.0, p)) == 0.0
        near = mean_field.loss(1 - 1e-6, p).loss / (1e-6 * float(feature_variance(p)))
        assert near == pytest.approx(mean_field.edge_slope(p), rel=2e-3)
        assert mean_field.scaling_exponent(1.0, p) == -np.inf
    for p in (1.0, 0.3):
        small = mean_field.loss(0.002, p)
        assert small.loss == pytest.approx(float(mean_field.linear_loss(0.002, p)), rel=1e-12)
        assert small.a == pytest.approx(0.002, rel=1e-11)
        exponent = mean_field.scaling_exponent(0.002, p)
        assert exponent == pytest.approx(-0.002 / (1 - 0.002), rel=1e-11)
        assert small.bias == pytest.approx(p / 2 * (1 - 0.002), rel=1e-11)
    assert mean_field.edge_slope(1.0) == pytest.approx(1.0, rel=1e-14)


def test_sparse_limit_at_fixed_ratio() -> None:
    for ratio in (0.2, 0.5):
        p = 1e-8
        weak = mean_field.edge_slope(p) * float(mean_field.noise(ratio, p)) ** 2
        assert mean_field.loss(ratio, p).loss == pytest.approx(weak, rel=2e-3)
        assert mean_field.scaling_exponent(ratio, p) == pytest.approx(-1 / (1 - ratio), rel=2e-3)
    slopes = [mean_field.edge_slope(p) / (p * np.log(1 / p) / 2) for p in (1e-20, 1e-80, 1e-300)]
    assert 0.9 < slopes[0] < slopes[1] < slopes[2] < 1.0


def test_sparse_networks_live_in_the_tail_of_the_noise() -> None:
    for p, tail in ((1e-3, -2.8), (1e-6, -4.4)):
        found = mean_field.loss(0.5, p)
        tau = found.bias / (found.a * float(mean_field.noise(0.5, p)))
        assert tau == pytest.approx(tail, abs=0.05)


def test_storing_nothing_is_no_minimum_and_death_is_flat() -> None:
    for ratio, p in ((0.001, 1e-4), (0.3, 0.2), (1.0, 1.0)):
        variance = float(feature_variance(p))
        empty = float(mean_field.stationary_loss(0.0, p / 2, ratio, p))
        assert empty == pytest.approx(variance, rel=1e-14)
        step = 1e-7
        shifted = float(mean_field.stationary_loss(step, p / 2, ratio, p))
        expected = -2 * variance + variance * step / ratio + p**2 * step / 4
        assert (shifted - empty) / step == pytest.approx(expected, rel=1e-5, abs=2e-9)
        assert float(mean_field.stationary_loss(0.0, -0.3, ratio, p)) == pytest.approx(p / 3)
        assert float(mean_field.stationary_loss(1e-6, -0.3, ratio, p)) == pytest.approx(p / 3)


@pytest.mark.parametrize(
    ("ratio", "p"), [(0.5, 0.1), (0.1, 1.0), (0.02, 1e-3), (0.95, 0.5), (1e-4, 1e-12)]
)
def test_exponent_is_the_slope_of_the_loss(ratio: float, p: float) -> None:
    width = 1e-4 * (1 - ratio)
    losses = [mean_field.loss(ratio * np.exp(step), p).loss for step in (-width, width)]
    slope = np.diff(np.log(losses))[0] / (2 * width)
    assert mean_field.scaling_exponent(ratio, p) == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize("p", [1.0, 0.3, 1e-3])
def test_dropping_features_pays_below_the_storage_ratio_only(p: float) -> None:
    star, dropped = mean_field.storage_ratio(p), float(feature_variance(p))
    shares = np.linspace(0.05, 1.0, 40)
    for ratio in (star / 3, star * 0.9, (1 + star) / 2):
        mixtures = [
            s * mean_field.loss(min(ratio / s, 1.0), p).loss + (1 - s) * dropped
            for s in shares
            if ratio / s <= 1
        ]
        envelope = mean_field.partial_storage_loss(ratio, p)
        assert min(mixtures) >= envelope * (1 - 1e-13)
        assert min(mixtures) == pytest.approx(envelope, rel=0.03)
        assert (envelope < mean_field.loss(ratio, p).loss * (1 - 1e-9)) == (ratio < star)
    rise = mean_field.loss(star, p).loss * mean_field.scaling_exponent(star, p) / star
    assert rise == pytest.approx((mean_field.loss(star, p).loss - dropped) / star, rel=1e-9)


@pytest.mark.parametrize(("p", "concave"), [(1.0, True), (0.9, True), (0.7, False), (0.1, False)])
def test_mixing_with_dedicated_features_pays_near_ratio_one_when_dense(
    p: float, concave: bool
) -> None:
    losses = [mean_field.loss(1 - gap, p).loss for gap in (1e-4, 5e-5)]
    assert (losses[1] > losses[0] / 2) == concave


def test_storage_ratio_from_dense_to_sparse() -> None:
    assert mean_field.storage_ratio(1.0) == pytest.approx(0.72, abs=5e-3)
    densities = [1.0, 0.5, 0.1, 1e-2, 1e-3, 1e-6]
    ratios = [mean_field.storage_ratio(p) for p in densities]
    assert np.all(np.diff(ratios) < 0)
    for p, ratio in zip(densities[-2:], ratios[-2:], strict=True):
        assert 1.3 < ratio / (p * np.log(1 / p)) < 1.4


def test_digons_against_the_mean_field() -> None:
    p = mean_field.digon_density()
    assert p == pytest.approx(0.6831, abs=5e-5)
    assert mean_field.digon_loss(p) == pytest.approx(mean_field.loss(0.5, p).loss, rel=1e-12)
    for other in (1e-3, 0.1, 0.6, 0.75, 0.9, 1.0):
        excess = mean_field.digon_loss(other) / mean_field.loss(0.5, other).loss - 1
        assert (excess > 0) == (other > p)
        assert excess < 0.005

    def gain(p: float) -> float:
        """What a dimension saves with digons, less what it saves in the mean field."""
        star, dropped = mean_field.storage_ratio(p), float(feature_variance(p))
        return (
            2 * (dropped - mean_field.digon_loss(p))
            - (dropped - mean_field.loss(star, p).loss) / star
        )

    for low, high, sign in ((0.09685, 0.0969, 1), (0.6716, 0.6717, -1)):
        assert sign * gain(low) < 0 < sign * gain(high)
    assert mean_field.digon_loss(0.6716) < mean_field.partial_storage_loss(0.5, 0.6716)
    assert mean_field.digon_loss(0.6717) > mean_field.partial_storage_loss(0.5, 0.6717)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_field.loss(0.0, 0.1), r"`ratio` must be in \(0, 1\], but is 0.0"),
        (lambda: mean_field.loss(0.5, 1.5), r"`density` must be in \(0, 1\], but is 1.5"),
        (lambda: mean_field.stationary_loss(-1, 0, 0.5, 0.1), "`a` must be finite and >= 0"),
        (lambda: mean_field.stationary_loss(1, np.nan, 0.5, 0.1), "`b` must be finite"),
        (lambda: mean_field.scaling_exponent(2.0, 0.1), r"`ratio` must be in \(0, 1\], but is 2.0"),
        (lambda: mean_field.storage_ratio(0.0), r"`density` must be in \(0, 1\], but is 0.0"),
        (lambda: mean_field.linear_loss(np.nan, 0.1), r"`ratio` must be in \(0, 1\], but is nan"),
    ],
)
def test_wrong_arguments_are_named(call, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
