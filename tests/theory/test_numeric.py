"""Newton's method returns roots only, and the package imports light."""

import subprocess
import sys

import numpy as np
import pytest

from theory.numeric import RootNotFound, newton
from theory.two_features.continuation import follow

Vector = np.ndarray


def _square_minus(value: float):
    def system(y: Vector) -> tuple[Vector, Vector]:
        return y**2 - value, np.diag(2 * y)

    return system


def test_newton_finds_a_root() -> None:
    assert newton(_square_minus(2.0), np.array([1.0]))[0] == pytest.approx(np.sqrt(2), rel=1e-15)


@pytest.mark.parametrize("start", [1.0, 0.0, np.nan])
def test_newton_raises_rather_than_return_what_is_no_root(start: float) -> None:
    with pytest.raises(RootNotFound, match="Newton's method"):
        newton(_square_minus(-1.0), np.array([start]))


def test_newton_checks_the_residual_where_steps_vanish() -> None:
    def misleading(y: Vector) -> tuple[Vector, Vector]:
        return np.array([1e-4]), np.array([[1e9]])

    with pytest.raises(RootNotFound, match="relative residual"):
        newton(misleading, np.array([0.0]), residual_tolerance=1e-20)


def test_branch_ends_where_the_roots_end() -> None:
    branch = follow(
        lambda p: _square_minus(1 - p), float, np.linspace(0.0, 2.0, 21), np.array([1.0])
    )
    assert branch.table_parameter[-1] == pytest.approx(0.9)
    assert branch.root(0.75)[0] == pytest.approx(0.5, rel=1e-15)


def test_importing_derives_nothing_and_needs_no_jax() -> None:
    code = (
        "import sys, theory.two_features, theory.population_loss, theory.derivation;"
        "from theory.two_features.excess import excess;"
        "assert excess.cache_info().currsize == 0;"
        "assert not {'jax', 'tms_physics', 'simulations'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True, timeout=60)
