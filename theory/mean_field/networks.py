"""Weights and biases of a network that the mean field describes: rows of a Hadamard matrix."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import hadamard

from theory._checks import (
    as_number,
    check_count,
    check_finite,
    check_nonnegative,
    check_one_density,
    check_real,
    check_type,
)
from theory._memory import check_memory

Array = NDArray[np.float64]


def hadamard_weights(n: int, m: int, a: float, *, rng: np.random.Generator) -> Array:
    """W (m, n): m random different rows of the n × n Sylvester-Hadamard matrix, times √(a/m).

    G has the diagonal a, all its non-zero eigenvalues equal a n/m, and Σ_{j≠i} G_ij² =
    a² (n/m - 1) exactly, as in the mean field. G_ij depends only on i XOR j (counted from 0), so
    at equal biases all features have the same loss. n: a power of 2; m in 1..n; a >= 0.
    Their exact loss, at the mean-field (a, b), is above or below the mean field by O(1/n): at
    ρ = 1/2 the root mean square over choices of rows is 0.4/n of the loss at p = 0.5, 7/n at 0.1
    and 170/n at 0.01, from the third cumulant of the noise, whose sign the rows decide, and from
    the fourth, which makes the loss higher.
    Raises ValueError for n, m or a out of range. Source: Cowsik et al. 2024, arXiv 2410.12101.
    """
    n, m = _power_of_two(n), check_count("m", m)
    if m > n:
        raise ValueError(f"Argument `m` must be at most {n}, but is {m}.")
    check_type("rng", rng, np.random.Generator)
    return hadamard_rows_weights(n, rng.choice(n, m, replace=False), a)


def hadamard_rows_weights(n: int, rows: ArrayLike, a: float) -> Array:
    """As `hadamard_weights`, from the given `rows`: m different integers in 0..n-1."""
    n, a = _power_of_two(n), as_number("a", check_nonnegative("a", a))
    rows = _numbers(rows)
    distinct = rows.ndim == 1 and rows.size > 0 and len(np.unique(rows)) == rows.size
    inside = np.issubdtype(rows.dtype, np.integer) and np.all((rows >= 0) & (rows < n))
    if not (distinct and inside):
        rule = f"a list of different integers from 0 to {n - 1}"
        raise ValueError(f"Argument `rows` must be {rule}, but is {rows.tolist()!r:.60}.")
    return np.sqrt(a / rows.size) * hadamard(n)[rows]


def _power_of_two(n: int) -> int:
    """`n`, of which an (n, n) matrix fits memory."""
    check_memory("n", check_count("n", n), lambda size: 16 * size**2)
    if n & (n - 1):
        raise ValueError(f"Argument `n` must be a power of 2, but is {n}.")
    return int(n)


def _numbers(rows: ArrayLike) -> NDArray:
    """`rows` as an array; a ragged list, which is none, as one number."""
    try:
        return np.asarray(rows)
    except ValueError:
        return np.array(np.nan)


def hidden_bias(bias: float, W: ArrayLike, *, density: float) -> Array:
    """b_i (n,) = b - (p/2) Σ_{j≠i} G_ij: the network's biases at effective bias b (`bias`).

    b is the mean of z_i when feature i is inactive. W: (m, n); density p.
    Raises ValueError for arguments that are not finite and a density outside (0, 1].
    """
    W, p = check_finite("W", W), check_one_density(density)
    if W.ndim != 2:
        raise ValueError(f"Argument `W` must have shape (m, n), but has shape {W.shape}.")
    others = W.T @ W.sum(axis=1) - np.sum(W**2, axis=0)
    return check_real("bias", bias) - p / 2 * others
