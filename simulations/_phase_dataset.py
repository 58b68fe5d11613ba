"""Assembles the labelled dataset of a phase diagram."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

import numpy as np
import xarray as xr

from tms_physics.dynamics.result import SENTENCES

from . import _phase_map as phase_map
from ._system import Rows, System

if TYPE_CHECKING:
    from .phase_boundary import Config

_CELL = ("density", "relative_importance")
_NETWORK = (*_CELL, "start")
_MAP = ("map_density", "map_relative_importance")
_MATCH = 1e-6  # states whose invariants agree so well are one
_CHECK = 1e-10  # a check that finds less by this much tells that the map missed the ground state


class Theory(Protocol):
    """What theory adds to the numerics of one model."""

    def cut_cells(self) -> phase_map.Cells | None:
        """Cells of a cut whose ground states are wanted, if any."""
        ...

    def map_columns(self, fine: phase_map.Cells, lowest: Rows, check: Rows) -> Rows:
        """`theory`, losses of some distinct cells (NaN elsewhere), and `branch`, 0 for none."""
        ...

    def parts(self, fine: phase_map.Cells, cut: phase_map.Minima | None) -> list[xr.Dataset]:
        """Lines, points and the cut."""
        ...

    def off(self, dataset: xr.Dataset) -> xr.DataArray:
        """Map cells whose ground state is not what the lines say."""
        ...


def build(
    config: "Config",
    system: System,
    *,
    networks: Mapping[str, np.ndarray],
    references: phase_map.Minima,
    ground: phase_map.Minima,
    check: Rows,
    theory: Theory,
    cut: phase_map.Minima | None,
) -> xr.Dataset:
    """Trained networks, the exact map, the boundaries of theory and the cut in one dataset."""
    fine = config.cells(config.map_size)
    lowest = phase_map.lowest(ground)
    parts = (
        _networks(config, system, networks, references),
        _map(system, fine, lowest, check, theory.map_columns(fine, lowest, check)),
        _check(check),
        *theory.parts(fine, cut),
    )
    out = xr.merge(parts, combine_attrs="no_conflicts")
    return out.assign(map_off_theory=theory.off(out).astype(np.int8))


def _axis(name: str, values: np.ndarray, long_name: str) -> tuple[str, np.ndarray, dict]:
    return name, values, {"long_name": long_name, "units": "1"}


def _phase(system: System) -> dict[str, str]:
    return {"flag_meanings": ", ".join(system.phase_names), "long_name": "phase"}


def _axes(prefix: str, p: np.ndarray, r: np.ndarray) -> dict:
    return {
        f"{prefix}density": _axis(f"{prefix}density", p, "density p"),
        f"{prefix}relative_importance": _axis(
            f"{prefix}relative_importance", r, "relative importance r of the last feature"
        ),
    }


def _networks(
    config: "Config", system: System, rows: Mapping[str, np.ndarray], minima: phase_map.Minima
) -> xr.Dataset:
    own = config.cells(config.own_size)
    shape = (config.own_size, config.own_size, config.starts)
    of = {name: np.asarray(v).reshape(*shape, *np.shape(v)[1:]) for name, v in rows.items()}
    exact = phase_map.on_grid(system, own, phase_map.lowest(minima))
    basin, distance = _basins(of, system, own, minima)
    n, phase = system.features, _phase(system)
    weights = of["state"][..., :-n].reshape(*shape, system.hidden, n)
    state = {"long_name": system.parameters}
    data = {
        "W": ((*_NETWORK, "hidden", "feature"), weights, {"long_name": "W"}),
        "b": ((*_NETWORK, "feature"), of["state"][..., -n:], {"long_name": "b"}),
        "loss": (_NETWORK, of["loss"], {"long_name": "exact loss of the network"}),
        "basin_loss": (_NETWORK, of["basin_loss"], {"long_name": "loss of its basin's minimum"}),
        "gradient_norm": (_NETWORK, of["gradient_norm"], {"long_name": "norm of the gradient"}),
        "curvature": (_NETWORK, of["curvature"], {"long_name": "least one-sided curvature"}),
        "phase": (_NETWORK, of["phase"].astype(np.int8), phase),
        "result": (_NETWORK, of["result"].astype(np.int8), {"flag_meanings": " ".join(SENTENCES)}),
        "escapes": (_NETWORK, of["escapes"], {"long_name": "saddles the flow was moved off"}),
        "shift": (_NETWORK, of["shift"], {"long_name": "shift of the polish"}),
        "basin": (_NETWORK, basin, {"long_name": "rank of its state among the minima, -1 none"}),
        "distance": (_NETWORK, distance, {"long_name": "distance to that state in (WᵀW, b)"}),
        "exact_loss": (_CELL, exact["loss"], {"long_name": "loss of the ground state"}),
        "exact_phase": (_CELL, exact["phase"].astype(np.int8), phase),
        "exact_state": ((*_CELL, "parameter"), exact["state"], state),
        "exact_minima": (_CELL, exact["minima"], {"long_name": "number of distinct minima"}),
        "exact_hits": (_CELL, exact["hits"], {"long_name": "reference starts in ground state"}),
    }
    coords = _axes("", *config.axes(config.own_size)) | {"start": np.arange(config.starts)}
    return xr.Dataset(data, coords)


def _basins(
    of: Rows, system: System, own: phase_map.Cells, minima: phase_map.Minima
) -> tuple[np.ndarray, np.ndarray]:
    """Which of its cell's minima each network is (0 the ground state), and how far from it."""
    shape = of["loss"].shape
    basin, distance = np.full(shape, -1, np.int16), np.full(shape, np.nan)
    states = {"state": of["basin_state"].reshape(-1, system.numbers)}
    if own.mirror:
        r = np.tile(own.relative_importance, shape[0]).repeat(shape[2])
        image = system.mirrored(states, r)["state"]
        states["state"] = np.where((r > 1)[:, None], image, states["state"])
    invariants = system.invariants(states["state"]).reshape(*shape, -1)
    cell = own.position.reshape(shape[:2])
    for at in np.ndindex(shape):
        known = minima[cell[at[:2]]]["invariant"]
        if of["result"][at] != 0 or len(known) == 0:
            continue
        apart = np.max(np.abs(known - invariants[at]), axis=1)
        distance[at] = apart.min()
        if distance[at] <= _MATCH:
            basin[at] = apart.argmin()
    return basin, distance


def _map(
    system: System, fine: phase_map.Cells, lowest: Rows, check: Rows, columns: Rows
) -> xr.Dataset:
    lowest["result"][check["position"]] |= np.where(check["difference"] > _CHECK, 2, 0)
    rows = phase_map.on_grid(system, fine, lowest | columns)
    phase, state = _phase(system), {"long_name": system.parameters}
    codes = {"flag_values": np.arange(3, dtype=np.int8)}
    data = {
        "map_loss": (_MAP, rows["loss"], {"long_name": "loss of the ground state"}),
        "map_theory_loss": (_MAP, rows["theory"], {"long_name": "the same by theory, some cells"}),
        "map_phase": (_MAP, rows["phase"].astype(np.int8), phase),
        "map_state": ((*_MAP, "parameter"), rows["state"], state),
        "map_gradient_norm": (_MAP, rows["gradient_norm"], {"long_name": "norm of the gradient"}),
        "map_curvature": (_MAP, rows["curvature"], {"long_name": "least one-sided curvature"}),
        "map_minima": (_MAP, rows["minima"], {"long_name": "number of distinct minima"}),
        "map_branch": (_MAP, rows["branch"], {"flag_meanings": "one weak strong"} | codes),
        "map_result": (
            _MAP,
            rows["result"].astype(np.int8),
            {"flag_meanings": "found no_minimum more_starts_found_less"} | codes,
        ),
    }
    return xr.Dataset(data, _axes("map_", fine.density, fine.relative_importance))


def _check(check: Rows) -> xr.Dataset:
    return xr.Dataset({f"check_{name}": ("check", values) for name, values in check.items()})
