"""The symbols of the theory, named as in the rest of the project.

n features, m hidden dimensions; W (m, n) with feature i the column W_i; G = WᵀW; b biases;
I importances; p densities (probability that a feature is active); r relative importance of the
last feature.
"""

from dataclasses import dataclass

import sympy as sp

from theory._checks import check_count


@dataclass(frozen=True)
class ModelSymbols:
    """Symbols of the model x' = ReLU(G x + b) with n features.

    gram: rows of the symmetric matrix of the G_ij, real; bias: b_i, real; importance: I_i,
    positive; density: p_i, positive; feature: x_i, real.
    """

    gram: tuple[tuple[sp.Symbol, ...], ...]
    bias: tuple[sp.Symbol, ...]
    importance: tuple[sp.Symbol, ...]
    density: tuple[sp.Symbol, ...]
    feature: tuple[sp.Symbol, ...]

    @property
    def arguments(self) -> tuple[sp.Symbol, ...]:
        """Upper triangle of G by rows, then b, I and p: the arguments of numeric functions."""
        n = len(self.bias)
        couplings = (self.gram[i][j] for i in range(n) for j in range(i, n))
        return (*couplings, *self.bias, *self.importance, *self.density)


def model_symbols(n_features: int) -> ModelSymbols:
    """Fresh symbols for `n_features` features (n >= 1); equal calls give equal symbols."""
    check_count("n_features", n_features)
    names = range(1, n_features + 1)
    return ModelSymbols(
        gram=tuple(tuple(_coupling(i, j) for j in names) for i in names),
        bias=tuple(sp.Symbol(f"b_{i}", real=True) for i in names),
        importance=tuple(sp.Symbol(f"I_{i}", positive=True) for i in names),
        density=tuple(sp.Symbol(f"p_{i}", positive=True) for i in names),
        feature=tuple(sp.Symbol(f"x_{i}", real=True) for i in names),
    )


def _coupling(i: int, j: int) -> sp.Symbol:
    low, high = sorted((i, j))
    return sp.Symbol(f"G_{{{low}{high}}}", real=True)
