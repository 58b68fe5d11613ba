"""Each of the three passes is what it says (see `tests/__main__.py`)."""

import os
import subprocess
import sys

import jax.numpy as jnp
import pytest


@pytest.mark.float32
def test_precision_follows_the_pass() -> None:
    expected = jnp.float32 if os.environ.get("JAX_ENABLE_X64") == "0" else jnp.float64
    assert jnp.ones(()).dtype == expected


def test_the_default_pass_checks_types(request: pytest.FixtureRequest) -> None:
    assert request.config.option.jaxtyping_packages


@pytest.mark.no_hook
def test_marked_tests_run_without_the_hook(request: pytest.FixtureRequest) -> None:
    assert not request.config.option.jaxtyping_packages


def test_without_a_gpu_its_pass_says_so() -> None:
    command = [sys.executable, "-m", "tests", "--device", "gpu"]
    hidden = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    refused = subprocess.run(command, env=hidden, capture_output=True, text=True, timeout=120)
    assert refused.returncode == 2
    assert refused.stderr == "Argument `device` is gpu, but JAX finds no GPU here.\n"


def test_ranks_are_never_promoted() -> None:
    with pytest.raises(ValueError, match="rank_promotion"):
        jnp.add(jnp.ones(3), jnp.ones((2, 3)))
