"""Simulations use one BLAS thread, as last bits change with their number."""

import os
import subprocess
import sys

import pytest

_ASK = "import os, sys, simulations; print(os.environ[sys.argv[1]], 'numpy' in sys.modules)"


@pytest.mark.parametrize("name", ["OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"])
@pytest.mark.parametrize(("given", "used"), [(None, "1"), ("3", "3")])
def test_one_thread_before_numpy_loads(name: str, given: str | None, used: str) -> None:
    environment = {k: v for k, v in os.environ.items() if k != name}
    environment |= {name: given} if given else {}
    asked = subprocess.run(
        [sys.executable, "-c", _ASK, name],
        env=environment, capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip
    assert asked.stdout.split() == [used, "False"]
