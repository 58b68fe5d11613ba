"""Phase labels by exact predicates."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tms_physics import PHASE_NAMES, two_feature_phase

LABELS = [
    (0.0, 0.0, "dead"),
    (1.0, 0.0, "dedicated to 1"),
    (-0.2, 0.0, "dedicated to 1"),
    (0.0, 3.0, "dedicated to 2"),
    (-0.0, -1.0, "dedicated to 2"),
    (1.0, -0.5, "antipodal"),
    (-1e-300, 1e-300, "antipodal"),
    (0.9, 0.1, "acute"),
    (-0.9, -0.1, "acute"),
]


@pytest.mark.parametrize(("first", "second", "name"), LABELS)
def test_labels_are_exact(first: float, second: float, name: str) -> None:
    assert PHASE_NAMES[int(two_feature_phase(jnp.array([[first, second]])))] == name


def test_every_phase_has_a_name() -> None:
    assert {name for _, _, name in LABELS} == set(PHASE_NAMES)


def test_labels_are_batched() -> None:
    W = jnp.array([[[first, second]] for first, second, _ in LABELS])
    labels = jax.jit(jax.vmap(two_feature_phase))(W)
    assert [PHASE_NAMES[k] for k in np.asarray(labels)] == [name for _, _, name in LABELS]


def test_labels_ignore_the_sign_of_the_axis() -> None:
    for first, second, _ in LABELS:
        assert two_feature_phase(jnp.array([[first, second]])) == two_feature_phase(
            jnp.array([[-first, -second]])
        )
