"""All antipodal states at a point, against many independent minimisations."""

import numpy as np
import pytest

from tests.theory.independent import dropped, hessian, minimise, two_feature_loss
from theory.numeric import RootNotFound
from theory.two_features import (
    State,
    acute_curve,
    acute_onset,
    antipodal_curve,
    antipodal_states,
    dedicated_stability_limit,
)
from theory.two_features.curve import curve, first_weight
from theory.two_features.excess import ACUTE, ANTIPODAL, Family


def _coordinates(state: State) -> np.ndarray:
    return np.array([*state.weights, *state.biases])


@pytest.mark.parametrize("seed", range(10))
def test_states_are_stationary_and_none_is_below_the_lowest(seed: int) -> None:
    rng = np.random.default_rng(seed)
    p, r = rng.uniform(0.02, 1.0), 10 ** rng.uniform(-1.2, 0.3)
    states = antipodal_states(p, r)
    for state in states:
        loss, gradient = two_feature_loss(_coordinates(state), p, r)
        assert state.loss == pytest.approx(loss, rel=1e-12)
        np.testing.assert_allclose(gradient, 0.0, atol=1e-10)
    lowest = min([r * dropped(p), dropped(p), *(state.loss for state in states)])
    starts = rng.normal(size=(6, 4)) * [1.0, 1.0, 0.2, 0.2]
    assert min(minimise(start, p, r).fun for start in starts) > lowest - 1e-10


@pytest.mark.parametrize(("p", "r"), [(0.3, 0.3), (0.6, 0.8), (0.72, 1.0), (0.75, 0.98)])
def test_stable_means_positive_curvature(p: float, r: float) -> None:
    """Hessian by central differences of the gradient from quadrature."""
    for state in antipodal_states(p, r):
        assert (np.linalg.eigvalsh(hessian(_coordinates(state), p, r))[0] > 0) == state.stable


def test_mirror_symmetry() -> None:
    """States at (p, 1/r) are those at (p, r) with the features exchanged, losses over r."""
    p, r = 0.75, 0.98
    states, mirror = antipodal_states(p, r), antipodal_states(p, 1 / r)
    assert len(states) == len(mirror) == 3
    for state, image in zip(states, mirror, strict=True):
        assert image.loss * r == pytest.approx(state.loss, rel=1e-12)
        assert image.weights == pytest.approx((-state.weights[1], -state.weights[0]), abs=1e-8)


def test_minima_and_saddles_alternate() -> None:
    """Dedicated is stable at this point; between it and the strong state stands one saddle."""
    states = sorted(antipodal_states(0.3, 0.3), key=lambda state: state.weights[1])
    assert [state.stable for state in states] == [True, False]


@pytest.mark.parametrize("p", [0.02, 0.3, 0.6, 0.9, 1.0])
def test_curve_holds_every_state_of_a_cut(p: float) -> None:
    cut = antipodal_curve(p)
    limit = float(dedicated_stability_limit(p))
    assert cut.relative_importance[0] == pytest.approx(limit, abs=1e-5)
    weights = [-state.weights[1] for state in cut.states]
    assert np.all(np.diff(weights) > 0)
    for r, state in list(zip(cut.relative_importance, cut.states, strict=True))[::7]:
        gradient = two_feature_loss(_coordinates(state), p, float(r))[1]
        np.testing.assert_allclose(gradient, 0.0, atol=1e-12)


@pytest.mark.parametrize("side", [ANTIPODAL, ACUTE])
def test_curves_pass_the_kink_at_any_density(side: int) -> None:
    """Where z₂ first vanishes r(v) turns at once; no density may break off there."""
    for p in 10 ** np.random.default_rng(0).uniform(-4, 0, 30):
        rows = curve(Family(float(p), float(p), side))
        assert np.all(np.diff(rows[:, 0]) > 0)
        assert rows[-1, 0] > first_weight(rows[-1])


@pytest.mark.parametrize("p", [0.05, 0.3, 0.65, 0.95])
def test_minima_are_where_the_curve_rises(p: float) -> None:
    """dr/d|w₂| and the least curvature have the same sign, away from the turns."""
    cut = antipodal_curve(p)
    rises = np.diff(cut.relative_importance) > 0
    stable = np.array([state.stable for state in cut.states])
    steady = rises[1:] == rises[:-1]
    np.testing.assert_array_equal(stable[1:-1][steady], rises[1:][steady])


@pytest.mark.parametrize("p", [1e-6, 1e-4, 0.02, 0.6, 1.0])
def test_acute_curve_holds_stationary_states_only(p: float) -> None:
    cut = acute_curve(p)
    assert cut.relative_importance[0] == pytest.approx(float(acute_onset(p)), abs=1e-5)
    assert cut.relative_importance[-1] == pytest.approx(1.0, abs=1e-3)
    for r, state in list(zip(cut.relative_importance, cut.states, strict=True))[::7]:
        loss, gradient = two_feature_loss(_coordinates(state), p, float(r))
        assert state.loss == pytest.approx(loss, rel=1e-11)
        np.testing.assert_allclose(gradient, 0.0, atol=1e-12 * p)


def test_no_antipodal_state_below_every_line() -> None:
    assert antipodal_states(0.9, 0.1) == []


def test_a_curve_that_breaks_off_is_an_error() -> None:
    with pytest.raises(RootNotFound, match=r"density 1e-06 could be followed to \|w₂\| ="):
        antipodal_curve(1e-6)


@pytest.mark.parametrize(
    ("p", "r", "message"),
    [
        (1.2, 0.5, r"Argument `p` must be in \(0, 1\], but is 1.2."),
        (0.5, 0.0, "Argument `r` must be positive and finite, but is 0.0."),
    ],
)
def test_wrong_arguments_are_named(p: float, r: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        antipodal_states(p, r)
