"""Phase labels of three features in two dimensions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from tms_physics import THREE_PHASE_NAMES, three_feature_phase

TURN = 2 * np.pi / 3


def columns(*polar: tuple[float, float]) -> np.ndarray:
    """W (2, 3) from the norm and the angle of each column."""
    norms, angles = np.array(polar).T
    return norms * np.stack([np.cos(angles), np.sin(angles)])


RIGHT, HALF = np.pi / 2, np.pi
LABELS = [
    (columns((0, 0), (0, 0), (0, 0)), "dead"),
    (columns((0, 0), (1, 0), (1.1, RIGHT)), "dropped 1"),
    (columns((1, 0), (0, 0), (1.1, RIGHT)), "dropped 2"),
    (columns((1, 0), (1, -RIGHT), (0, 0)), "dropped 3"),
    (columns((1, RIGHT), (1, 0), (0.7, HALF)), "digon 23"),
    (columns((1, 0), (1, RIGHT), (0.7, HALF)), "digon 13"),
    (columns((1, 0), (0.9, HALF), (1, RIGHT)), "digon 12"),
    (columns((1, RIGHT), (1, 0), (0.7, 0)), "acute pair 23"),
    (columns((1, 0), (1, RIGHT), (0.7, 0)), "acute pair 13"),
    (columns((1, 0), (0.9, 0), (1, RIGHT)), "acute pair 12"),
    (columns((1, 0), (1, TURN), (1, -TURN)), "triangle"),
    (columns((0.8, 0), (1, TURN), (1, -TURN)), "isosceles 1"),
    (columns((1, -TURN), (0.8, 0), (1, TURN)), "isosceles 2"),
    (columns((1, TURN), (1, -TURN), (1.2, 0)), "isosceles 3"),
    (columns((1, TURN), (1.1, -TURN), (1.2, 0)), "scalene"),
    (columns((1, 2.9), (1, -2.9), (1, 0)), "acute isosceles"),
    (columns((1, 2.9), (1.1, -2.7), (1, 0)), "acute scalene"),
    (columns((1, 0), (1, 0.3), (0, 0)), "other"),
    (columns((1, 0), (0, 0), (0, 0)), "other"),
    (columns((1, 0), (1, RIGHT), (1, 0.4)), "other"),
]


def rotation(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


def name(W: np.ndarray) -> str:
    return THREE_PHASE_NAMES[int(three_feature_phase(jnp.asarray(W)))]


@pytest.mark.parametrize(("W", "expected"), LABELS)
def test_labels(W: np.ndarray, expected: str) -> None:
    assert name(W) == expected


def test_every_phase_has_a_name() -> None:
    assert {expected for _, expected in LABELS} == set(THREE_PHASE_NAMES)


@pytest.mark.parametrize("angle", [0.1, 1.0, 2.5, -3.0])
def test_labels_ignore_rotations_reflections_and_scale(angle: float) -> None:
    for W, expected in LABELS:
        assert name(rotation(angle) @ W) == expected
        assert name(W[::-1] * 1e-3) == expected


def test_exchange_of_features_exchanges_the_labels() -> None:
    swap = str.maketrans("12", "21")
    for W, expected in LABELS:
        other = expected.translate(swap)
        renamed = {"digon 21": "digon 12", "acute pair 21": "acute pair 12"}.get(other, other)
        assert name(W[:, [1, 0, 2]]) == renamed


def test_labels_are_batched() -> None:
    W = jnp.stack([jnp.asarray(W) for W, _ in LABELS])
    labels = jax.jit(jax.vmap(three_feature_phase))(W)
    assert [THREE_PHASE_NAMES[k] for k in np.asarray(labels)] == [name for _, name in LABELS]


def test_tolerance_is_relative_to_the_largest_norm() -> None:
    W = columns((2, TURN), (2, -TURN), (2 + 1e-5, 0))
    assert name(W) == "isosceles 3"
    code = int(three_feature_phase(jnp.asarray(W), tolerance=1e-4))
    assert THREE_PHASE_NAMES[code] == "triangle"


@pytest.mark.no_hook
def test_other_shapes_and_tolerances_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`W` must have shape \(2, 3\)"):
        three_feature_phase(jnp.ones((3, 3)))
    with pytest.raises(ValueError, match="`tolerance` must be positive"):
        three_feature_phase(jnp.ones((2, 3)), tolerance=0.0)
