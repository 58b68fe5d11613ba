"""All stationary states of two features at each cell, by theory, and their labelled dataset."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from theory import two_features as theory
from theory.numeric import RootNotFound
from tms_physics.observables.phases import ACUTE, ANTIPODAL, DEDICATED_1, DEDICATED_2, PHASE_NAMES

from ._sweep import Stage
from ._two_theory import lines

if TYPE_CHECKING:
    from .metastable import Config

Rows = dict[str, Any]
STATES = 16  # of a cell, at most
TIE = 1e-12  # relative excess below which a state shares the ground state's loss
_ROOT_NOT_FOUND, _TOO_MANY = 1, 2
_CELL = ("density", "relative_importance")
_STATE = (*_CELL, "state")


def stage(config: "Config") -> Stage:
    """One cell a (p, r), a chunk for each density, whose curves are followed once."""
    p, r = np.meshgrid(*config.axes, indexing="ij")
    cells = {"density": p.ravel(), "relative_importance": r.ravel()}
    return Stage("states", cells, stationary, config.importances)


def stationary(cells: Rows) -> Rows:
    """Stationary states of each cell, lowest first, NaN and phase -1 where there are fewer."""
    points = zip(cells["density"], cells["relative_importance"], strict=True)
    every = [_cell(float(p), float(r)) for p, r in points]
    return {name: np.stack([each[name] for each in every]) for name in every[0]}


def _cell(p: float, r: float) -> Rows:
    blank: Rows = {name: np.full(STATES, np.nan) for name in ("loss", "excess")}
    blank |= {name: np.full((STATES, 2), np.nan) for name in ("weights", "bias")}
    blank |= {name: np.full(STATES, -1, np.int8) for name in ("stable", "phase")}
    try:
        states = _states(p, r)
    except RootNotFound:
        return blank | {"result": np.int32(_ROOT_NOT_FOUND)}
    if len(states) > STATES:
        return blank | {"result": np.int32(_TOO_MANY)}
    for k, (phase, state) in enumerate(states):
        blank["loss"][k], blank["excess"][k] = state.loss, state.excess - states[0][1].excess
        blank["weights"][k], blank["bias"][k] = state.weights, state.biases
        blank["stable"][k], blank["phase"][k] = state.stable, phase
    return blank | {"result": np.int32(0)}


def _states(p: float, r: float) -> list[tuple[int, theory.State]]:
    """Both dedicated states, all antipodal and acute ones with their phases, lowest first."""
    states = [
        *zip((DEDICATED_1, DEDICATED_2), theory.dedicated_states(p, r), strict=True),
        *((ANTIPODAL, state) for state in theory.antipodal_states(p, r)),
        *((ACUTE, state) for state in theory.acute_states(p, r)),
    ]
    return sorted(states, key=lambda each: each[1].excess)


def build(config: "Config", rows: Mapping[str, np.ndarray]) -> xr.Dataset:
    """States on the grid, with counts of minima, and the boundaries of the phases."""
    p, r = config.axes
    most = max(1, int((rows["phase"] >= 0).sum(axis=1).max()))
    of = {name: _on_grid(values, config, most) for name, values in rows.items()}
    minimum = of["stable"] == 1
    ground = minimum & (of["excess"] <= TIE * of["loss"])
    phases = ", ".join(PHASE_NAMES)
    data: dict[str, Any] = {
        "loss": (_STATE, of["loss"], {"long_name": "exact loss of the state", "units": "1"}),
        "excess": (_STATE, of["excess"], {"long_name": "loss above the lowest", "units": "1"}),
        "weights": ((*_STATE, "feature"), of["weights"], {"long_name": "w"}),
        "bias": ((*_STATE, "feature"), of["bias"], {"long_name": "b"}),
        "phase": (_STATE, of["phase"], {"flag_meanings": phases, "long_name": "phase, -1 none"}),
        "stable": (_STATE, of["stable"], {"long_name": "1 local minimum, 0 saddle, -1 none"}),
        "ground": (_STATE, ground.astype(np.int8), {"long_name": "1: lowest, ties included"}),
        "minima": (_CELL, minimum.sum(axis=-1), {"long_name": "number of local minima"}),
        "result": (_CELL, of["result"], {"flag_meanings": "found root_not_found too_many"}),
    }
    coords = {
        "density": ("density", p, {"long_name": "density p", "units": "1"}),
        "relative_importance": (
            "relative_importance",
            r,
            {"long_name": "relative importance r of feature 2", "units": "1"},
        ),
    }
    return xr.merge([xr.Dataset(data, coords), lines(*config.density)], combine_attrs="override")


def _on_grid(values: np.ndarray, config: "Config", most: int) -> np.ndarray:
    grid = values.reshape(config.densities, config.importances, *values.shape[1:])
    return grid[:, :, :most] if values.ndim > 1 else grid
