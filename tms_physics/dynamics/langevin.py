"""Thermal dynamics dy = -∇E dt + √(2T) dB: an energy in contact with a bath of temperature T."""

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .._checks import check_count, check_key, check_not_negative, check_optional, check_positive
from .._memory import check_memory
from .._types import Key, Number, Scalar, State, Vector
from ._flat import flatten


class LangevinPath(eqx.Module):
    """A path of `langevin`, kept at every few steps.

    `times` (K,); `states`, or what `observe` makes of them, with leading axis K; `energies` (K,);
    `final`, from which a further call goes on: the same process, the reading noise left out.
    """

    times: Float[Array, " K"]
    states: Any
    energies: Float[Array, " K"]
    final: State


def langevin(
    energy: Callable[[State], Scalar],
    y0: State,
    *,
    key: Key,
    temperature: Number,
    step: Number,
    steps: int,
    every: int = 1,
    observe: Callable[[State], Any] | None = None,
) -> LangevinPath:
    """Overdamped Langevin dynamics dy = -∇E(y) dt + √(2T) dB, stationary in e^{-E/T}.

    The scheme of Leimkuhler and Matthews (2013, Appl. Math. Res. Express 2013, 34, Sec. 4), one
    gradient a step: with independent standard normal R_k, y_{k+1} = y_k - h ∇E(y_k) +
    √(2Th) (R_k + R_{k+1})/2. It is run as Vilmart (2015, SIAM J. Sci. Comput. 37, A201) writes it,

        y_k = x_k + √(Th/2) R_k,   x_{k+1} = x_k - h ∇E(y_k) + √(2Th) R_k,   x_0 = `y0`,

    where x alone is a Markov chain and y its reading; `final` is x. Stationary averages of y
    have an error O(h²), and none on a quadratic energy at any stable step (Euler-Maruyama, of the
    same cost: O(h), a variance too large by 1/(1 - hλ/2)). Correlations in time, rates among them,
    have an error O(h). Stable where h < 2/λ_max, the largest curvature that the path meets;
    beyond, states grow without bound and end as inf or NaN. At T = 0 it is gradient descent.

    **Arguments:** `energy`: state -> scalar; `y0`: start, any pytree of real arrays; `key`: PRNG
    key; `temperature` T ≥ 0, in units of the energy; `step` h > 0, in units of 1/curvature;
    `steps`: their number, a multiple of `every`; `every`: keep y_k at k = 0, `every`, 2 `every`,
    ...; `observe`: keep observe(state), any pytree of arrays, and not the states. Raises
    `ValueError` for values out of range.

    Under one key the noise differs between values of `every`. jit- and vmap-able, over
    `temperature` and `step` too; differentiable.
    """
    check_key("key", key)
    check_optional(observe=observe)
    check_not_negative("temperature", temperature)
    check_positive("step", step)
    check_count("every", every)
    if check_count("steps", steps) % every:
        rule = f"a multiple of `every` = {every}"
        raise ValueError(f"Argument `steps` must be {rule}, but is {steps}.")
    problem = flatten(energy, y0, None)
    start = problem.y
    check_memory("every", every, lambda size: 24 * start.size * size)
    kept = 16 * (start.size if observe is None else 1)
    check_memory("steps", steps, lambda size: kept * (size // every))
    heat, h = (jnp.asarray(value, start.dtype) for value in (temperature, step))
    noise_size, gradient = jnp.sqrt(2 * heat * h), jax.grad(problem.energy)

    def advance(x: Vector, noise: Vector) -> tuple[Vector, None]:
        return x - h * gradient(x + noise / 2) + noise, None

    def keep(x: Vector, k: Array) -> tuple[Vector, tuple[Any, Scalar]]:
        normal = jax.random.normal(jax.random.fold_in(key, k), (every, start.size), start.dtype)
        noise = noise_size * normal
        y = x + noise[0] / 2
        state = problem.unravel(y)
        kept = (state if observe is None else observe(state)), problem.energy(y)
        return jax.lax.scan(advance, x, noise)[0], kept

    blocks = jnp.arange(steps // every)
    x, (states, energies) = jax.lax.scan(keep, start, blocks)
    return LangevinPath(blocks * (every * h), states, energies, problem.unravel(x))
