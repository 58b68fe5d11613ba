"""Shared by the tests of the theory."""

from collections.abc import Iterator

import mpmath
import pytest


@pytest.fixture
def mp_digits() -> Iterator[None]:
    """Forty digits for mpmath, inside one test."""
    with mpmath.workdps(40):
        yield
