"""One step of the second-order Runge-Kutta-Chebyshev method, for ẏ = f(y) with real rates.

Sommeijer, Shampine and Verwer 1998, J. Comput. Appl. Math. 88, 315 (RKC): s evaluations of f give
a step that is stable for rates in [-0.65 s², 0] / step, where s steps of Euler's method reach 2 s.
Gradient flows have such rates: the Hessian is symmetric.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp

from .._types import BoolScalar, IntScalar, Number, Scalar, Vector

Field = Callable[[Vector], Vector]

_DAMPING = 2 / 13
_SETTLED = 0.01  # relative change of the spectral radius at which its iteration ends
_SAFETY = 1.2
_ITERATIONS = 50


class Step(NamedTuple):
    """Times, states and derivatives at both ends of a step."""

    t0: Scalar
    t1: Scalar
    y0: Vector
    y1: Vector
    f0: Vector
    f1: Vector

    def at(self, t: Scalar) -> Vector:
        """The cubic through both ends with their derivatives: error of fourth order in t1 - t0."""
        h = self.t1 - self.t0
        x = jnp.where(h > 0, (t - self.t0) / jnp.where(h > 0, h, 1.0), 0.0)
        ends = (1 - x) * self.y0 + x * self.y1
        bend = (1 - 2 * x) * (self.y1 - self.y0) + h * ((x - 1) * self.f0 + x * self.f1)
        return ends + x * (x - 1) * bend


def stability_interval(stages: Number) -> Number:
    """β(s) = ⅔ (s² - 1)(1 - 2ε/15), ε = 2/13: steps h are stable for rates in [-β/h, 0]."""
    return 2 / 3 * (stages**2 - 1) * (1 - 2 * _DAMPING / 15)


def stages_for(stiffness: Scalar) -> IntScalar:
    """The least s ≥ 2 whose stability interval holds `stiffness` = h × spectral radius."""
    least = jnp.ceil(jnp.sqrt(1 + stiffness / stability_interval(2**0.5)))
    return jnp.maximum(2, least).astype(int)


class _Polynomials(NamedTuple):
    """T_j(w0), T'_j(w0), T''_j(w0) and b_j = T''_j/T'_j²."""

    value: Scalar
    first: Scalar
    second: Scalar
    b: Scalar


def _next(w0: Scalar, last: _Polynomials, before: _Polynomials) -> _Polynomials:
    """The three-term recurrence of the Chebyshev polynomials and of their derivatives."""
    first = 2 * w0 * last.first - before.first + 2 * last.value
    second = 2 * w0 * last.second - before.second + 4 * last.first
    return _Polynomials(2 * w0 * last.value - before.value, first, second, second / first**2)


def _scale(w0: Scalar, s: Scalar) -> Scalar:
    """w1 = T'_s(w0)/T''_s(w0), by T_s(cosh θ) = cosh sθ."""
    root = jnp.sqrt((w0 - 1) * (w0 + 1))
    angle = s * jnp.log1p((w0 - 1) + root)
    sine = jnp.sinh(angle)
    return sine * root**2 / (jnp.cosh(angle) * s * root - w0 * sine)


class _Stage(NamedTuple):
    y: Vector
    y_before: Vector
    f: Vector
    last: _Polynomials
    before: _Polynomials


def chebyshev_step(
    field: Field, y: Vector, f: Vector, h: Scalar, stages: IntScalar
) -> tuple[Vector, Vector]:
    """y(t + h) and f there, from y and f = field(y), by s = `stages` ≥ 2 evaluations.

    Y_j = (1 - μ_j - ν_j) Y_0 + μ_j Y_{j-1} + ν_j Y_{j-2} + μ̃_j h (F_{j-1} - a_{j-1} F_0), with
    μ_j = 2 w0 b_j/b_{j-1}, ν_j = -b_j/b_{j-2}, μ̃_j = 2 w1 b_j/b_{j-1}, a_j = 1 - b_j T_j(w0) and
    b_0 = b_1 = b_2 (the paper, for f without t). Second order for any s ≥ 2.
    """
    one = jnp.ones((), y.dtype)
    s = stages.astype(y.dtype)
    w0 = 1 + _DAMPING / s**2
    w1 = _scale(w0, s)
    b = 1 / (4 * w0**2)
    zeroth = _Polynomials(one, 0 * one, 0 * one, b)

    def advance(j: IntScalar, stage: _Stage) -> _Stage:
        last, opening = stage.last, j == 1  # the first stage is an Euler step of b_1 w1 h
        now = _next(w0, last, stage.before)
        now = jax.tree.map(
            lambda x, z: jnp.where(opening, x, z), _Polynomials(w0, one, 0 * b, b), now
        )
        mu = jnp.where(opening, 1.0, 2 * w0 * now.b / last.b)
        nu = jnp.where(opening, 0.0, -now.b / stage.before.b)
        share = jnp.where(opening, w1 * b, 2 * w1 * now.b / last.b)
        known = jnp.where(opening, 0.0, 1 - last.b * last.value)
        point = (1 - mu - nu) * y + mu * stage.y + nu * stage.y_before
        point = point + share * h * (stage.f - known * f)
        return _Stage(point, stage.y, field(point), now, last)

    end = jax.lax.fori_loop(1, stages + 1, advance, _Stage(y, y, f, zeroth, zeroth))
    return end.y, end.f


def local_error(step: Step) -> Vector:
    """(4/5)(y0 - y1) + (2/5) h (f0 + f1): the estimate of the paper for the error of one step.

    With many stages the error is h³ y'''/15 and the estimate 1.8 times it: the h³ y'''/15 that an
    exact y1 would give, and 4/5 of the error of y1 on top.
    """
    h = step.t1 - step.t0
    return 0.8 * (step.y0 - step.y1) + 0.4 * h * (step.f0 + step.f1)


class Radius(NamedTuple):
    """Bound of the spectral radius of ∂f/∂y, its direction, evaluations of f that it took."""

    value: Scalar
    direction: Vector
    evaluations: IntScalar


def first_guess(f: Vector) -> Radius:
    """A direction with a share of everything: f, and the sines of 1, 2, 3, ...; no value yet."""
    generic = jnp.sin(1.0 + jnp.arange(f.size, dtype=f.dtype))
    both = _unit(f) + _unit(generic)
    return Radius(jnp.zeros((), f.dtype), _unit(both), jnp.zeros((), int))


def spectral_radius(
    field: Field, y: Vector, f: Vector, guess: Radius, wanted: BoolScalar
) -> Radius:
    """The nonlinear power method: directions ∝ f(y + δ v) - f(y), to 1 %, times 1.2.

    As in the paper. Starts from the radius known before, so that one evaluation does
    where little has changed; returns it where not `wanted`.
    """
    size = jnp.linalg.norm(y)
    delta = jnp.sqrt(jnp.finfo(y.dtype).eps) * jnp.where(size > 0, size, 1.0)

    def iterate(state: tuple[Radius, Scalar]) -> tuple[Radius, Scalar]:
        last, _ = state
        image = (field(y + delta * last.direction) - f) / delta
        value = jnp.linalg.norm(image)
        value = jnp.where(jnp.isfinite(value), value, 0.0)
        direction = jnp.where(value > 0, _unit(image), last.direction)
        change = jnp.abs(_SAFETY * value - last.value)
        return Radius(_SAFETY * value, direction, last.evaluations + 1), change

    def unsettled(state: tuple[Radius, Scalar]) -> BoolScalar:
        last, change = state
        return wanted & (change > _SETTLED * last.value) & (last.evaluations < _ITERATIONS)

    start = guess._replace(evaluations=jnp.zeros((), int))
    return jax.lax.while_loop(unsettled, iterate, (start, jnp.full((), jnp.inf, y.dtype)))[0]


def _unit(v: Vector) -> Vector:
    length = jnp.linalg.norm(v)
    return v / jnp.where(length > 0, length, 1.0)
