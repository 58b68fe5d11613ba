"""Three features in two dimensions: changes of first order at fifty digits."""

import functools

import mpmath

from tests.theory.changes import changes
from theory.numeric import Function, mpmath_function
from theory.population_loss import positive_part_feature_loss
from theory.symbols import model_symbols
from theory.three_features import State


def test_signs_on_both_sides_of_a_change_at_fifty_digits() -> None:
    """The other form of the loss at both states: r is right to 1e-9.

    Stationary states are known to 1e-10, their losses to second order in that; the difference of
    losses is above 1e-14.
    """
    with mpmath.workdps(50):
        for change in changes():
            for side in (-1, 1):
                r = mpmath.mpf(change.relative_importance) * (1 + side * mpmath.mpf("1e-9"))
                p = mpmath.mpf(change.density)
                below, above = (_mp_loss(state, p, r) for state in (change.below, change.above))
                assert mpmath.sign(below - above) == side
                assert abs(below - above) > 1e-14


def _mp_loss(state: State, p: mpmath.mpf, r: mpmath.mpf) -> mpmath.mpf:
    W = mpmath.matrix(state.weights.tolist())
    gram, bias = W.T * W, [mpmath.mpf(float(b)) for b in state.biases]
    orders = ((0, 1, 2), (1, 0, 2), (2, 0, 1))
    rows = [_mp_row([gram[order[0], j] for j in order], bias[order[0]], p) for order in orders]
    return rows[0] + rows[1] + r * rows[2]


def _mp_row(couplings: list[mpmath.mpf], bias: mpmath.mpf, p: mpmath.mpf) -> mpmath.mpf:
    """The loss of one output; features with no coupling to it do not enter."""
    if couplings[0] == 0:
        assert not any(couplings)
        return p / 3 - p * bias + bias**2
    known = [coupling for coupling in couplings if coupling != 0]
    return _row_function(len(known))(*known, bias, p)


@functools.cache
def _row_function(n: int) -> Function:
    symbols = model_symbols(n)
    p = symbols.density[0]
    row = positive_part_feature_loss(symbols.gram[0], symbols.bias[0], (p,) * n, 0)
    return mpmath_function((*symbols.gram[0], symbols.bias[0], p), row)
