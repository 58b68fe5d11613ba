"""Special points, stability limits, unequal densities and errors of three features."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.optimize import minimize

from tests.theory.independent import dropped
from tests.theory.test_three_features import assert_stationary, loss, vector
from theory import three_features as theory
from theory import two_features
from theory.three_features import State

TILTED = [0.6, 0.95]


def phases(p: float) -> list[str]:
    changes = theory.transitions(p)
    return [changes[0].below.phase, *(change.above.phase for change in changes)]


def test_digon_13_top_is_the_end_of_digon_13() -> None:
    """Just below it digon 13 wins at that r, just above the isosceles state does."""
    p, r = theory.digon_13_top()
    assert theory.ground_state(p - 1e-5, r).phase == "digon 13"
    assert theory.ground_state(p + 1e-5, r).phase == "isosceles"
    for step in (0.03, -0.03):
        assert theory.ground_state(p, r + step).phase == "isosceles"
    assert "digon 13" in phases(p - 2e-3)
    assert "digon 13" not in phases(p + 2e-3)


def test_window_of_digon_13_closes_like_a_square_root() -> None:
    top = theory.digon_13_top()[0]
    widths = []
    for distance in (4e-4, 1e-4):
        changes = theory.transitions(top - distance)
        (k,) = [k for k, change in enumerate(changes) if change.below.phase == "digon 13"]
        low, high = (changes[j].relative_importance for j in (k - 1, k))
        widths.append(high - low)
    assert np.log(widths[0] / widths[1]) / np.log(4) == pytest.approx(0.5, abs=1e-2)


@pytest.fixture(scope="module")
def critical() -> tuple[theory.points.Point, theory.points.Point]:
    return theory.isosceles_critical_points()


def isosceles_changes(p: float) -> list[theory.Transition]:
    changes = theory.transitions(p)
    return [c for c in changes if c.below.phase == c.above.phase == "isosceles"]


def test_isosceles_states_change_at_once_outside_the_critical_points_only(critical) -> None:
    (low, low_r), (high, high_r) = critical
    for p in (0.6, low - 1e-3, high + 1e-3, 0.9):
        assert len(isosceles_changes(p)) == 1
    for p in (low + 1e-4, (low + high) / 2, high - 1e-4):
        assert isosceles_changes(p) == []
    for p, r, side in ((low, low_r, -1), (high, high_r, 1)):
        (change,) = isosceles_changes(p + side * 1e-3)
        assert change.relative_importance == pytest.approx(r, abs=3e-3)


def test_jump_closes_like_the_square_root_of_the_distance_to_a_critical_point(critical) -> None:
    for (p, _), side in zip(critical, (-1, 1), strict=True):
        jumps = [isosceles_changes(p + side * distance)[0].jump for distance in (8e-4, 2e-4)]
        assert np.log(jumps[0] / jumps[1]) / np.log(4) == pytest.approx(0.5, abs=1.5e-2)


def test_response_diverges_at_a_critical_point(critical) -> None:
    """The slope of the loss in r has an infinite derivative: |W₃| grows as a cube root."""
    for p, r in critical:
        steps = np.array([8e-5, 1e-5])
        up, down = (
            [theory.isosceles_states(p, r + side * step)[0].norms[2] for step in steps]
            for side in (1, -1)
        )
        rise = np.subtract(up, down)
        assert np.log(rise[0] / rise[1]) / np.log(8) == pytest.approx(1 / 3, abs=2e-2)


def tilted(p: float, angle: float, size: float) -> np.ndarray:
    """Digon 12 with W₁ and W₂ tilted towards feature 3 by size (cos, sin), b₃ still free."""
    state = two_features.ground_state(p, 1.0)
    (w1, w2), (b1, b2) = state.weights, state.biases
    c, s = size * np.cos(angle), size * np.sin(angle)
    return np.array([w1, w2, 0.0, c, s, -1.0, b1, b2, 0.0])


FREE = [0, 1, 5, 6, 7, 8]  # all but the tilts and the direction of W₃


def second_order(p: float, r: float, angle: float) -> float:
    """Change of the loss over size² at a given tilt, least in all else: by quadrature."""
    size = 1e-3
    y = tilted(p, angle, size)
    base = two_features.ground_state(p, 1.0).loss
    y[8] = size / 2

    def at(free: np.ndarray) -> tuple[float, np.ndarray]:
        y[FREE] = free
        value, gradient = loss(y, p, r)
        return (value - base) / size**2, gradient[FREE] / size**2

    return minimize(at, y[FREE], jac=True, method="BFGS", options={"gtol": 1e-3}).fun


@pytest.mark.parametrize("p", TILTED)
def test_digon_12_limit_is_where_the_best_tilt_costs_nothing(p: float) -> None:
    limit = theory.digon_12_stability_limit(p)
    angles = np.linspace(0.0, np.pi / 2, 13)
    assert all(second_order(p, 1.03 * limit, angle) > 0 for angle in angles)
    assert any(second_order(p, 0.97 * limit, angle) < 0 for angle in angles)


@pytest.mark.parametrize("p", [0.76, 0.8])
def test_scalene_state_joins_digon_12_at_its_limit(p: float) -> None:
    last = theory.transitions(p)[-1]
    assert (last.below.phase, last.continuous) == ("scalene", True)
    limit = last.relative_importance
    assert limit == theory.digon_12_stability_limit(p)
    digon = two_features.ground_state(p, 1.0).loss
    gains = [digon - theory.ground_state(p, limit - step).loss for step in (4e-3, 2e-3)]
    assert np.log2(gains[0] / gains[1]) > 1.5


@pytest.mark.parametrize("p", [0.54, 0.6, 0.65, 0.85, 0.95])
def test_isosceles_stability_limits_bound_stable_states(p: float) -> None:
    low, high = theory.isosceles_stability_limits(p)
    assert 0 < low < 1 < high
    for r in np.linspace(low * (1 + 1e-4), high * (1 - 1e-4), 7):
        assert any(state.stable for state in theory.isosceles_states(p, float(r)))
    for r, side in ((low, -1), (high, 1)):
        inside, outside = (_near(p, r * (1 + s * 1e-4 * side), r) for s in (-1, 1))
        assert inside is not None
        assert inside.stable
        assert outside is None or not outside.stable


def _near(p: float, r: float, limit: float) -> State | None:
    """The state at r next to the isosceles one just inside the limit, a stable one first."""
    inner = 1 + (limit - 1) * 0.999
    stable = [state for state in theory.isosceles_states(p, inner) if state.stable]
    start = max(stable, key=lambda state: state.norms[2])  # strong, as the triangle
    near = [
        state
        for state in theory.isosceles_states(p, r)
        if np.linalg.norm(vector(state) - vector(start)) < 0.1
    ]
    return min(near, key=lambda state: not state.stable, default=None)


@pytest.mark.parametrize(("p", "q"), [(0.5, 0.2), (0.94, 0.47), (0.6, 0.75), (0.25, 0.7)])
def test_states_at_unequal_densities(p: float, q: float) -> None:
    changes = theory.transitions(p, last_density=q)
    for change in changes:
        r = change.relative_importance
        assert_stationary(change.below, p, r, q)
        assert_stationary(change.above, p, r, q)
        assert change.below.loss == pytest.approx(change.above.loss, abs=1e-12)
        assert change.latent_loss >= 0
    r = [change.relative_importance for change in changes]
    assert np.all(np.diff(r) > 0)
    low = theory.ground_state(p, 1e-3, last_density=q)
    assert low.loss == pytest.approx(1e-3 * dropped(q), rel=1e-12)
    assert theory.ground_state(p, 50.0, last_density=q).phase == "digon 12"


@pytest.mark.parametrize("p", [0.3, 0.65])
def test_equal_last_density_is_the_default(p: float) -> None:
    one, other = theory.transitions(p), theory.transitions(p, last_density=p)
    assert [c.relative_importance for c in one] == [c.relative_importance for c in other]


def test_ansatz_boundaries_against_their_losses() -> None:
    """Unit weights: dropping costs I (p/3 - p²/4), an antipodal pair (I_a + I_b) p²/6."""
    for p in np.linspace(0.02, 0.99, 40):
        single, pair = dropped(p), p**2 / 6

        def losses(r: float, single: float = single, pair: float = pair) -> dict[str, float]:
            return {
                "dropped": r * single,
                "dropped 1": single,
                "digon 13": (1 + r) * pair,
                "digon 12": 2 * pair,
            }

        boundaries = theory.ansatz_boundaries(p)
        known = {name: float(r) for name, r in boundaries.items() if np.isfinite(r)}
        assert len(known) == (2 if p < 4 / 7 else 1)
        for name, r in known.items():
            ends = [side.replace("dropped 3", "dropped") for side in name.split(" | ")]
            below, above = losses(r * (1 - 1e-6)), losses(r * (1 + 1e-6))
            assert min(below, key=below.__getitem__) == ends[0]
            assert min(above, key=above.__getitem__) == ends[1]
            assert losses(r)[ends[0]] == pytest.approx(losses(r)[ends[1]], rel=1e-12)


def _lists(p: float) -> list[Callable[[], object]]:
    return [
        lambda: theory.ground_state(p, 0.5),
        lambda: theory.transitions(p),
        lambda: theory.triangle(p),
        lambda: theory.isosceles_states(p, 0.5),
        lambda: theory.isosceles_stability_limits(p),
        lambda: theory.digon_12_stability_limit(p),
        lambda: theory.ansatz_boundaries(p),
        lambda: theory.ground_state(0.5, 0.5, last_density=p),
        lambda: theory.transitions(0.5, last_density=p),
        lambda: theory.digon_12_stability_limit(0.5, last_density=p),
    ]


@pytest.mark.parametrize("p", [0.0, -0.1, 1.2, float("nan"), float("inf")])
def test_invalid_density_is_an_error(p: float) -> None:
    for call in _lists(p):
        message = rf"Argument `(p|last_density)` must be in \(0, 1\], but is {p}"
        with pytest.raises(ValueError, match=message):
            call()


@pytest.mark.parametrize("r", [0.0, -1.0, float("nan"), float("inf")])
def test_invalid_relative_importance_is_an_error(r: float) -> None:
    calls: list[Callable[[], object]] = [
        lambda: theory.ground_state(0.5, r),
        lambda: theory.isosceles_states(0.5, r),
        lambda: theory.transitions(0.5, relative_importance=(0.1, r)),
    ]
    for call in calls:
        with pytest.raises(ValueError, match=r"Argument `(r|relative_importance)`"):
            call()
