"""Truncated powers (t)_+^k as a sympy function, and their means over a box of uniform variables."""

import itertools
from collections.abc import Sequence
from typing import Any

import sympy as sp


class TruncatedPower(sp.Function):
    """(t)_+^k = t^k for t > 0 and 0 for t <= 0, for an integer k >= 0 (k = 0 is the unit step).

    Its derivative in t is k (t)_+^(k-1). The step counts as constant: its derivative is 0, the
    value on either side of the jump. A positive factor of t is pulled out, so that a common small
    scale appears as an explicit power, and sympy decides the sign of t where its assumptions can.
    """

    nargs = (2,)

    @classmethod
    def eval(cls, *args: Any) -> Any:
        """Simplify where the sign of the base, or of a factor of it, is known."""
        base, power = args
        if base.is_nonpositive:
            return sp.S.Zero
        if base.is_positive:
            return base**power
        return _pull_out_positive_factors(base, power) if base.is_Mul else None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Derivative in the base."""
        base, power = self._base_and_power()
        return sp.S.Zero if power == 0 else power * TruncatedPower(base, power - 1)

    def _base_and_power(self) -> tuple[Any, Any]:
        return self.args[0], self.args[1]

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        base, power = (printer.doprint(argument) for argument in self.args)
        text = rf"\left({base}\right)_{{+}}^{{{power}}}"
        return text if exp is None else rf"\left[{text}\right]^{{{exp}}}"


def _pull_out_positive_factors(base: Any, power: Any) -> Any:
    positive = [factor for factor in base.args if factor.is_positive]
    if not positive:
        return None
    rest = [factor for factor in base.args if not factor.is_positive]
    return sp.Mul(*positive) ** power * TruncatedPower(sp.Mul(*rest), power)


def box_mean(offset: sp.Expr, slopes: Sequence[sp.Expr], power: int) -> sp.Expr:
    """Mean of (offset + slopes·x)_+^power over independent x_j uniform on [0, 1].

    Averaging over one variable is a divided difference of the antiderivative, so d variables give
    one truncated power for each of the 2^d vertices v of the box:

        power!/(power + d)!  (Π_j 1/h_j)  Σ_v (-1)^(d-|v|) (offset + h·v)_+^(power+d)

    Slopes h_j that are identically zero drop out. Source: derived here.
    """
    slopes = [slope for slope in slopes if slope != 0]
    d = len(slopes)
    vertices = itertools.product((0, 1), repeat=d)
    total = sp.Add(*(_vertex_term(offset, slopes, vertex, power + d) for vertex in vertices))
    return total / (sp.rf(power + 1, d) * sp.Mul(*slopes))


def _vertex_term(
    offset: sp.Expr, slopes: Sequence[sp.Expr], vertex: Sequence[int], power: int
) -> sp.Expr:
    corner = offset + sp.Add(*(slope for slope, on in zip(slopes, vertex, strict=True) if on))
    return (-1) ** vertex.count(0) * TruncatedPower(corner, sp.Integer(power))


def box_first_moment(offset: sp.Expr, slopes: Sequence[sp.Expr], power: int, index: int) -> sp.Expr:
    """Mean of x_index (offset + slopes·x)_+^power over independent x_j uniform on [0, 1].

    One integration by parts in x_i, with h_i its slope, leaves two plain means:

        [ mean(t_+^(power+1) at x_i = 1) - mean(t_+^(power+1)) ] / ((power + 1) h_i)

    and 1/2 of the plain mean where h_i = 0. Source: derived here.
    """
    slope = slopes[index]
    if slope == 0:
        return box_mean(offset, slopes, power) / 2
    others = [*slopes[:index], *slopes[index + 1 :]]
    upper = box_mean(offset + slope, others, power + 1)
    return (upper - box_mean(offset, slopes, power + 1)) / ((power + 1) * slope)
