"""What theory adds to the map of three features: transitions, losses, and the cut."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from theory import three_features as theory
from theory.numeric import RootNotFound
from tms_physics import THREE_PHASE_NAMES

from . import _order_cut
from ._execution import Execute
from ._phase_map import Cells, Minima
from ._sweep import Stage
from ._system import Rows, System

if TYPE_CHECKING:
    from .phase_boundary import Config

PHASES = ("dropped", "digon 13", "digon 12", "isosceles", "scalene")
"""What theory calls the ground states; numbers in the dataset are positions here, -1 for none."""

# Theory's name of each phase that `tms_physics.three_feature_phase` tells; folded states only.
NAMES = {
    "dropped 3": "dropped",
    "digon 13": "digon 13",
    "digon 12": "digon 12",
    "isosceles 3": "isosceles",
    "triangle": "isosceles",
    "scalene": "scalene",
}
_MOST_LINES = 24  # densities of the map at which theory is asked
_MORE_LINES = np.linspace(0.5, 0.96, 24)
_MOST_CHANGES = 8  # of the ground state with r at one density
_EVERY = 4  # theory's loss is asked for in every fourth cell of a row
_ON_LINE = 1e-6  # in log r: a cell so close to a transition is on neither side
_COLUMNS = ("relative_importance", "below", "above", "continuous", "jump", "latent_loss")


def line_rows(config: "Config") -> np.ndarray:
    """Rows of the map at whose densities the transitions are solved for.

    Not those with density 1: all inputs are active there, and ground states form a continuum.
    """
    p, _ = config.axes(config.map_size)
    dense = (p == 1) | (config.last_density_ratio * p == 1)
    return np.flatnonzero(~dense)[:: -(-len(p) // _MOST_LINES)]


def line_densities(config: "Config") -> np.ndarray:
    """The densities of these rows, more between them where lines are many, and that of the cut."""
    p, _ = config.axes(config.map_size)
    low, high = min(config.densities), max(config.densities)
    more = _MORE_LINES[(low < _MORE_LINES) & (high > _MORE_LINES)]
    return np.concatenate([p[line_rows(config)], more, [config.cut]])


def transitions_stage(config: "Config") -> Stage:
    _, r = config.axes(config.map_size)
    p = line_densities(config)
    cells = {"density": p, "last_density": config.last_density_ratio * p}
    return Stage("transitions", cells, lambda rows: _solve(rows, r), chunk_size=1)


def _solve(cells: Rows, r: np.ndarray) -> Rows:
    """Transitions at one density, and losses of the ground state at some r."""
    p, q = float(cells["density"][0]), float(cells["last_density"][0])
    span = (min(r.min(), 0.99), max(r.max(), 1.01))
    table, losses = np.full((len(_COLUMNS), _MOST_CHANGES), np.nan), np.full(len(r), np.nan)
    try:
        found = theory.transitions(p, last_density=q, relative_importance=span)
        for k, change in enumerate(found):
            table[:, k] = _numbers(change)
        for k in range(int(cells["index"][0]) % _EVERY, len(r), _EVERY):
            losses[k] = theory.ground_state(p, float(r[k]), last_density=q).loss
        result = 0
    except RootNotFound:
        result = 1
    out = {name: row[None] for name, row in zip(_COLUMNS, table, strict=True)}
    return out | {"loss": losses[None], "result": np.array([result], np.int32)}


def _numbers(change: theory.Transition) -> tuple[float, ...]:
    phases = (PHASES.index(state.phase) for state in (change.below, change.above))
    order = (change.continuous, change.jump, change.latent_loss)
    return (change.relative_importance, *phases, *order)


@dataclass(frozen=True)
class ThreeTheory:
    """Three features, of equal densities or not. `rows`: results of the transitions' stage."""

    config: "Config"
    system: System
    rows: Mapping[str, np.ndarray]

    @classmethod
    def start(cls, config: "Config", system: System, execute: Execute) -> "ThreeTheory":
        return cls(config, system, execute(transitions_stage(config)))

    def cut_cells(self) -> Cells:
        return _order_cut.cells(self.config)

    def map_columns(self, fine: Cells, lowest: Rows, check: Rows) -> Rows:
        size = self.config.map_size
        losses = np.full((size, size), np.nan)
        rows = line_rows(self.config)
        losses[rows] = self.rows["loss"][: len(rows)]
        by_cell = np.empty(len(fine.p))
        by_cell[fine.position] = losses.ravel()
        return {"branch": np.zeros(len(fine.p), np.int8), "theory": by_cell}

    def parts(self, fine: Cells, cut: Minima | None) -> list[xr.Dataset]:
        return [self._lines(), _ansatz(self.config), self._cut(cut or [])]

    def _lines(self) -> xr.Dataset:
        words = {"phases": ", ".join(PHASES), "long_name": "changes of the ground state with r"}
        data = {
            f"line_{name}": (("line_density", "change"), self.rows[name][:-1], words)
            for name in _COLUMNS
        }
        result = ("line_density", self.rows["result"][:-1], {"long_name": "0 where solved"})
        p = line_densities(self.config)[:-1]
        return xr.Dataset(data | {"line_result": result}, {"line_density": p}, _points(self.config))

    def _cut(self, minima: Minima) -> xr.Dataset:
        out = _order_cut.dataset(self.config, self.system, minima)
        return out.assign({f"cut_{name}": ("change", self.rows[name][-1]) for name in _COLUMNS[:4]})

    def off(self, dataset: xr.Dataset) -> xr.DataArray:
        """Cells, in rows where theory was asked, whose phase is not the one between its lines."""
        out = xr.zeros_like(dataset["map_loss"], bool)
        r, phase = dataset["map_relative_importance"].values, dataset["map_phase"].values
        for line, row in enumerate(line_rows(self.config)):
            if dataset["line_result"].values[line] == 0:
                changes = {name: dataset[f"line_{name}"].values[line] for name in _COLUMNS[:3]}
                expected, near = _between(changes, r)
                found = [_position(code) for code in phase[row]]
                out.values[row] = (np.array(found) != expected) & ~near
        return out


def _position(code: int) -> int:
    name = NAMES.get(THREE_PHASE_NAMES[code]) if code >= 0 else None
    return PHASES.index(name) if name is not None else -1


def _between(changes: Rows, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The phase at each r from the changes at one density, and whether r is on one of them."""
    known = np.isfinite(changes["relative_importance"])
    if not known.any():  # one phase, which the changes do not name
        return np.zeros(len(r), int), np.ones(len(r), bool)
    at = changes["relative_importance"][known]
    phases = np.append(changes["below"][known][:1], changes["above"][known])
    distance = np.abs(np.log(r)[:, None] - np.log(at)[None, :])
    near = np.any(distance < _ON_LINE, axis=1)
    return phases[np.searchsorted(at, r)].astype(int), near


def _points(config: "Config") -> dict[str, np.ndarray]:
    """Special points of theory at equal densities."""
    if config.last_density_ratio != 1:
        return {}
    weak, strong = theory.isosceles_critical_points()
    points = {
        "triangle_point": (theory.triangle_ground_density(), 1.0),
        "digon_13_top_point": theory.digon_13_top(),
        "lower_isosceles_critical_point": weak,
        "upper_isosceles_critical_point": strong,
    }
    return {name: np.array(point) for name, point in points.items()}


def _ansatz(config: "Config") -> xr.Dataset:
    """The boundaries of fixed ansätze, for equal densities."""
    if config.last_density_ratio != 1:
        return xr.Dataset()
    p = line_densities(config)[:-1]
    lines = theory.ansatz_boundaries(p)
    words = {"long_name": "fixed-ansatz boundaries: " + "; ".join(lines)}
    data = {"line_ansatz": (("line_density", "ansatz"), np.stack(list(lines.values()), 1), words)}
    return xr.Dataset(data, {"line_density": p})
