"""The exact map of ground states: all minima on a coarse grid, continued to every cell.

Where exchange of the features is a symmetry that maps (p, r) to (p, 1/r), only cells with r ≤ 1
are solved: two features of equal density.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tms_physics.dynamics.minimise import distinct

from ._execution import Execute
from ._sweep import Stage
from ._system import Rows, System

_SAME_START = 0.05  # starts closer than this are one: they lead to the same minimum
_COLUMNS = ("state", "loss", "phase", "gradient_norm", "curvature")


@dataclass(frozen=True)
class Cells:
    """A grid of (p, r) and the distinct cells that stand for it."""

    density: np.ndarray
    relative_importance: np.ndarray
    p: np.ndarray
    r: np.ndarray
    position: np.ndarray
    """Of each grid point (density, relative_importance) among the distinct cells, flattened."""

    ratio: float = 1.0
    """Density of the last feature over p."""

    mirror: bool = True
    """Whether the cells are (p, min(r, 1/r))."""

    def rows(self, cell: np.ndarray, start: np.ndarray) -> Rows:
        """Rows of a stage: some cells with their starts."""
        p = self.p[cell]
        densities = {"density": p, "last_density": self.ratio * p}
        return densities | {"relative_importance": self.r[cell], "start": start}


Minima = list[Rows]
"""For each distinct cell its distinct minima, lowest first: arrays of `_COLUMNS`."""


def canonical_cells(
    density: np.ndarray,
    relative_importance: np.ndarray,
    *,
    ratio: float = 1.0,
    mirror: bool = True,
) -> Cells:
    """The cells that must be solved for a map over these axes."""
    p, r = np.meshgrid(density, relative_importance, indexing="ij")
    low = (np.minimum(r, 1 / r) if mirror else r).ravel()
    labels = np.stack([_labels(p.ravel()), _labels(low)])
    _, first, position = np.unique(labels, axis=1, return_index=True, return_inverse=True)
    distinct_p, distinct_r, position = p.ravel()[first], low[first], np.asarray(position).ravel()
    return Cells(density, relative_importance, distinct_p, distinct_r, position, ratio, mirror)


def random_share(cells: Cells, share: float, seed: int) -> Cells:
    """A random share of the distinct cells, at least one; `position` tells which."""
    count = max(1, round(share * len(cells.p)))
    chosen = np.sort(np.random.default_rng(seed).choice(len(cells.p), count, replace=False))
    empty = np.array([])
    at = (cells.p[chosen], cells.r[chosen], chosen)
    return Cells(empty, empty, *at, cells.ratio, cells.mirror)


def random_rows(system: System, cells: Cells, starts: int, seed: int) -> Rows:
    """`starts` random states in each distinct cell."""
    cell = np.repeat(np.arange(len(cells.p)), starts)
    return cells.rows(cell, system.random_starts(len(cell), seed))


def distinct_minima(rows: Mapping[str, np.ndarray], members: np.ndarray) -> Rows:
    """The distinct minima among some rows of a descent, lowest first, with hit counts."""
    good = members[rows["minimum"][members]]
    groups = distinct(rows["loss"][good], rows["invariant"][good])
    best = np.array([good[group[0]] for group in groups], dtype=int)
    hits = np.array([len(group) for group in groups], dtype=int)
    return {name: rows[name][best] for name in (*_COLUMNS, "invariant")} | {"hits": hits}


def minima_by_cell(cells: Cells, starts: int, rows: Mapping[str, np.ndarray]) -> Minima:
    """Distinct minima of each cell from the stage of its random starts."""
    blocks = np.arange(len(cells.p) * starts).reshape(len(cells.p), starts)
    return [distinct_minima(rows, block) for block in blocks]


def _thinned(system: System, states: np.ndarray) -> np.ndarray:
    """Starts without near-duplicates."""
    kept: list[np.ndarray] = []
    for state in system.oriented(states):
        if all(np.max(np.abs(state - other)) > _SAME_START for other in kept):
            kept.append(state)
    return np.array(kept).reshape(-1, system.numbers)


def _labels(values: np.ndarray) -> np.ndarray:
    """Logarithms, rounded so that equal coordinates are equal numbers."""
    return np.log(values).round(10)


def _around(axis: np.ndarray, label: float, on_axis: bool) -> np.ndarray:
    """Indices of the grid points next to a label on an increasing axis, on both sides."""
    above = int(np.searchsorted(axis, label))
    return np.unique(np.clip(np.arange(above - 1, above + 1 + on_axis), 0, len(axis) - 1))


def continued_rows(
    system: System, own: Cells, found: Minima, cells: Cells, *, seeds: bool
) -> tuple[Rows, np.ndarray]:
    """Rows that start in the distinct cells from the minima of the coarse cells around them.

    `seeds` adds the system's own starts and takes in neighbours on all sides. The second array
    tells the cell of each row.
    """
    (p_axis, i_own), (r_axis, j_own) = (
        np.unique(_labels(values), return_inverse=True) for values in (own.p, own.r)
    )
    at = {place: k for k, place in enumerate(zip(i_own.tolist(), j_own.tolist(), strict=True))}
    starts = []
    for p, *labels in zip(cells.p, _labels(cells.p), _labels(cells.r), strict=True):
        ps, rs = (_around(axis, x, seeds) for axis, x in zip((p_axis, r_axis), labels, strict=True))
        near = [found[at[i, j]]["state"] for i in ps for j in rs if (i, j) in at]
        more = [system.seeds(p, cells.ratio * p)] * seeds
        starts.append(_thinned(system, np.concatenate(near + more)))
    cell = np.repeat(np.arange(len(cells.p)), [len(states) for states in starts])
    return cells.rows(cell, np.concatenate(starts)), cell


def minima_of_rows(cell: np.ndarray, count: int, rows: Mapping[str, np.ndarray]) -> Minima:
    """Distinct minima of each of `count` cells, from rows in the order of their cells."""
    edges = np.searchsorted(cell, np.arange(count + 1))
    return [distinct_minima(rows, np.arange(a, b)) for a, b in itertools.pairwise(edges)]


@dataclass(frozen=True)
class Continuation:
    """Finds the minima of cells from those of the coarse cells `own` around them."""

    system: System
    execute: Execute
    own: Cells

    def __call__(
        self, name: str, found: Minima, cells: Cells, *, seeds: bool, only_lowest: bool = False
    ) -> Minima:
        rows, cell = continued_rows(self.system, self.own, found, cells, seeds=seeds)
        solve = self.system.lowest if only_lowest else self.system.descend
        width = self.system.chunks_at_once()
        ends = self.execute(Stage(name, rows, solve, self.system.descent_rows, width))
        return minima_of_rows(cell, len(cells.p), ends)


def union(first: Minima, second: Minima) -> Minima:
    """All distinct minima of each cell; hits are counted among the first."""
    return [_union(a, b) for a, b in zip(first, second, strict=True)]


def _union(first: Rows, second: Rows) -> Rows:
    both = {name: np.concatenate([first[name], second[name]]) for name in first}
    groups = distinct(both["loss"], both["invariant"])
    best = np.array([group[0] for group in groups], dtype=int)
    hits = np.array([both["hits"][group[group < len(first["hits"])]].sum() for group in groups])
    return {name: values[best] for name, values in both.items()} | {"hits": hits}


def lowest(minima: Minima) -> Rows:
    """The ground state of each cell; NaN and result 1 where none was found."""
    shape = minima[0]["state"].shape[1:] if minima else (0,)
    blank: Rows = dict.fromkeys(_COLUMNS, np.nan) | {"state": np.full(shape, np.nan), "phase": -1}
    rows = [
        {name: cell[name][0] for name in _COLUMNS} if len(cell["loss"]) else blank
        for cell in minima
    ]
    out = {name: np.array([row[name] for row in rows]) for name in _COLUMNS}
    out["result"] = np.where(np.isfinite(out["loss"]), 0, 1)
    out["minima"] = np.array([len(cell["loss"]) for cell in minima])
    out["hits"] = np.array([cell["hits"][0] if len(cell["hits"]) else 0 for cell in minima])
    return out


def on_grid(system: System, cells: Cells, rows: Rows) -> Rows:
    """Rows of the distinct cells, spread over the grid with the mirror image where r > 1."""
    shape = (len(cells.density), len(cells.relative_importance))
    out = {name: values[cells.position] for name, values in rows.items()}
    r = np.tile(cells.relative_importance, shape[0])
    if cells.mirror:
        image = system.mirrored(out, r)
        out = {name: _where(r > 1, image[name], values) for name, values in out.items()}
    return {name: values.reshape(*shape, *values.shape[1:]) for name, values in out.items()}


def _where(choice: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    return np.where(choice.reshape(-1, *[1] * (first.ndim - 1)), first, second)


def compare(fine: Cells, ground: Minima, chosen: Cells, checked: Minima, starts: int) -> Rows:
    """The map's ground state against that of many random starts, in the chosen cells."""
    here = lowest([ground[k] for k in chosen.position])
    there = lowest(checked)
    hits = [cell["hits"][0] if len(cell["hits"]) else 0 for cell in checked]
    return {
        "density": fine.p[chosen.position],
        "relative_importance": fine.r[chosen.position],
        "position": chosen.position,
        "difference": here["loss"] - there["loss"],
        "hit_share": np.array(hits) / starts,
    }
