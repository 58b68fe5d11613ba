"""The loss on a batch of examples, for any model."""

from collections.abc import Callable

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from .._checks import check_callable, check_shape, importance_vector, real_array
from .._types import Features, Number, Scalar


def sampled_loss(
    model: Callable[[Features], Features],
    x: Float[jax.Array | np.ndarray, "B n"],
    *,
    importance: Number | Features,
) -> Scalar:
    """Mean over the batch of Σ_i I_i (x_i - x'_i)², with x' = model(x) on one example.

    The sum over features, as in Elhage et al. 2022 (some implementations take their mean).

    **Arguments:** `model`: any callable (n,) -> (n,); `x`: examples (B, n); `importance` I, a
    number or (n,), finite and ≥ 0. Raises `ValueError` for other shapes and values.
    """
    batch = real_array("x", x)
    check_shape("x", batch, "(B, n)", batch.ndim == 2 and batch.size > 0)
    weight = importance_vector(importance, batch.shape[1])
    check_callable(model=model)
    one = eqx.filter_eval_shape(model, jax.ShapeDtypeStruct(batch.shape[1:], batch.dtype))
    if getattr(one, "shape", None) != batch.shape[1:]:
        given = f"shape {one.shape}" if hasattr(one, "shape") else type(one).__name__
        rule = f"map shape (n,) = ({batch.shape[1]},) to itself"
        raise ValueError(f"Argument `model` must {rule}, but gives {given}.")
    outputs = jax.vmap(model)(batch)
    residual = batch - outputs
    return jnp.mean(jnp.sum(weight[None] * residual**2, axis=1))
