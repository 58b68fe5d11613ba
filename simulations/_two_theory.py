"""What theory adds to the map of two features: lines, points, branches, and the cut."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from theory import two_features as theory
from theory.numeric import RootNotFound
from tms_physics.observables.phases import ANTIPODAL, DEDICATED_1, DEDICATED_2

from . import _cut, _order_cut
from ._execution import Execute
from ._phase_map import Cells, Minima
from ._system import Rows, System

if TYPE_CHECKING:
    from .phase_boundary import Config

_LINE_POINTS = 400


@dataclass(frozen=True)
class TwoTheory:
    """Two features of equal density. `hysteresis`: results of that stage."""

    config: "Config"
    hysteresis: Mapping[str, np.ndarray]

    @classmethod
    def start(cls, config: "Config", system: System, execute: Execute) -> "TwoTheory":
        return cls(config, execute(_cut.hysteresis_stage(config.cut)))

    def cut_cells(self) -> None:
        """The cut is the hysteresis loop."""

    def map_columns(self, fine: Cells, lowest: Rows, check: Rows) -> Rows:
        return {"branch": _branches(fine, lowest), "theory": losses(fine, check["position"])}

    def parts(self, fine: Cells, cut: Minima | None) -> list[xr.Dataset]:
        return [
            lines(*self.config.densities),
            _map_lines(fine),
            _hysteresis(self.config, self.hysteresis),
        ]

    def off(self, dataset: xr.Dataset) -> xr.DataArray:
        """Phase, or side of the weak-strong jump, not what the lines say."""
        axis = dataset["map_relative_importance"]
        r = np.minimum(axis, 1 / axis)
        phase, branch = dataset["map_phase"], dataset["map_branch"]
        dedicated = phase.isin([DEDICATED_1, DEDICATED_2])
        wrong = dedicated != (r < dataset["map_line_dedicated"])
        weak = r < dataset["map_line_weak_strong"]
        return wrong | ((branch > 0) & ((branch == 1) != weak))


@dataclass(frozen=True)
class UnequalTheory:
    """Two features of different densities: losses of theory, no lines and no mirror image."""

    config: "Config"
    system: System

    @classmethod
    def start(cls, config: "Config", system: System, execute: Execute) -> "UnequalTheory":
        return cls(config, system)

    def cut_cells(self) -> Cells:
        return _order_cut.cells(self.config)

    def map_columns(self, fine: Cells, lowest: Rows, check: Rows) -> Rows:
        branch = np.zeros(len(fine.p), np.int8)
        return {"branch": branch, "theory": losses(fine, check["position"])}

    def parts(self, fine: Cells, cut: Minima | None) -> list[xr.Dataset]:
        return [_order_cut.dataset(self.config, self.system, cut or [])]

    def off(self, dataset: xr.Dataset) -> xr.DataArray:
        """There are no lines to disagree with."""
        return dataset["map_loss"] != dataset["map_loss"]


def losses(fine: Cells, chosen: np.ndarray) -> np.ndarray:
    """Losses of the ground state in the chosen cells, NaN in the others and where theory fails."""
    out = np.full(len(fine.p), np.nan)
    for k in chosen:
        p, r = float(fine.p[k]), float(fine.r[k])
        other = {} if fine.ratio == 1 else {"second_density": fine.ratio * p}
        with contextlib.suppress(RootNotFound):
            out[k] = theory.ground_state(p, r, **other).loss
    return out


def _branches(fine: Cells, lowest: Rows) -> np.ndarray:
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


def _map_lines(fine: Cells) -> xr.Dataset:
    """The boundaries at the densities of the map."""
    first_order = theory.dedicated_first_order_line(fine.density)
    limit = theory.dedicated_stability_limit(fine.density)
    dedicated = np.where(np.isnan(first_order), limit, first_order)
    weak_strong = theory.weak_strong_first_order_line(fine.density)
    return xr.Dataset(
        {
            "map_line_dedicated": ("map_density", dedicated, {"long_name": "dedicated below r"}),
            "map_line_weak_strong": ("map_density", weak_strong, {"long_name": "weak below r"}),
        }
    )


def lines(first: float, last: float) -> xr.Dataset:
    """Boundaries r(p) ≤ 1 of theory between two densities; the mirror images are 1/r."""
    p = np.geomspace(min(first, last), max(first, last), _LINE_POINTS)
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
    axis = ("line_density", p, {"long_name": "density p", "units": "1"})
    return xr.Dataset(data, {"line_density": axis}, attrs)


def _hysteresis(config: "Config", rows: Mapping[str, np.ndarray]) -> xr.Dataset:
    p = config.cut
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
