"""The closed form of the loss: against quadrature, its symmetries, its limits, its errors."""

import re

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from tests.theory.independent import loss_and_gradient
from theory.derivation import derivation, derivation_latex
from theory.numeric import mpmath_function
from theory.population_loss import (
    feature_loss,
    population_loss,
    positive_part_feature_loss,
    total_loss,
)
from theory.symbols import model_symbols


def _model(seed: int, n: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    m = int(rng.integers(1, 3))
    W, b = rng.normal(size=(m, n)), rng.normal(scale=0.4, size=n)
    return W, b, rng.uniform(0.2, 2.0, n), rng.uniform(0.02, 1.0, n)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_every_step_of_the_derivation_holds(n: int) -> None:
    for step in derivation(n):
        assert step.equations, step.name
        assert step.holds(), step.name


def test_a_wrong_step_is_noticed() -> None:
    step = derivation(1)[0]
    wrong = sp.Eq(step.equations[0].lhs + sp.Symbol("z", real=True), step.equations[0].rhs)
    assert not type(step)(step.name, step.reason, (wrong,)).holds()


def test_latex_names_every_step() -> None:
    text = derivation_latex(1)
    assert all(rf"\item[{step.name}]" in text for step in derivation(1))
    assert text.count(r"\[") == text.count(r"\]") == sum(len(s.equations) for s in derivation(1))


@pytest.mark.parametrize(("n", "count"), [(1, 20), (2, 20), (3, 4)])
def test_loss_against_quadrature(n: int, count: int) -> None:
    for seed in range(count):
        W, b, importance, density = _model(seed, n)
        expected = loss_and_gradient(W, b, importance, density)[0]
        value = population_loss(W, b, importance=importance, density=density)
        assert value == pytest.approx(expected, rel=1e-9)


def test_expression_is_the_sum_over_features() -> None:
    symbols = model_symbols(2)
    W, b, importance, density = _model(1, 2)
    gram = W.T @ W
    values = (gram[0, 0], gram[0, 1], gram[1, 1], *b, *importance, *density)
    value = total_loss(symbols).subs(dict(zip(symbols.arguments, values, strict=True)))
    expected = population_loss(W, b, importance=importance, density=density)
    assert float(value) == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("n", [1, 2, 3])
def test_both_forms_agree_to_forty_digits(n: int, mp_digits: None) -> None:
    symbols = model_symbols(n)
    arguments = (*symbols.gram[0], symbols.bias[0], *symbols.density)
    forms = [
        mpmath_function(arguments, form(symbols.gram[0], symbols.bias[0], symbols.density, 0))
        for form in (feature_loss, positive_part_feature_loss)
    ]
    rng = np.random.default_rng(n)
    for _ in range(5):
        values = [sp.Rational(int(k), 97) for k in rng.integers(-90, 90, n + 1)]
        density = [sp.Rational(int(k), 97) for k in rng.integers(1, 97, n)]
        first, second = (f(*map(_to_mp, (*values, *density))) for f in forms)
        assert abs(first - second) < 1e-35


def _to_mp(value: sp.Rational) -> object:
    import mpmath

    return mpmath.mpf(int(value.p)) / int(value.q)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 3))
def test_relabelling_features_changes_nothing(seed: int, n: int) -> None:
    W, b, importance, density = _model(seed, n)
    order = np.random.default_rng(seed).permutation(n)
    expected = population_loss(W, b, importance=importance, density=density)
    value = population_loss(
        W[:, order], b[order], importance=importance[order], density=density[order]
    )
    assert value == pytest.approx(expected, rel=1e-8, abs=1e-10)


@given(seed=st.integers(0, 10**6), angle=st.floats(0, 6.3))
def test_rotating_the_hidden_space_changes_nothing(seed: int, angle: float) -> None:
    W, b, importance, density = _model(seed, 2)
    W = np.vstack([W, np.zeros((2 - len(W), 2))])
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    expected = population_loss(W, b, importance=importance, density=density)
    for rotation in (turn, -turn):
        value = population_loss(rotation @ W, b, importance=importance, density=density)
        assert value == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("second_bias", [0.3, -0.3])
def test_small_couplings_keep_their_digits(second_bias: float) -> None:
    """Where z keeps one sign nothing cancels: couplings down to 1e-18, against the value at 0."""
    density, b = np.array([0.3, 0.4]), np.array([0.2, second_bias])
    at_zero = population_loss([[1.0, 0.0]], b, importance=1.0, density=density)
    for w in (1e-3, 1e-6, 1e-9):
        value = population_loss([[1.0, w]], b, importance=1.0, density=density)
        expected = loss_and_gradient(np.array([[1.0, w]]), b, np.ones(2), density)[0]
        assert value == pytest.approx(expected, rel=1e-14)
    assert value == pytest.approx(at_zero, rel=1e-8)


def test_no_weights_cost_the_second_moment() -> None:
    """W = 0, b = 0: the loss is Σ I_i p_i/3; with b = p/2 the variance p/3 - p²/4."""
    density, importance = np.array([0.3, 0.7]), np.array([1.0, 0.5])
    silent = population_loss(np.zeros((1, 2)), np.zeros(2), importance=importance, density=density)
    mean = population_loss(np.zeros((1, 2)), density / 2, importance=importance, density=density)
    assert silent == pytest.approx(np.sum(importance * density / 3), rel=1e-15)
    assert mean == pytest.approx(np.sum(importance * (density / 3 - density**2 / 4)), rel=1e-15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1.0], [0.0], 1.0, 0.5), r"Argument `W` must have shape \(m, n\), but has shape \(1,\)."),
        (
            ([[1.0]], [0.0, 1.0], 1.0, 0.5),
            r"Argument `b` must have shape \(1,\), but has shape \(2",
        ),
        (
            (np.ones((2, 7)), np.zeros(7), 1.0, 0.5),
            r"Argument `W` must have at most 6 columns \(features\), but has 7.",
        ),
        (([[1.0]], [0.0], [1.0, 2.0], 0.5), "Argument `importance` must have shape"),
        (([[1.0]], [0.0], 1.0, 1.2), r"Argument `density` must be in \(0, 1\], but is 1.2."),
        (([[1.0]], [0.0], 1.0, np.nan), r"Argument `density` must be in \(0, 1\], but is nan."),
    ],
)
def test_wrong_arguments_are_named(arguments: tuple, message: str) -> None:
    W, b, importance, density = arguments
    with pytest.raises(ValueError, match=message):
        population_loss(W, b, importance=importance, density=density)


def test_no_features_is_an_error() -> None:
    with pytest.raises(ValueError, match="Argument `n_features` must be an integer >= 1, but is 0"):
        model_symbols(0)


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("importance", -1.0, "Argument `importance` must be finite and >= 0, but is -1.0."),
        (
            "density",
            "dense",
            "Argument `density` must be an array of real numbers, but is 'dense'.",
        ),
        ("W", [[np.nan, 1.0]], "Argument `W` must be finite, but is nan."),
        ("b", [np.inf, 0.0], "Argument `b` must be finite, but is inf."),
    ],
)
def test_bad_values_are_named(name: str, value: object, sentence: str) -> None:
    good: dict = {"W": [[1.0, 0.5]], "b": [0.0, 0.0], "importance": 1.0, "density": 0.5}
    with pytest.raises(ValueError, match=re.escape(sentence)):
        population_loss(**good | {name: value})
