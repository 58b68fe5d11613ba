"""Assembles the labelled dataset of the basins."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

import tms_physics as tp
from theory import two_features as theory
from tms_physics.dynamics.result import SENTENCES

from . import _basins_ends as ends
from ._sweep import Stage
from ._two_features import Rows

if TYPE_CHECKING:
    from .basins import Config

_CELL = ("density", "relative_importance", "scale")
_POINT = ("plane", "w1", "w2")
_STATE = ("plane", "state")
_END = {"flag_meanings": ", ".join(ends.ENDS), "long_name": "where the flow ends, -1 failed"}
_UNSTABLE, _STABLE, _HALF = range(3)
_LINE_POINTS = 200
_APART = 1e-3  # acute states further apart than this are marked one by one
Flows = Mapping[str, np.ndarray]


def build(config: "Config", stages: tuple[Stage, Stage], flows: tuple[Flows, Flows]) -> xr.Dataset:
    """Ends of the random starts, counted, and of the planes' points, with what theory knows."""
    random, plane = (
        dict(rows) | ends.classify(dict(stage.cells), dict(rows))
        for stage, rows in zip(stages, flows, strict=True)
    )
    parts = (
        _random(config, stages[0], random),
        _planes(config, plane),
        _states(config, plane),
        _lines(config),
    )
    attrs = {
        "largest_distance_to_theory": _largest(random, plane, "distance"),
        "largest_shift_of_polish": _largest(random, plane, "shift"),
        "ends_unknown_to_theory": int(random["unknown"].sum() + plane["unknown"].sum()),
    }
    return xr.merge(parts, combine_attrs="no_conflicts").assign_attrs(attrs)


def _largest(random: Rows, plane: Rows, name: str) -> float:
    """The largest value among the flows that have an end."""
    good = [rows[name][rows["result"] == 0] for rows in (random, plane)]
    return float(np.nanmax(np.append(np.concatenate(good), 0.0)))


def _random(config: "Config", stage: Stage, rows: Rows) -> xr.Dataset:
    axes = config.axes()
    shape = (*map(len, axes.values()), config.starts)
    of = {name: np.asarray(v).reshape(*shape, *np.shape(v)[1:]) for name, v in rows.items()}
    start = stage.cells["start"][:, :2].reshape(*shape, 2)
    flow = (*_CELL, "start")
    data = {
        "end": (flow, of["end"], _END),
        "excess": (flow, of["excess"], {"long_name": "relative excess over the ground state"}),
        "result": (flow, of["result"].astype(np.int8), {"flag_meanings": " ".join(SENTENCES)}),
        "start_weights": ((*flow, "feature"), start, {"long_name": "w at the start"}),
    }
    coords = {name: _axis(name, values) for name, values in axes.items()}
    coords |= {"end_name": ("end_index", list(ends.ENDS))}
    return xr.Dataset(data | _counts(of), coords)


def _axis(name: str, values: np.ndarray) -> tuple[str, np.ndarray, dict]:
    names = {
        "density": "density p",
        "relative_importance": "relative importance r of feature 2",
        "scale": "standard deviation of the weights at the start",
        "w1": "w₁ at the start",
        "w2": "w₂ at the start",
    }
    return name, values, {"long_name": names[name], "units": "1"}


def _counts(of: Rows) -> dict[str, tuple]:
    """How many flows end in each state; probabilities are among those that have an end."""
    counts = np.stack([np.sum(of["end"] == k, axis=-1) for k in range(len(ends.ENDS))], axis=-1)
    excess = of["excess"]
    ground = np.sum((of["result"] == 0) & (excess <= ends.GROUND), axis=-1)
    ended = counts.sum(axis=-1)
    of_cell, of_end = _CELL, (*_CELL, "end_index")
    return {
        "count": (of_end, counts, {"long_name": "flows that end in the state", "units": "1"}),
        "failed": (of_cell, np.sum(of["result"] != 0, axis=-1), {"long_name": "flows without end"}),
        "probability": (of_end, _share(counts, ended[..., None]), _text("of the end")),
        "interval": ((*of_end, "bound"), _intervals(counts, ended[..., None]), _text("interval")),
        "ground_count": (of_cell, ground, {"long_name": "flows that end in the ground state"}),
        "ground_probability": (of_cell, _share(ground, ended), _text("of the ground state")),
        "ground_interval": ((*of_cell, "bound"), _intervals(ground, ended), _text("interval")),
    }


def _text(name: str) -> dict[str, str]:
    long = "95 % interval of the probability" if name == "interval" else f"probability {name}"
    return {"long_name": long, "units": "1"}


def _share(hits: np.ndarray, of: np.ndarray) -> np.ndarray:
    return np.where(of > 0, hits / np.maximum(of, 1), np.nan)


def _intervals(hits: np.ndarray, of: np.ndarray) -> np.ndarray:
    """Wilson intervals, elementwise."""
    hits, of = np.broadcast_arrays(hits, of)
    out = np.empty((*hits.shape, 2))
    for trials in np.unique(of):
        at = of == trials
        out[at] = tp.wilson_interval(hits[at], int(trials))
    return out


def _planes(config: "Config", rows: Rows) -> xr.Dataset:
    """Ends over the whole planes: at -w the end is the mirror image of that at w."""
    first, above = config.plane_axes()
    shape = (len(config.planes), len(first), len(above))

    def whole(values: np.ndarray) -> np.ndarray:
        half = values.reshape(shape)
        return np.concatenate([half[:, ::-1, ::-1], half], axis=2)

    result = whole(rows["result"]).astype(np.int8)
    data = {
        "plane_end": (_POINT, whole(rows["end"]), _END),
        "plane_excess": (_POINT, whole(rows["excess"]), {"long_name": "relative excess"}),
        "plane_result": (_POINT, result, {"flag_meanings": " ".join(SENTENCES)}),
    }
    p, r = np.array(config.planes).T
    coords = {
        "w1": _axis("w1", first),
        "w2": _axis("w2", np.concatenate([-above[::-1], above])),
        "plane_density": ("plane", p, {"long_name": "density p", "units": "1"}),
        "plane_relative_importance": ("plane", r, {"long_name": "relative importance r"}),
    }
    return xr.Dataset(data, coords)


def _lines(config: "Config") -> xr.Dataset:
    """The stability limits of dedicated by theory, on its antipodal and on its acute side."""
    p = np.geomspace(min(config.density), max(config.density), _LINE_POINTS)
    names = ("line_density", {"long_name": "density p", "units": "1"})
    lines = {
        "line_antipodal_side": (theory.dedicated_stability_limit(p), "dedicated stable below"),
        "line_acute_side": (theory.acute_onset(p), "dedicated attracts acute below"),
    }
    data = {name: (names[0], r, {"long_name": text}) for name, (r, text) in lines.items()}
    return xr.Dataset(data, {"line_density": (names[0], p, names[1])})


def _states(config: "Config", rows: Rows) -> xr.Dataset:
    """Stationary states of every plane: theory's, the origin, and acute ones that theory lacks."""
    size = len(rows["end"]) // len(config.planes)
    found = []
    for k, (p, r) in enumerate(config.planes):
        mine = slice(k * size, (k + 1) * size)
        found.append(_states_of_plane(ends.known(p, r), rows["state"][mine], rows["end"][mine], p))
    most = max(len(states) for states, _ in found)
    weights = np.full((len(found), most, 4), np.nan)
    kind = np.full((len(found), most), -1, np.int8)
    for k, (states, kinds) in enumerate(found):
        weights[k, : len(states)], kind[k, : len(kinds)] = states, kinds
    meaning = {"flag_meanings": "saddle, minimum, half-stable", "long_name": "stability, -1 blank"}
    return xr.Dataset(
        {
            "state": ((*_STATE, "parameter"), weights, {"long_name": "w₁, w₂, b₁, b₂"}),
            "state_kind": (_STATE, kind, meaning),
        }
    )


def _states_of_plane(
    theirs: ends.Known, reached: np.ndarray, end: np.ndarray, p: float
) -> tuple[np.ndarray, np.ndarray]:
    """States with a positive leading weight, and the stability of each."""
    kinds = np.where(theirs.stable, _STABLE, np.where(theirs.half_stable, _HALF, _UNSTABLE))
    acute = ends.sign_fixed(reached[end == ends.DEEP_ACUTE])
    _, first = np.unique(np.round(acute / _APART), axis=0, return_index=True)
    origin = [[0.0, 0.0, p / 2, p / 2]]
    states = np.concatenate([theirs.states, origin, acute[first]])
    return states, np.append(kinds, [_UNSTABLE] + [_STABLE] * len(first)).astype(np.int8)
