"""Certified signs on either side of the lines, and what a certificate refuses."""

from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest

from theory.numeric import RootNotFound
from theory.two_features import (
    Certificate,
    State,
    acute_stability_limits,
    acute_states,
    antipodal_states,
    certify,
    dedicated_coexistence,
    dedicated_first_order_line,
    dedicated_stability_limit,
    strong_stability_limit,
    weak_stability_limits,
    weak_strong_coexistence,
    weak_strong_first_order_line,
)

SIDES = (1 - 1e-9, 1 + 1e-9)


def _nearest(states: list[State], state: State) -> State:
    return min(states, key=lambda other: abs(other.weights[1] - state.weights[1]))


@pytest.mark.parametrize("p", [0.01, 0.2, 0.4, 0.5, 0.9, 1.0])
def test_antipodal_beats_dedicated_beyond_its_line_only(p: float) -> None:
    line, pair = float(dedicated_first_order_line(p)), dedicated_coexistence(p)
    assert pair is not None
    found = [certify(p, line * side, pair.high_state) for side in SIDES]
    assert [certificate.sign for certificate in found] == [1, -1]
    assert all(certificate.stable for certificate in found)


@pytest.mark.parametrize("p", [0.515, 0.55, 0.6, 0.68])
def test_strong_beats_weak_beyond_its_line_only(p: float) -> None:
    line, pair = float(weak_strong_first_order_line(p)), weak_strong_coexistence(p)
    assert pair is not None
    signs = []
    for side in SIDES:
        weak, strong = (
            certify(p, line * side, state) for state in (pair.low_state, pair.high_state)
        )
        assert weak.stable
        assert strong.stable
        signs.append(_order(weak, strong))
    assert signs == [-1, 1]


def _order(first: Certificate, second: Certificate) -> int:
    """Certified sign of the loss of the first minus that of the second; 0 if they overlap."""
    above = first.excess[0] > second.excess[1]
    return int(above) - int(first.excess[1] < second.excess[0])


@pytest.mark.parametrize(("line", "p"), [("first", 0.3), ("first", 0.9), ("second", 0.6)])
def test_saddles_have_index_one(line: str, p: float) -> None:
    pair = (dedicated_coexistence if line == "first" else weak_strong_coexistence)(p)
    assert pair is not None
    certificate = certify(p, pair.relative_importance, pair.saddle)
    assert certificate.index == 1
    assert certificate.stable is False
    assert certificate.excess[0] > pair.low_state.excess
    low, high = certificate.excess
    assert low <= pair.saddle.excess <= high or pair.saddle.excess == pytest.approx(low, rel=1e-10)


FOLDS = [
    (strong_stability_limit, antipodal_states, 0.3, 1),
    (strong_stability_limit, antipodal_states, 0.6, 1),
    (lambda p: weak_stability_limits(p)[1], antipodal_states, 0.5, -1),
    (lambda p: weak_stability_limits(p)[0], antipodal_states, 0.9, 1),
    (lambda p: acute_stability_limits(p)[1], acute_states, 0.4, -1),
]


@pytest.mark.parametrize(("limit", "states", "p", "sense"), FOLDS)
def test_minimum_and_saddle_are_certified_next_to_a_fold(
    limit: Callable, states: Callable, p: float, sense: int
) -> None:
    """Inside by 1e-6 both exist; outside by 1e-9 Newton finds neither from the same starts."""
    fold = float(limit(p))
    inside = states(p, fold * (1 + sense * 1e-6))
    pairs = [(a, b) for a in inside for b in inside if a.stable and not b.stable]
    minimum, saddle = min(pairs, key=lambda ab: abs(ab[0].weights[1] - ab[1].weights[1]))
    r = fold * (1 + sense * 1e-6)
    assert certify(p, r, minimum).index == 0
    assert certify(p, r, saddle).index == 1
    for state in (minimum, saddle):
        with pytest.raises(RootNotFound):
            certify(p, fold * (1 - sense * 1e-9), state)


@pytest.mark.parametrize("p", [0.55, 0.65, 0.8])
def test_weak_is_below_dedicated_just_beyond_the_stability_limit(p: float) -> None:
    limit = float(dedicated_stability_limit(p))
    weak = antipodal_states(p, limit * (1 + 1e-6))[0]
    certificate = certify(p, limit * (1 + 1e-6), weak)
    assert certificate.sign == -1
    assert certificate.stable


def test_bounds_enclose_the_excess_tightly_for_exact_numbers() -> None:
    """A decimal string, a fraction: the same number; a float is another one."""
    state = _nearest(antipodal_states(0.3, 0.25), antipodal_states(0.3, 0.25)[0])
    decimal = certify("0.3", "0.25", state)
    assert decimal == certify(Fraction(3, 10), Fraction(1, 4), state)
    low, high = decimal.excess
    assert low < high
    assert high - low <= 4 * np.spacing(abs(low))
    assert state.excess == pytest.approx(low, rel=1e-12)


def test_unequal_densities_and_acute_states() -> None:
    state = antipodal_states(0.3, 0.6, second_density=0.5)[0]
    certificate = certify(0.3, 0.6, state, second_density=0.5)
    assert certificate.excess == pytest.approx((state.excess, state.excess), rel=1e-12)
    acute = acute_states(0.2, 0.8)[0]
    assert certify(0.2, 0.8, acute).index == (0 if acute.stable else 1)


def test_no_state_no_certificate() -> None:
    with pytest.raises(RootNotFound):
        certify(0.3, 0.3, (1.0, -0.1, 0.0, 0.15))


@pytest.mark.parametrize(
    ("p", "r", "state", "message"),
    [
        (1.5, 0.5, (1.0, -0.5, 0.0, 0.2), r"Argument `p` must be in \(0, 1\], but is 1.5."),
        (0.5, -1, (1.0, -0.5, 0.0, 0.2), "Argument `r` must be positive"),
        (0.5, 0.5, (1.0, 0.0, 0.0, 0.2), "Argument `state` must have w₁ > 0 and w₂ ≠ 0"),
        (0.5, 0.5, (1.0, -0.5, 0.0, np.nan), "Argument `state` must be finite"),
    ],
)
def test_wrong_arguments_are_named(p: float, r: float, state: tuple, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        certify(p, r, state)
