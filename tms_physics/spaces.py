"""Where particles live: the unit sphere and free space, as projections, retractions and starts.

Particles are columns: X (d, N), or (d, N, B) for B configurations side by side.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from ._checks import check_count, check_key, check_positive, check_shape, real_array
from ._memory import check_memory
from ._types import Key, Number

_HOP = 0.75  # of the spacing n^(-1/(d-1)) of n particles: the longest step


def _check_random(dimension: int, n: int, key: Key) -> None:
    check_key("key", key)
    check_memory("n", check_count("n", n), lambda size: 32 * dimension * size)


def _points(dimension: int, **arrays: object) -> list[Array]:
    """Arrays of the shape that the first has; of values nothing is asked, inside loops."""
    out = [real_array(name, value) for name, value in arrays.items()]
    shape = out[0].shape
    for name, array in zip(arrays, out, strict=True):
        fits = len(shape) in (2, 3) and shape[0] == dimension and array.shape == shape
        check_shape(name, array, f"(d, N) or (d, N, B), d = {dimension}, one for all", fits)
    return out


def _one_state(dimension: int, X: object) -> Array:
    array = real_array("X", X)
    rule = f"(d, N), d = {dimension}"
    check_shape("X", array, rule, array.ndim == 2 and array.shape[0] == dimension)
    return array


def _scales(dimension: int, gradient: object, before: object) -> tuple[Array, Array]:
    (array,) = _points(dimension, gradient=gradient)
    scale = real_array("before", before)
    check_shape("before", scale, f"{array.shape[2:]}", scale.shape == array.shape[2:])
    return array, scale


class Sphere(eqx.Module):
    """Products of unit spheres S^{d-1} in R^d: every column of X has length 1.

    **Arguments:** `dimension`: d ≥ 2 of the space around. Raises `ValueError` for others.
    """

    dimension: int = eqx.field(static=True)

    def __init__(self, dimension: int):
        self.dimension = check_count("dimension", dimension, 2)

    def tangent(self, X: Float[Array, "d N *B"], V: Float[Array, "d N *B"]) -> Array:
        """V_i - x_i (x_i·V_i): the part of V along the sphere."""
        X, V = _points(self.dimension, X=X, V=V)
        return V - X * jnp.sum(X * V, axis=0, keepdims=True)

    def retract(self, X: Float[Array, "d N *B"], V: Float[Array, "d N *B"]) -> Array:
        """(x_i + V_i)/‖x_i + V_i‖: a step along V that stays on the sphere."""
        X, V = _points(self.dimension, X=X, V=V)
        Y = X + V
        return Y / jnp.sqrt(jnp.sum(Y * Y, axis=0, keepdims=True))

    def random(self, n: int, *, key: Key) -> Float[Array, "d {n}"]:
        """n independent points, uniform on the sphere."""
        _check_random(self.dimension, n, key)
        X = jax.random.normal(key, (self.dimension, n), jnp.result_type(float))
        return X / jnp.linalg.norm(X, axis=0, keepdims=True)

    def longest_step(self, n: Number) -> Array:
        """0.75 n^(-1/(d-1)), a share of the spacing of n particles."""
        return _HOP * jnp.asarray(check_positive("n", n), float) ** (-1.0 / (self.dimension - 1))

    def gradient_scale(self, gradient: Float[Array, "d N *B"], before: Array) -> Array:
        """‖∇E‖ in R^d: at a minimum the force that presses on the sphere."""
        gradient, _ = _scales(self.dimension, gradient, before)
        return jnp.sqrt(jnp.sum(gradient**2, axis=(0, 1)))

    def frames(self, X: Float[Array, "d N"]) -> Float[Array, "d k N"]:
        """Orthonormal tangent vectors, k = d - 1 to a particle: columns of the reflection that
        takes the last axis to ±x_i."""
        X = _one_state(self.dimension, X)
        last = jnp.where(X[-1] < 0, -1.0, 1.0)
        v = X.at[-1].add(last)
        squares = jnp.sum(v * v, axis=0)[None, None]
        eye = jnp.eye(self.dimension, dtype=X.dtype)[:, :-1, None]
        return eye - 2 * v[:, None] * v[None, :-1] / squares


class FreeSpace(eqx.Module):
    """R^d without constraint. **Arguments:** `dimension`: d ≥ 1. Raises `ValueError` for others."""

    dimension: int = eqx.field(static=True)

    def __init__(self, dimension: int):
        self.dimension = check_count("dimension", dimension)

    def tangent(self, X: Float[Array, "d N *B"], V: Float[Array, "d N *B"]) -> Array:
        """V itself."""
        return _points(self.dimension, X=X, V=V)[1]

    def retract(self, X: Float[Array, "d N *B"], V: Float[Array, "d N *B"]) -> Array:
        """X + V."""
        X, V = _points(self.dimension, X=X, V=V)
        return X + V

    def random(self, n: int, *, key: Key) -> Float[Array, "d {n}"]:
        """n independent points, normal with variance 1."""
        _check_random(self.dimension, n, key)
        return jax.random.normal(key, (self.dimension, n), jnp.result_type(float))

    def longest_step(self, n: Number) -> Array:
        """0.5, in the unit of X."""
        check_positive("n", n)
        return jnp.asarray(0.5)

    def gradient_scale(self, gradient: Float[Array, "d N *B"], before: Array) -> Array:
        """‖∇E‖ at the start, or that of now where there is no start yet (`before` = 0)."""
        gradient, before = _scales(self.dimension, gradient, before)
        now = jnp.sqrt(jnp.sum(gradient**2, axis=(0, 1)))
        return jnp.where(before > 0, before, now)

    def frames(self, X: Float[Array, "d N"]) -> Float[Array, "d k N"]:
        """The axes of R^d at every particle."""
        X = _one_state(self.dimension, X)
        eye = jnp.eye(self.dimension, dtype=X.dtype)[:, :, None]
        return jnp.broadcast_to(eye, (*eye.shape[:2], X.shape[1]))


Space = Sphere | FreeSpace
