"""How every test runs: precision, strictness, memory. The three passes are in `__main__.py`."""

import os
from collections.abc import Iterator

import jax
import pytest
from hypothesis import settings

# An explicit JAX_ENABLE_X64=0 is the float32 pass.
X64 = os.environ.get("JAX_ENABLE_X64", "1").lower() not in {"0", "false"}

jax.config.update("jax_enable_x64", X64)
jax.config.update("jax_numpy_rank_promotion", "raise")

settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")


# Workers take whole files, these first: one worker would end alone with a long one that came last.
LONG = (
    "test_phase_boundary_three.py",
    "test_basins.py",
    "test_phase_boundary.py",
    "test_inversion.py",
    "test_matrix_free.py",
    "test_gradient_flow.py",
    "test_three_features.py",
    "test_three_features_limits.py",
    "test_large_flow.py",
    "test_population.py",
    "test_pictures.py",
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves `no_hook` tests out of a process that has jaxtyping's hook; long files first."""
    rank = {name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: rank.get(item.path.name, len(LONG)))
    if not config.option.jaxtyping_packages:
        return
    left_out = [item for item in items if item.get_closest_marker("no_hook")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


@pytest.fixture(autouse=True, scope="module")
def _forget_compiled_programs() -> Iterator[None]:
    """JAX keeps every compiled program; a long suite would hold gigabytes of them."""
    yield
    jax.clear_caches()
