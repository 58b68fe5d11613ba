"""The derivation of the exact loss in named steps, each an equation that sympy checks."""

from dataclasses import dataclass
from typing import Any

import sympy as sp

from theory._checks import check_count
from theory.population_loss import (
    active_sets,
    linear_loss,
    positive_part_feature_loss,
    rectification_gain,
)
from theory.symbols import ModelSymbols, model_symbols
from theory.truncated_power import TruncatedPower, box_first_moment, box_mean

_MOST_FEATURES = 6  # as of `population_loss`
_t, _h, _x, _z = sp.symbols("t h x z", real=True)
_k = sp.Symbol("k", integer=True, positive=True)


@dataclass(frozen=True)
class Step:
    """One step: its name, the reason in words, and equations that must hold identically."""

    name: str
    reason: str
    equations: tuple[Any, ...]

    def holds(self) -> bool:
        """Whether sympy reduces every left side minus right side to zero."""
        return all(_is_identity(equation) for equation in self.equations)


def derivation(n_features: int) -> tuple[Step, ...]:
    """The steps from the definition of the loss of feature 1 to its closed form, n features.

    Raises ValueError for n outside [1, 6]. The equations grow like 3^n; meant for n <= 3.
    Source: derived here, for the model of Elhage et al. 2022.
    """
    if check_count("n_features", n_features) > _MOST_FEATURES:
        raise ValueError(
            f"Argument `n_features` must be at most {_MOST_FEATURES}, but is {n_features}."
        )
    symbols = model_symbols(n_features)
    return (
        _rectification(),
        _moments(symbols),
        _linear_part(symbols),
        _one_variable_mean(),
        _integration_by_parts(),
        _iterated_means(symbols),
        _active_sets(symbols),
        _sign_chamber(symbols),
        _mixed_chamber(),
        _two_forms(symbols),
    )


def derivation_latex(n_features: int) -> str:
    """The derivation as LaTeX: a description list with one display for each equation."""
    items = (_step_latex(step) for step in derivation(n_features))
    return "\n".join((r"\begin{description}", *items, r"\end{description}"))


def _step_latex(step: Step) -> str:
    displays = (rf"\[{sp.latex(equation)}\]" for equation in step.equations)
    return "\n".join((rf"\item[{step.name}] {step.reason}", *displays))


def _is_identity(equation: Any) -> bool:
    difference = sp.together(sp.expand(equation.lhs.doit() - equation.rhs.doit()))
    return bool(sp.expand(sp.numer(difference)) == 0)


def _equation(left: Any, right: Any) -> Any:
    return sp.Eq(left, right, evaluate=False)


def _rectification() -> Step:
    reason = "(x - ReLU(z))² = (x - z)² - n² - 2 x n with n = ReLU(-z), for z > 0 and for z < 0."
    equations = (
        _equation((_x - relu) ** 2, (_x - _z) ** 2 - negative**2 - 2 * _x * negative)
        for relu, negative in ((_z, sp.S.Zero), (sp.S.Zero, -_z))
    )
    return Step("rectification", reason, tuple(equations))


def _moments(symbols: ModelSymbols) -> Step:
    p, x = symbols.density[0], symbols.feature[0]
    reason = "A feature is 0 with probability 1 - p, else uniform on [0, 1]."
    means = (p * sp.Integral(x**power, (x, 0, 1)) for power in (1, 2))
    equations = (_equation(mean, p / (power + 1)) for power, mean in enumerate(means, start=1))
    return Step("moments", reason, tuple(equations))


def _linear_part(symbols: ModelSymbols) -> Step:
    reason = "The squared error without ReLU, averaged over one feature after the other."
    error = (symbols.feature[0] - _preactivation(symbols)) ** 2
    exact = _average(error, symbols)
    closed = linear_loss(symbols.gram[0], symbols.bias[0], symbols.density, 0)
    return Step("linear model", reason, (_equation(closed, exact),))


def _one_variable_mean() -> Step:
    reason = "The antiderivative of a truncated power is the next one; its derivative says so."
    antiderivative = TruncatedPower(_t + _h * _x, _k + 1) / ((_k + 1) * _h)
    equation = _equation(sp.Derivative(antiderivative, _x), TruncatedPower(_t + _h * _x, _k))
    return Step("one uniform variable", reason, (equation,))


def _integration_by_parts() -> Step:
    reason = "The same with a factor x, by parts."
    first = _x * TruncatedPower(_t + _h * _x, _k + 1) / ((_k + 1) * _h)
    second = TruncatedPower(_t + _h * _x, _k + 2) / ((_k + 1) * (_k + 2) * _h**2)
    equation = _equation(sp.Derivative(first - second, _x), _x * TruncatedPower(_t + _h * _x, _k))
    return Step("integration by parts", reason, (equation,))


def _iterated_means(symbols: ModelSymbols) -> Step:
    reason = "Averaging over one active feature after the other gives the sum over vertices."
    slopes = [-g for g in symbols.gram[0]]
    plain: Any = TruncatedPower(_t, 2)
    moment = _single_first_moment(slopes[0])
    for j, slope in enumerate(slopes):
        plain = _mean_over_one(plain, slope)
        moment = _mean_over_one(moment, slope) if j else moment
    equations = (
        _equation(box_mean(_t, slopes, 2), plain),
        _equation(box_first_moment(_t, slopes, 1, 0), moment),
    )
    return Step("vertices of the box", reason, equations)


def _active_sets(symbols: ModelSymbols) -> Step:
    reason = "The sets of active features are disjoint cases that exhaust the possibilities."
    cases = [probability for _, probability in active_sets(symbols.density)]
    total = sp.Add(*cases, evaluate=False)
    return Step("active sets", reason, (_equation(total, sp.S.One),))


def _sign_chamber(symbols: ModelSymbols) -> Step:
    reason = "Where z < 0 throughout, the gain is the mean of a polynomial: integrated directly."
    z = _preactivation(symbols)
    gain = rectification_gain(symbols.gram[0], symbols.bias[0], symbols.density, 0)
    polynomial = gain.replace(TruncatedPower, lambda base, power: base**power)
    direct = _average(z**2 - 2 * symbols.feature[0] * z, symbols)
    return Step("sign chamber", reason, (_equation(polynomial, direct),))


def _mixed_chamber() -> Step:
    """Positive only at the vertex (0, 1): c, e, q > 0 make t = -c - (e + q) x + (c + e) y."""
    reason = "A chamber with a single positive vertex: the mean over the triangle cut off there."
    x, y = sp.symbols("x y", positive=True)
    c, e, q = sp.symbols("c e q", positive=True)
    slopes, value = (-(e + q), c + e), -c - (e + q) * x + (c + e) * y

    def triangle(integrand: sp.Expr) -> sp.Expr:
        inner = sp.integrate(sp.expand(integrand), (x, 0, (y * (c + e) - c) / (e + q)))
        return sp.integrate(sp.expand(inner), (y, c / (c + e), 1))

    equations = [_equation(box_mean(-c, slopes, 2), triangle(value**2))]
    for index, feature in enumerate((x, y)):
        moment = box_first_moment(-c, slopes, 1, index)
        equations.append(_equation(moment, triangle(feature * value)))
    return Step("mixed chamber", reason, tuple(equations))


def _two_forms(symbols: ModelSymbols) -> Step:
    reason = "Linear loss minus gain is the loss written with positive parts."
    arguments = (symbols.gram[0], symbols.bias[0], symbols.density, 0)
    gain = rectification_gain(*arguments).replace(TruncatedPower, _reflected)
    equation = _equation(linear_loss(*arguments) - gain, positive_part_feature_loss(*arguments))
    return Step("two forms", reason, (equation,))


def _reflected(base: Any, power: Any) -> Any:
    """(t)_+^k = t^k - (-1)^k (-t)_+^k."""
    return base**power - (-1) ** power * TruncatedPower(-base, power)


def _single_first_moment(slope: Any) -> Any:
    """Mean of x (t + h x)_+ over one uniform x: the integration by parts, at its two ends."""
    linear: Any = TruncatedPower(_t + slope, 2) / (2 * slope)
    cubic: Any = TruncatedPower(_t + slope, 3)
    return linear - (cubic - TruncatedPower(_t, 3)) / (6 * slope**2)


def _mean_over_one(function: Any, slope: Any) -> Any:
    """Mean of f(t + h x) over one uniform x, f a sum of truncated powers of t: (F(t+h)-F(t))/h."""
    antiderivative = function.replace(
        TruncatedPower, lambda base, power: TruncatedPower(base, power + 1) / (power + 1)
    )
    return (antiderivative.subs(_t, _t + slope) - antiderivative) / slope


def _preactivation(symbols: ModelSymbols) -> sp.Expr:
    terms = zip(symbols.gram[0], symbols.feature, strict=True)
    return symbols.bias[0] + sp.Add(*(g * x for g, x in terms))


def _average(expression: sp.Expr, symbols: ModelSymbols) -> sp.Expr:
    for x, p in zip(symbols.feature, symbols.density, strict=True):
        expression = _feature_mean(expression, x, p)
    return expression


def _feature_mean(expression: sp.Expr, x: sp.Symbol, p: sp.Symbol) -> sp.Expr:
    """Mean over one feature by direct integration of a polynomial in it."""
    active = sp.integrate(sp.expand(expression), (x, 0, 1))
    return (1 - p) * expression.subs(x, 0) + p * active
