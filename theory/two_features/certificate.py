"""Statements about states proved by interval arithmetic: existence, excess loss, stability."""

import functools
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np

from theory._checks import check_density, check_finite, check_relative_importance, shown
from theory.numeric import Function, RootNotFound, interval_function
from theory.two_features.excess import (
    ACUTE,
    ANTIPODAL,
    COORDINATES,
    density,
    excess,
    importance,
    second_density,
)
from theory.two_features.states import State

Exact = float | str | Fraction
Interval = Any  # mpmath.iv.mpf
Number = Any  # mpmath.mpf
_iv: Any = mpmath.iv
_DIGITS = 50
_RADIUS = 1e-12  # of the box that holds exactly one stationary point, in units of v
_POLISH = 8
_PAIRS = [(i, j) for i in range(4) for j in range(i, 4)]


@dataclass(frozen=True)
class Certificate:
    """What is proved of one stationary state.

    excess: two numbers between which its loss above dedicated lies, rounded outwards;
    sign: that of the excess, 0 if not decided;
    index: number of directions of negative curvature; None if not decided.
    """

    excess: tuple[float, float]
    sign: int
    index: int | None

    @property
    def stable(self) -> bool | None:
        """Whether the state is a strict local minimum; None if not decided."""
        return None if self.index is None else self.index == 0


def certify(
    p: Exact, r: Exact, state: State | Sequence[float], *, second_density: Exact | None = None
) -> Certificate:
    """Proof that a stationary state lies next to an approximate one, and of what it is.

    state: a `State` with w₁ > 0 and w₂ ≠ 0, or its (w₁, w₂, b₁, b₂). In the coordinates
    y = (v, a, β, γ) of `theory.two_features.excess` an interval Newton test (Krawczyk) proves that
    exactly one solution of ∇L = 0 lies in a box of 1e-12 around it, with 50 digits. Its excess
    L - r (q/3 - q²/4) = v² Q is enclosed, and its curvatures are counted by the signs of the pivots
    of the enclosed Hessian. Where a kink of the loss crosses the box, both sides are enclosed.
    p, r and `second_density` (by default p) are taken as the exact numbers they are: a float, a
    decimal string or a fraction.
    Raises ValueError for wrong arguments, RootNotFound where the test proves nothing: no
    stationary state there, or one too close to another. Source: derived here.
    """
    exact = _fractions(p, r, p if second_density is None else second_density)
    side, start = _coordinates(state, float(exact[1]))
    with _digits():
        numbers = [_iv.mpf(x.numerator) / x.denominator for x in exact]
        box = _enclose(functools.partial(_entries, side, numbers), start)
        return _certificate(box, *_parts(_entries(side, numbers, box)))


def _fractions(p: Exact, r: Exact, q: Exact) -> tuple[Fraction, Fraction, Fraction]:
    """p, q and r as exact fractions, checked."""
    first, second, ratio = _fraction("p", p), _fraction("second_density", q), _fraction("r", r)
    check_density(float(first), "p")
    check_density(float(second), "second_density")
    check_relative_importance(float(ratio), "r")
    return first, second, ratio


def _fraction(name: str, x: Exact) -> Fraction:
    """`x` as the exact number it is."""
    try:
        if isinstance(x, bool):
            raise TypeError
        value = Fraction(x)
        float(value)
    except (TypeError, ValueError, ArithmeticError):
        rule = "a finite number or a string of one"
        raise ValueError(f"Argument `{name}` must be {rule}, but is {shown(x)}.") from None
    return value


def _coordinates(state: State | Sequence[float], q: float) -> tuple[int, list[Number]]:
    """Side and y = (v, a, β, γ) of a state given by weights and biases."""
    numbers = (*state.weights, *state.biases) if isinstance(state, State) else state
    array = check_finite("state", numbers)
    if array.shape != (4,):
        rule = "a state, or its (w₁, w₂, b₁, b₂)"
        raise ValueError(f"Argument `state` must be {rule}, but is {shown(state)}.")
    w1, w2, b1, b2 = map(float, array)
    if w1 <= 0 or w2 == 0:
        raise ValueError(f"Argument `state` must have w₁ > 0 and w₂ ≠ 0, but has {w1} and {w2}.")
    v = abs(w2)
    y = np.array([v, (w1 - 1) / v, b1 / v, (b2 - q / 2) / v])
    return (ACUTE if w2 > 0 else ANTIPODAL), [mpmath.mpf(float(c)) for c in y]


@contextmanager
def _digits() -> Iterator[None]:
    """Fifty digits for intervals and for numbers, inside."""
    before = _iv.dps
    _iv.dps = _DIGITS
    try:
        with mpmath.workdps(_DIGITS):
            yield
    finally:
        _iv.dps = before


@functools.cache
def _function(side: int) -> Function:
    """Interval function (y, p, q, r) -> Q, its gradient and the upper half of its Hessian."""
    value: Any = excess(side)
    gradient = [value.diff(y) for y in COORDINATES]
    hessian = [gradient[i].diff(COORDINATES[j]) for i, j in _PAIRS]
    return interval_function(
        (*COORDINATES, density, second_density, importance), [value, *gradient, *hessian]
    )


def _entries(side: int, numbers: Sequence[Interval], y: Sequence[Interval]) -> list[Interval]:
    p, q, r = numbers
    return _function(side)(*y, p, q, r)


def _parts(entries: list[Interval]) -> tuple[Interval, list[Interval], list[list[Interval]]]:
    """Q, its gradient and its Hessian."""
    hessian = [[_iv.mpf(0)] * 4 for _ in range(4)]
    for (i, j), entry in zip(_PAIRS, entries[5:], strict=True):
        hessian[i][j] = hessian[j][i] = entry
    return entries[0], entries[1:5], hessian


def _conditions(y: Sequence[Interval], entries: list[Interval]) -> tuple[Any, Any]:
    """2Q + v ∂Q/∂v and ∂Q/∂(a, β, γ), which vanish at a state, with their derivatives in y."""
    value, gradient, hessian = _parts(entries)
    first = [2 * gradient[j] + y[0] * hessian[0][j] for j in range(4)]
    first[0] += gradient[0]
    residual = [2 * value + y[0] * gradient[0], *gradient[1:]]
    return _iv.matrix(residual), _iv.matrix([first, *hessian[1:]])


def _enclose(entries: Any, start: list[Number]) -> list[Interval]:
    """A tight box with exactly one solution, by Newton at its middle and Krawczyk's test."""
    middle = start
    for _ in range(_POLISH):
        residual, jacobian = _at(entries, middle)
        step = mpmath.lu_solve(_middle(jacobian), _middle(residual))
        middle = [c - step[i] for i, c in enumerate(middle)]
    if max(abs(c - s) for c, s in zip(middle, start, strict=True)) > 1e-3:
        raise RootNotFound("Newton's method left the approximate state.")
    radius = _RADIUS * abs(middle[0])
    box = [_iv.mpf([c - radius, c + radius]) for c in middle]
    image = _krawczyk(entries, box, middle)
    if not all(new.a > old.a and new.b < old.b for new, old in zip(image, box, strict=True)):
        raise RootNotFound("No single stationary state is proved in the box.")
    for _ in range(2):
        image = _krawczyk(entries, image, [_centre(c) for c in image])
    return image


def _krawczyk(entries: Any, box: list[Interval], middle: list[Number]) -> list[Interval]:
    """c - Y F(c) + (1 - Y J(box))(box - c), with Y about the inverse of J: holds all solutions."""
    residual, _ = _at(entries, middle)
    jacobian = _conditions(box, entries(box))[1]
    inverse = _iv.matrix(_middle(jacobian) ** -1)
    offset = _iv.matrix([x - _iv.mpf(c) for x, c in zip(box, middle, strict=True)])
    spread = (_iv.eye(4) - inverse * jacobian) * offset
    shift = inverse * residual
    return [_iv.mpf(c) - shift[i] + spread[i] for i, c in enumerate(middle)]


def _at(entries: Any, point: list[Number]) -> tuple[Any, Any]:
    y = [_iv.mpf(c) for c in point]
    return _conditions(y, entries(y))


def _centre(x: Interval) -> Number:
    return mpmath.mpf(x.mid)


def _middle(matrix: Any) -> Any:
    return matrix.apply(_centre) if matrix.cols > 1 else mpmath.matrix([_centre(x) for x in matrix])


def _certificate(box: list[Interval], value: Interval, gradient: Any, hessian: Any) -> Certificate:
    loss = box[0] ** 2 * value
    curvature = [row[:] for row in hessian]
    for j in range(4):
        curvature[0][j] += 2 * gradient[j] / box[0]
        curvature[j][0] += 2 * gradient[j] / box[0]
    curvature[0][0] += 2 * value / box[0] ** 2
    bounds = np.nextafter(float(loss.a), -np.inf), np.nextafter(float(loss.b), np.inf)
    sign = int(loss.a > 0) - int(loss.b < 0)
    return Certificate((float(bounds[0]), float(bounds[1])), sign, _negative_pivots(curvature))


def _negative_pivots(matrix: list[list[Interval]]) -> int | None:
    """Number of negative eigenvalues by elimination; None if a pivot's sign is not decided."""
    negative = 0
    for k in range(4):
        pivot = matrix[k][k]
        if pivot.a <= 0 <= pivot.b:
            return None
        negative += int(pivot.b < 0)
        for i in range(k + 1, 4):
            factor = matrix[i][k] / pivot
            for j in range(k + 1, 4):
                matrix[i][j] = matrix[i][j] - factor * matrix[k][j]
    return negative
