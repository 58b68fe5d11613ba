"""The compiled programs of three features in two dimensions, each for a fixed number of rows."""

import functools
from typing import Any

import jax
import jax.numpy as jnp

import tms_physics as tp
from tms_physics.dynamics import newton
from tms_physics.dynamics.result import STEP_LIMIT

from . import _programs as programs
from ._programs import STEADY, Rows, once, row

LANES, EXAMINED, FLOWS = 256, 16, 128  # rows that a program takes at once
SEGMENT, FLOW_SEGMENT = 12, 120  # steps in one go; rows that need more are `going`
REST, TOLERANCE = 1.5e-8, 1e-12  # gradient norms at which a descent and its polish end

params = functools.partial(programs.params, n=3)


@once
def descent() -> Any:
    def one(energy: tp.PopulationLoss, y0: jax.Array) -> Rows:
        def flat(y: jax.Array) -> jax.Array:
            return energy(params(y))

        y, steps = newton.descend(flat, y0, tolerance=REST, max_steps=SEGMENT)
        at_rest = steps < SEGMENT
        polish_steps = jnp.where(at_rest, 30, 0)
        end = newton.polish(flat, y, tolerance=TOLERANCE, max_steps=polish_steps)
        return {
            "state": end.y,
            "loss": flat(end.y),
            "gradient_norm": end.gradient_norm,
            "going": ~at_rest,
        }

    return programs.compiled(one, 3, 2, LANES)


@once
def stability() -> Any:
    def one(energy: tp.PopulationLoss, y: jax.Array) -> Rows:
        bend = tp.curvature(energy, params(y), zero_modes=tp.rotation_modes)
        return {
            "curvature": bend.value,
            "minimum": bend.value >= -bend.tolerance,
            "phase": tp.three_feature_phase(params(y)[0]),
        }

    return programs.compiled(one, 3, 2, EXAMINED)


@once
def flow() -> Any:
    def one(energy: tp.PopulationLoss, y0: jax.Array) -> Rows:
        end = tp.gradient_flow(
            energy,
            params(y0),
            steady=STEADY,
            rtol=1e-3,
            max_steps=FLOW_SEGMENT,
            zero_modes=tp.rotation_modes,
        )
        return {
            "state": row(end.final),
            "loss": end.final_energy,
            "gradient_norm": end.gradient_norm,
            "curvature": end.curvature,
            "direction": row(end.direction),
            "shift": end.shift,
            "result": end.result.code,
            "going": end.result.code == STEP_LIMIT,
        }

    return programs.compiled(one, 3, 2, FLOWS)


@once
def training(size: int, steps: int, batch: int) -> Any:
    def one(energy: tp.PopulationLoss, y0: jax.Array, key: jax.Array) -> Rows:
        trained, numbers = programs.training(energy, y0, key, steps=steps, batch=batch)
        bend = tp.curvature(energy, trained, zero_modes=tp.rotation_modes)
        return numbers | {"curvature": bend.value}

    return programs.compiled(one, 3, 2, size, jax.random.key(0))
