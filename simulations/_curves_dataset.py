"""Stages of the theory curves, and the labelled dataset of their values."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from . import _curves_many as many
from . import _curves_two_features as two
from ._sweep import Stage

if TYPE_CHECKING:
    from .theory_curves import Config

_LOSS = {"units": "loss"}
_ONE = {"units": "1"}
_TEXTS = {
    "ansatz": "unit weights: dedicated | antipodal (Elhage et al. 2022)",
    "dedicated_first_order": "first order: dedicated | antipodal",
    "weak_strong": "first order: weak | strong antipodal",
    "dedicated_stability": "above: dedicated is no local minimum",
    "strong_stability": "below: strong antipodal is no local minimum",
    "weak_low": "below: weak antipodal is no local minimum",
    "weak_high": "above: weak antipodal is no local minimum",
    "acute_low": "below: acute is no local minimum",
    "acute_high": "above: acute is no local minimum",
    "relative_importance": "relative importance of a first-order line",
    "jump": "jump of |w_2| across the line",
    "latent_loss": "jump of dL/dr across the line",
    "barrier": "loss of the saddle above the two states",
    "norm": "norm of each feature in the k-gon",
    "bias": "bias of each feature in the k-gon",
    "height": "h_k, part of H = 3 lim L/p",
    "crossing_importance": "relative importance at which a regular (k+1)-gon ties with the k-gon",
    "least_curvature": "least curvature of lim L/p apart from the rotation",
    "mean_field": "mean field, loss per feature",
    "partial_storage": "mean field with the best share dropped, loss per feature",
    "linear": "linear model, loss per feature",
    "dropped": "a dropped feature's loss",
}


def stages(config: "Config") -> dict[str, Stage]:
    """By name, all independent of each other."""
    found = (
        two.lines_stage(config.points),
        two.wells_stage(config.points),
        many.polygons_stage(config.largest_polygon),
        many.fields_stage(config.points),
    )
    return {stage.name: stage for stage in found}


def build(config: "Config", found: Mapping[str, Mapping[str, np.ndarray]]) -> xr.Dataset:
    """All curves, each on its own grid; special points as attributes (p, r)."""
    points = config.points
    parts = (
        _lines(points, found["lines"]),
        _wells(points, found["wells"]),
        _polygons(config.largest_polygon, found["polygons"]),
        _pairs(points),
        _fields(points, found["fields"]),
    )
    data: dict[str, Any] = {}
    coords: dict[str, Any] = {}
    for variables, coordinates in parts:
        data |= variables
        coords |= coordinates
    special = {name: list(point) for name, point in two.points().items()}
    return xr.Dataset(data, coords, special | {"pair_density": many.PAIR_DENSITY})


Part = tuple[dict[str, Any], dict[str, Any]]


def _columns(names: tuple[str, ...], dims: Any, values: np.ndarray, prefix: str = "") -> dict:
    """One variable for each entry of the last axis."""
    return {
        f"{prefix}{name}": (dims, values[..., k], {"long_name": _TEXTS[name]})
        for k, name in enumerate(names)
    }


def _lines(points: int, found: Mapping[str, np.ndarray]) -> Part:
    data = _columns(two.LINES, "density", found["lines"], "line_")
    data |= _columns(two.TIE, ("density", "tie"), found["tied"], "tie_")
    p = two.densities(points)
    coords = {
        "density": ("density", p, {"long_name": "density p"} | _ONE),
        "tie": ("tie", list(two.KINDS)),
    }
    return data, coords


def _wells(points: int, found: Mapping[str, np.ndarray]) -> Part:
    three = ("well", "state")
    above = {"long_name": "loss above dedicated, least at given |w_2|"} | _LOSS
    data = {
        "well_profile": (("well", "side", "weight"), found["profile"], above),
        "well_r": (("well", "side"), found["r"], {"long_name": "relative importance"} | _ONE),
        "well_density": ("well", [p for _, p, _ in two.WELLS], {"long_name": "density"} | _ONE),
        "state_weight": (three, found["state_weight"], {"long_name": "|w_2|"} | _ONE),
        "state_excess": (three, found["state_excess"], {"long_name": "above dedicated"} | _LOSS),
    }
    coords = {
        "well": ("well", [kind for kind, _, _ in two.WELLS]),
        "side": ("side", ["below", "at", "above"]),
        "state": ("state", ["low", "saddle", "high"]),
        "weight": ("weight", two.weights(points), {"long_name": "|w_2|"} | _ONE),
    }
    return data, coords


def _polygons(largest: int, found: Mapping[str, np.ndarray]) -> Part:
    data = _columns(many.POLYGON, "k", found["polygon"], "polygon_")
    return data, {"k": ("k", np.arange(1, largest + 1), {"long_name": "features of the k-gon"})}


def _pairs(points: int) -> Part:
    (energy, torque), (far, push) = many.pairs(points), many.coulomb(points)
    here = ("particles", "angle")
    exact = {"long_name": "exact L/p of two unit features without biases"} | _LOSS
    data = {
        "pair_energy": (here, energy, {"long_name": "pair energy in lim L/p"} | _LOSS),
        "pair_torque": (here, torque, {"long_name": "-dE/dtheta"} | _LOSS),
        "pair_exact": ("angle", many.exact_pair(points), exact),
        "coulomb_energy": ("angle", far, {"long_name": "1/distance on the circle"}),
        "coulomb_torque": ("angle", push, {"long_name": "its torque"}),
    }
    coords = {
        "particles": ("particles", list(many.PARTICLES)),
        "angle": ("angle", many.angles(points), {"long_name": "angle", "units": "degree"}),
    }
    return data, coords


def _fields(points: int, found: Mapping[str, np.ndarray]) -> Part:
    rows, wide = found["field"], len(many.DENSITIES) * points
    over_ratio = rows[:wide].reshape(len(many.DENSITIES), points, -1)
    over_density = rows[wide:].reshape(len(many.RATIOS), points, -1)
    data = _columns(many.FIELD, ("field_density", "ratio"), over_ratio, "ratio_")
    data |= _columns(many.FIELD, ("field_ratio", "curve_density"), over_density, "density_")
    text = {"long_name": "antipodal pairs at m/n = 1/2, loss per feature"} | _LOSS
    data["digons"] = ("field_density", many.digons(), text)
    coords = {
        "field_density": ("field_density", list(many.DENSITIES), {"long_name": "density"}),
        "field_ratio": ("field_ratio", list(many.RATIOS), {"long_name": "m/n"}),
        "ratio": ("ratio", many.ratios(points), {"long_name": "m/n"} | _ONE),
        "curve_density": ("curve_density", many.curve_densities(points), {"long_name": "p"} | _ONE),
    }
    return data, coords
