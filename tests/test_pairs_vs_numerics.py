"""Two particles: energy and torque of `theory` against the energies and forces of JAX."""

import numpy as np
import pytest

import tms_physics as tp
from theory.pairs import pair_energy, pair_torque


@pytest.mark.parametrize("angle", [0.3, 1.0, 2.0])
def test_energy_and_torque_are_those_of_the_particles(angle: float) -> None:
    norm, bias = 1.17, -0.28
    W = norm * np.array([[1.0, np.cos(angle)], [0.0, np.sin(angle)]])
    b = np.full(2, bias)
    energy = float(np.sum(tp.pair_energy(W, b, importance=1.0)))
    assert pair_energy(angle, norm=norm, bias=bias) == pytest.approx(energy, rel=1e-12, abs=1e-15)
    force = np.asarray(tp.pair_forces(W, b, importance=1.0))[:, 1, 0]
    torque = W[0, 1] * force[1] - W[1, 1] * force[0]
    assert pair_torque(angle, norm=norm, bias=bias) == pytest.approx(torque, rel=1e-12, abs=1e-15)
