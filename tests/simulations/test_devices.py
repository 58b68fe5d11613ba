"""Chunks side by side on two devices: the bits of one device, whatever runs beside them."""

import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from simulations._devices import SideBySide

ROOT = Path(__file__).resolve().parents[2]

PROGRAM = """
import jax
import jax.numpy as jnp
import numpy as np
from pathlib import Path
from simulations import _devices
from simulations._store import ChunkStore
from simulations._sweep import Stage, compute

jax.config.update("jax_enable_x64", True)


def one(x):
    a = jnp.outer(jnp.sin(x), jnp.exp(-x)) + 3 * jnp.eye(3)

    def step(state):
        y, count = state
        return jnp.tanh(jnp.linalg.solve(a, y) + x), count + 1

    y, count = jax.lax.while_loop(lambda s: (s[1] < 90) & (s[0][0] < x[1]), step, (x, 0))
    return {"end": y, "result": count * 0, "count": count}


def files(name):
    program = _devices.SideBySide(one, 8, np.ones((8, 3)))
    cells = {"x": np.random.default_rng(0).normal(size=(37, 3))}
    solve = lambda rows: program(rows["x"])
    stage = Stage("walks", cells, solve, 8, side_by_side=_devices.chunks_at_once())
    store = ChunkStore(Path(name), "run")
    compute(stage, store)
    return [store.path("walks", index).read_bytes() for index in range(stage.chunks)]


assert _devices.chunks_at_once() == 2
two = files("two")
_devices.local_devices = lambda: jax.local_devices()[:1]
assert _devices.chunks_at_once() == 1
assert files("one") == two
print(len(two), "chunks")
"""


@pytest.mark.timeout(120)
def test_two_devices_give_the_bits_of_one(tmp_path: Path) -> None:
    """Five chunks, so that one is alone at the end; loops of different lengths in each."""
    environment = os.environ | {
        "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-W", "error", "-c", PROGRAM]
    done = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "5 chunks\n"


def test_rows_that_are_no_whole_chunks_are_refused() -> None:
    program = SideBySide(lambda x: {"x": jnp.sin(x)}, 4, np.ones(4))
    np.testing.assert_allclose(program(np.arange(4.0))["x"], np.sin(np.arange(4)), rtol=1e-15)
    for count in (0, 3, 4 * (len(jax.local_devices()) + 1)):
        with pytest.raises(
            ValueError, match=rf"whole chunks of 4, at most \d+ .* has {count} rows"
        ):
            program(np.ones(count))
