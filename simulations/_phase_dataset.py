"""Assembles the labelled dataset of the two-feature phase diagram."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

import tms_physics as tp
from theory import two_features as theory
from tms_physics.dynamics.result import SENTENCES
from tms_physics.observables.phases import ANTIPODAL

from . import _cut
from . import _phase_map as phase_map
from ._two_features import Rows

if TYPE_CHECKING:
    from .phase_boundary import Config

_CELL = ("density", "relative_importance")
_NETWORK = (*_CELL, "start")
_MAP = ("map_density", "map_relative_importance")
_PHASE = {"flag_meanings": ", ".join(tp.PHASE_NAMES), "long_name": "phase"}
_MATCH = 1e-6  # states whose invariants agree so well are one
_CHECK = 1e-10  # a check that finds less by this much tells that the map missed the ground state
_LINE_POINTS = 400


def build(
    config: "Config",
    *,
    networks: Mapping[str, np.ndarray],
    references: phase_map.Minima,
    ground: phase_map.Minima,
    check: Rows,
    hysteresis: Mapping[str, np.ndarray],
) -> xr.Dataset:
    """Trained networks, the exact map, the boundaries of theory and the cut in one dataset."""
    own = phase_map.canonical_cells(*config.axes(config.grid))
    fine = phase_map.canonical_cells(*config.axes(config.map_grid))
    parts = (
        _networks(config, networks, own, references),
        _map(fine, ground, check),
        _lines(config),
        _hysteresis(config, hysteresis),
        _check(check),
    )
    return xr.merge(parts, combine_attrs="no_conflicts")


def _axis(name: str, values: np.ndarray, long_name: str) -> tuple[str, np.ndarray, dict]:
    return name, values, {"long_name": long_name, "units": "1"}


def _axes(prefix: str, p: np.ndarray, r: np.ndarray) -> dict:
    return {
        f"{prefix}density": _axis(f"{prefix}density", p, "density p"),
        f"{prefix}relative_importance": _axis(
            f"{prefix}relative_importance", r, "relative importance r of feature 2"
        ),
    }


def _networks(
    config: "Config", rows: Mapping[str, np.ndarray], own: phase_map.Cells, minima: phase_map.Minima
) -> xr.Dataset:
    shape = (config.grid, config.grid, config.starts)
    of = {name: np.asarray(v).reshape(*shape, *np.shape(v)[1:]) for name, v in rows.items()}
    exact = phase_map.on_grid(own, phase_map.lowest(minima))
    basin, distance = _basins(of, own, minima)
    data = {
        "W": ((*_NETWORK, "hidden", "feature"), of["state"][..., None, :2], {"long_name": "W"}),
        "b": ((*_NETWORK, "feature"), of["state"][..., 2:], {"long_name": "b"}),
        "loss": (_NETWORK, of["loss"], {"long_name": "exact loss of the network"}),
        "basin_loss": (_NETWORK, of["basin_loss"], {"long_name": "loss of its basin's minimum"}),
        "gradient_norm": (_NETWORK, of["gradient_norm"], {"long_name": "norm of the gradient"}),
        "curvature": (_NETWORK, of["curvature"], {"long_name": "least one-sided curvature"}),
        "phase": (_NETWORK, of["phase"].astype(np.int8), _PHASE),
        "result": (_NETWORK, of["result"].astype(np.int8), {"flag_meanings": " ".join(SENTENCES)}),
        "escapes": (_NETWORK, of["escapes"], {"long_name": "saddles the flow was moved off"}),
        "shift": (_NETWORK, of["shift"], {"long_name": "shift of the polish"}),
        "basin": (_NETWORK, basin, {"long_name": "rank of its state among the minima, -1 none"}),
        "distance": (_NETWORK, distance, {"long_name": "distance to that state in (WᵀW, b)"}),
        "exact_loss": (_CELL, exact["loss"], {"long_name": "loss of the ground state"}),
        "exact_phase": (_CELL, exact["phase"].astype(np.int8), _PHASE),
        "exact_state": ((*_CELL, "parameter"), exact["state"], {"long_name": "w₁, w₂, b₁, b₂"}),
        "exact_minima": (_CELL, exact["minima"], {"long_name": "number of distinct minima"}),
        "exact_hits": (_CELL, exact["hits"], {"long_name": "reference starts in ground state"}),
    }
    coords = _axes("", *config.axes(config.grid)) | {"start": np.arange(config.starts)}
    return xr.Dataset(data, coords)


def _basins(
    of: Rows, own: phase_map.Cells, minima: phase_map.Minima
) -> tuple[np.ndarray, np.ndarray]:
    """Which of its cell's minima each network is (0 the ground state), and how far from it."""
    shape = of["loss"].shape
    basin, distance = np.full(shape, -1, np.int16), np.full(shape, np.nan)
    mirror = np.broadcast_to(own.relative_importance[None, :, None] > 1, shape)
    state = np.where(mirror[..., None], of["basin_state"][..., [1, 0, 3, 2]], of["basin_state"])
    cell = own.position.reshape(shape[:2])
    for at in np.ndindex(shape):
        known = minima[cell[at[:2]]]["invariant"]
        if of["result"][at] != 0 or len(known) == 0:
            continue
        apart = np.max(np.abs(known - _invariant(state[at])), axis=1)
        distance[at] = apart.min()
        if distance[at] <= _MATCH:
            basin[at] = apart.argmin()
    return basin, distance


def _invariant(state: np.ndarray) -> np.ndarray:
    """`tms_physics.network_invariant` of a row, in numpy: it is called for every network."""
    gram = np.outer(state[:2], state[:2])
    dead = state[2:] + np.maximum(gram, 0).sum(axis=1) <= 0
    return np.concatenate([gram.ravel(), np.where(dead, 0.0, state[2:])])


def _map(fine: phase_map.Cells, ground: phase_map.Minima, check: Rows) -> xr.Dataset:
    lowest = phase_map.lowest(ground)
    lowest["result"][check["position"]] |= np.where(check["difference"] > _CHECK, 2, 0)
    lowest["branch"] = _branches(fine, lowest)
    lowest["theory"] = _theory_losses(fine, check["position"])
    rows = phase_map.on_grid(fine, lowest)
    codes = {"flag_values": np.arange(3, dtype=np.int8)}
    first_order = theory.dedicated_first_order_line(fine.density)
    limit = theory.dedicated_stability_limit(fine.density)
    dedicated = np.where(np.isnan(first_order), limit, first_order)
    weak_strong = theory.weak_strong_first_order_line(fine.density)
    data = {
        "map_loss": (_MAP, rows["loss"], {"long_name": "loss of the ground state"}),
        "map_theory_loss": (_MAP, rows["theory"], {"long_name": "the same by theory, some cells"}),
        "map_phase": (_MAP, rows["phase"].astype(np.int8), _PHASE),
        "map_state": ((*_MAP, "parameter"), rows["state"], {"long_name": "w₁, w₂, b₁, b₂"}),
        "map_gradient_norm": (_MAP, rows["gradient_norm"], {"long_name": "norm of the gradient"}),
        "map_curvature": (_MAP, rows["curvature"], {"long_name": "least one-sided curvature"}),
        "map_minima": (_MAP, rows["minima"], {"long_name": "number of distinct minima"}),
        "map_branch": (_MAP, rows["branch"], {"flag_meanings": "one weak strong"} | codes),
        "map_line_dedicated": ("map_density", dedicated, {"long_name": "dedicated below this r"}),
        "map_line_weak_strong": ("map_density", weak_strong, {"long_name": "weak below this r"}),
        "map_result": (
            _MAP,
            rows["result"].astype(np.int8),
            {"flag_meanings": "found no_minimum more_starts_found_less"} | codes,
        ),
    }
    return xr.Dataset(data, _axes("map_", fine.density, fine.relative_importance))


def _theory_losses(fine: phase_map.Cells, chosen: np.ndarray) -> np.ndarray:
    """The loss of the ground state by theory in the chosen cells, NaN in the others."""
    out = np.full(len(fine.p), np.nan)
    for k in chosen:
        out[k] = theory.ground_state(float(fine.p[k]), float(fine.r[k])).loss
    return out


def _branches(fine: phase_map.Cells, lowest: Rows) -> np.ndarray:
    """Weak (1) or strong (2) antipodal where a jump parts them, by the side of it; else 0."""
    branch = np.zeros(len(fine.p), np.int8)
    for p in np.unique(fine.p):
        pair = theory.weak_strong_coexistence(float(p))
        if pair is None:
            continue
        middle = np.mean([_ratio(np.array(s.weights)) for s in (pair.low_state, pair.high_state)])
        at = (fine.p == p) & (lowest["phase"] == ANTIPODAL)
        branch[at] = np.where(_ratio(lowest["state"][at, :2].T) < middle, 1, 2)
    return branch


def _ratio(weights: np.ndarray) -> np.ndarray:
    """|w₂/w₁|, below 1: for r ≤ 1 feature 1 has the larger weight, or the state is a mirror."""
    first, second = np.abs(weights)
    return np.minimum(first, second) / np.maximum(first, second)


def _lines(config: "Config") -> xr.Dataset:
    """Boundaries r(p) ≤ 1 of theory; the mirror images are 1/r."""
    p = np.geomspace(min(config.density), max(config.density), _LINE_POINTS)
    (lower, upper) = theory.tricritical_points()
    continuous = np.where(
        (p >= lower[0]) & (p <= upper[0]), theory.dedicated_stability_limit(p), np.nan
    )
    breaking = theory.symmetry_breaking_density()
    lines = {
        "ansatz": (theory.ansatz_boundary(p), "fixed-ansatz boundary"),
        "first_order": (theory.dedicated_first_order_line(p), "first-order end of dedicated"),
        "continuous": (continuous, "continuous end of dedicated"),
        "stability": (theory.dedicated_stability_limit(p), "dedicated stable below"),
        "weak_strong": (theory.weak_strong_first_order_line(p), "weak | strong antipodal"),
        "exchange": (np.where(p >= breaking, 1.0, np.nan), "broken exchange symmetry"),
    }
    data = {f"line_{k}": ("line_density", v, {"long_name": name}) for k, (v, name) in lines.items()}
    points = {
        "critical_end_point": theory.critical_end_point(),
        "triple_point": theory.triple_point(),
        "lower_tricritical_point": lower,
        "upper_tricritical_point": upper,
        "symmetry_breaking_point": (breaking, 1.0),
    }
    attrs: dict[str, object] = {name: np.array(point) for name, point in points.items()}
    attrs["small_density_slope"] = float(theory.small_density_slope())
    return xr.Dataset(data, {"line_density": _axis("line_density", p, "density p")}, attrs)


def _hysteresis(config: "Config", rows: Mapping[str, np.ndarray]) -> xr.Dataset:
    p = config.cut_density
    curve = _cut.branches(p)
    sweep = ("direction", "hysteresis_relative_importance")
    data = {
        "cut_relative_importance": ("cut_point", curve["relative_importance"]),
        "cut_weight": ("cut_point", curve["weight"], {"long_name": "|w₂| of antipodal states"}),
        "cut_stable": ("cut_point", curve["stable"], {"long_name": "1 minimum, 0 saddle"}),
        "hysteresis_weight": (sweep, rows["weight"][0], {"long_name": "|w₂|, continued minimum"}),
        "hysteresis_loss": (sweep, rows["loss"][0], {"long_name": "loss, continued minimum"}),
    }
    coords = {
        "direction": ["up", "down"],
        "hysteresis_relative_importance": _cut.relative_importances(p),
    }
    attrs = {
        "cut_density": p,
        "cut_first_order": float(theory.dedicated_first_order_line(p)),
        "cut_stability": float(theory.dedicated_stability_limit(p)),
    }
    return xr.Dataset(data, coords, attrs)


def _check(check: Rows) -> xr.Dataset:
    return xr.Dataset({f"check_{name}": ("check", values) for name, values in check.items()})
