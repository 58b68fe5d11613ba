"""A JAX release that miscompiles batched matrix products turns this red before anything else.

JAX 0.10.2 on CPU gave wrong numbers for vmapped products of more than 16,384 rows.
"""

import jax
import jax.numpy as jnp
import numpy as np
import pytest


@pytest.mark.parametrize("rows", [16_385, 20_000])
def test_vmapped_matvec_agrees_with_numpy(rows: int) -> None:
    rng = np.random.default_rng(rows)
    matrix, batch = rng.normal(size=(3, 5)), rng.normal(size=(rows, 5))
    computed = jax.jit(jax.vmap(lambda x: jnp.sum((jnp.asarray(matrix) @ x) ** 2)))(batch)
    expected = np.sum((batch @ matrix.T) ** 2, axis=1)
    assert computed.dtype == jnp.float64
    np.testing.assert_allclose(computed, expected, rtol=1e-12, atol=1e-12)
