"""Exact expected loss of the ReLU-output model, derived symbolically for few features."""

import functools
import itertools
import math
from collections.abc import Iterator, Sequence
from numbers import Real

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from theory._checks import (
    check_count,
    check_density,
    check_finite,
    check_importance,
    check_type,
    real_array,
    shown,
)
from theory.numeric import Function, array_function
from theory.symbols import ModelSymbols, model_symbols
from theory.truncated_power import box_first_moment, box_mean

_MOST_FEATURES = 6  # the symbolic sum has 3^n terms a feature


def linear_loss(
    couplings: Sequence[sp.Expr], bias: sp.Expr, density: Sequence[sp.Expr], feature: int
) -> sp.Expr:
    """E(x_i - z_i)² of the model without ReLU, z_i = bias + Σ_j couplings_j x_j, i = `feature`.

    Variance plus mean squared, with the moments E x_j = p_j/2 and Var x_j = p_j/3 - p_j²/4.
    Source: derived here.
    """
    _check_row(couplings, bias, density, feature)
    weights = [int(j == feature) - coupling for j, coupling in enumerate(couplings)]
    spread = sp.Add(*(w**2 * (p / 3 - p**2 / 4) for w, p in zip(weights, density, strict=True)))
    mean = sp.Add(*(w * p / 2 for w, p in zip(weights, density, strict=True))) - bias
    return spread + mean**2


def rectification_gain(
    couplings: Sequence[sp.Expr], bias: sp.Expr, density: Sequence[sp.Expr], feature: int
) -> sp.Expr:
    """E[n_i² + 2 x_i n_i] with n_i = ReLU(-z_i): what the ReLU saves; never negative.

    Exact, one truncated power for each active set and vertex (3^n terms). It contains no
    differences where z_i >= 0 always, so it is accurate where couplings vanish in that case.
    Source: derived here.
    """
    _check_row(couplings, bias, density, feature)
    gain = sp.S.Zero
    for active, probability in active_sets(density):
        slopes = [-couplings[j] for j in active]
        term = box_mean(-bias, slopes, 2)
        if feature in active:
            term += 2 * box_first_moment(-bias, slopes, 1, active.index(feature))
        gain += probability * term
    return gain


def feature_loss(
    couplings: Sequence[sp.Expr], bias: sp.Expr, density: Sequence[sp.Expr], feature: int
) -> sp.Expr:
    """E(x_i - ReLU(z_i))² = linear loss - rectification gain; see those two functions."""
    arguments = (couplings, bias, density, feature)
    return linear_loss(*arguments) - rectification_gain(*arguments)


def positive_part_feature_loss(
    couplings: Sequence[sp.Expr], bias: sp.Expr, density: Sequence[sp.Expr], feature: int
) -> sp.Expr:
    """The same loss written p_i/3 - 2 E[x_i ReLU(z_i)] + E[ReLU(z_i)²].

    Equal to `feature_loss`; it loses digits as couplings vanish where z_i > 0. Source: derived
    here.
    """
    _check_row(couplings, bias, density, feature)
    loss = density[feature] / sp.Integer(3)
    for active, probability in active_sets(density):
        slopes = [couplings[j] for j in active]
        loss += probability * box_mean(bias, slopes, 2)
        if feature in active:
            moment = box_first_moment(bias, slopes, 1, active.index(feature))
            loss -= 2 * probability * moment
    return loss


def active_sets(density: Sequence[sp.Expr]) -> Iterator[tuple[tuple[int, ...], sp.Expr]]:
    """Every set of active features with its probability Π_{j in A} p_j Π_{j not in A} (1 - p_j)."""
    _check_expressions("density", density)
    return _active_sets(density)


def _active_sets(density: Sequence[sp.Expr]) -> Iterator[tuple[tuple[int, ...], sp.Expr]]:
    n = len(density)
    for size in range(n + 1):
        for active in itertools.combinations(range(n), size):
            factors = (p if j in active else 1 - p for j, p in enumerate(density))
            yield active, sp.Mul(*factors)


def total_loss(symbols: ModelSymbols) -> sp.Expr:
    """Σ_i I_i E(x_i - x'_i)² as an expression in the entries of `symbols`.

    x' = ReLU(G x + b) with G = WᵀW, and x_j = 0 with probability 1 - p_j, else uniform on [0, 1].
    Model: Elhage et al. 2022, Toy Models of Superposition; closed form derived here.
    """
    check_type("symbols", symbols, ModelSymbols)
    rows = zip(symbols.importance, symbols.bias, range(len(symbols.bias)), strict=True)
    return sp.Add(
        *(
            importance * feature_loss(symbols.gram[i], bias, symbols.density, i)
            for importance, bias, i in rows
        )
    )


def population_loss(
    W: ArrayLike, b: ArrayLike, *, importance: ArrayLike, density: ArrayLike
) -> float:
    """Exact population loss Σ_i I_i E(x_i - ReLU(W_i·W x + b_i))² at given weights.

    W: (m, n); b: (n,); importance: (n,) or scalar; density: (n,) or scalar, in (0, 1].
    For n <= 6, and meant for n <= 3, since it sums 3^n terms a feature. Of the two
    forms it takes the one without differences where all z_i have the sign of b_i, so couplings
    that vanish there do no harm, nor do couplings of exactly 0. Where z_i changes sign, a small
    coupling g costs about log10(1/g) digits of the terms in which it enters.
    Raises ValueError for shapes that do not fit, more than 6 features, W or b that are not finite,
    importances that are negative or not finite, and a density outside (0, 1].
    Model: Elhage et al. 2022, Toy Models of Superposition; closed form derived here.
    """
    W, b, importance, density = _checked(W, b, importance, density)
    gram = W.T @ W
    return float(
        sum(
            importance[i] * _row_function(tuple(row != 0), i, b[i] < 0)(*row, b[i], *density)
            for i, row in enumerate(gram)
        )
    )


@functools.cache
def _row_function(coupled: tuple[bool, ...], feature: int, negative_bias: bool) -> Function:
    """numpy function (g_i1, ..., g_in, b_i, p_1, ..., p_n) -> E(x_i - x'_i)², some g_ij = 0."""
    form = positive_part_feature_loss if negative_bias else feature_loss
    symbols = model_symbols(len(coupled))
    row = symbols.gram[feature]
    couplings = [g if on else sp.S.Zero for g, on in zip(row, coupled, strict=True)]
    loss = form(couplings, symbols.bias[feature], symbols.density, feature)
    return array_function((*row, symbols.bias[feature], *symbols.density), loss)


def _checked(
    W: ArrayLike, b: ArrayLike, importance: ArrayLike, density: ArrayLike
) -> tuple[NDArray[np.float64], ...]:
    weights = real_array("W", W)
    if weights.ndim != 2:
        raise ValueError(f"Argument `W` must have shape (m, n), but has shape {weights.shape}.")
    n = weights.shape[1]
    if n > _MOST_FEATURES:
        raise ValueError(
            f"Argument `W` must have at most {_MOST_FEATURES} columns (features), but has {n}."
        )
    bias = real_array("b", b)
    if bias.shape != (n,):
        raise ValueError(f"Argument `b` must have shape ({n},), but has shape {bias.shape}.")
    for name, array in (("W", weights), ("b", bias)):
        check_finite(name, array)
    scales = check_importance(_per_feature("importance", importance, n))
    return weights, bias, scales, check_density(_per_feature("density", density, n))


def _check_row(couplings: object, bias: object, density: object, feature: int) -> None:
    """Raises ValueError unless these are expressions of as many features, `feature` one of them."""
    n, own = _check_expressions("couplings", couplings), _check_expressions("density", density)
    if n != own:
        rule = f"as long as `couplings`, {n}"
        raise ValueError(f"Argument `density` must be {rule}, but has {own} entries.")
    if not _is_expression(bias):
        raise ValueError(f"Argument `bias` must be an expression, but is {shown(bias)}.")
    if check_count("feature", feature, 0) >= n:
        raise ValueError(f"Argument `feature` must be in [0, {n - 1}], but is {feature}.")


def _check_expressions(name: str, row: object) -> int:
    """How many expressions there are; raises ValueError unless it is a list or tuple of a few."""
    entries = row if isinstance(row, list | tuple) else ()
    if 1 <= len(entries) <= _MOST_FEATURES and all(map(_is_expression, entries)):
        return len(entries)
    rule = f"1 to {_MOST_FEATURES} expressions"
    raise ValueError(f"Argument `{name}` must be {rule}, but is {shown(row)}.")


def _is_expression(entry: object) -> bool:
    number = isinstance(entry, Real) and not isinstance(entry, bool) and math.isfinite(entry)
    return number or isinstance(entry, sp.Expr)


def _per_feature(name: str, value: ArrayLike, n: int) -> NDArray[np.float64]:
    array = real_array(name, value)
    if array.shape not in ((), (n,)):
        raise ValueError(
            f"Argument `{name}` must have shape () or ({n},), but has shape {array.shape}."
        )
    return np.broadcast_to(array, (n,))
