"""The exact map of ground states: all minima on a coarse grid, continued to every cell.

The exchange of the two features maps (p, r) to (p, 1/r): states (w₁, w₂, b₁, b₂) become
(w₂, w₁, b₂, b₁) and losses are multiplied by r. So only cells with r ≤ 1 are solved.
"""

import itertools
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tms_physics.dynamics.minimise import distinct
from tms_physics.observables.phases import DEDICATED_1, DEDICATED_2

from ._two_features import Rows

_SAME_START = 0.05  # starts closer than this are one: they lead to the same minimum
_DEAD_BIAS = -0.2
_COLUMNS = ("state", "loss", "phase", "gradient_norm", "curvature")


@dataclass(frozen=True)
class Cells:
    """A grid of (p, r) and the distinct cells (p, min(r, 1/r)) that stand for it."""

    density: np.ndarray
    relative_importance: np.ndarray
    p: np.ndarray
    r: np.ndarray
    position: np.ndarray
    """Of each grid point (density, relative_importance) among the distinct cells, flattened."""


Minima = list[Rows]
"""For each distinct cell its distinct minima, lowest first: arrays of `_COLUMNS`."""


def canonical_cells(density: np.ndarray, relative_importance: np.ndarray) -> Cells:
    """The cells that must be solved for a map over these axes."""
    p, r = np.meshgrid(density, relative_importance, indexing="ij")
    low = np.minimum(r, 1 / r).ravel()
    labels = np.stack([_labels(p.ravel()), _labels(low)])
    _, first, position = np.unique(labels, axis=1, return_index=True, return_inverse=True)
    return Cells(
        density, relative_importance, p.ravel()[first], low[first], np.asarray(position).ravel()
    )


def random_share(cells: Cells, share: float, seed: int) -> Cells:
    """A random share of the distinct cells, at least one; `position` tells which."""
    count = max(1, round(share * len(cells.p)))
    chosen = np.sort(np.random.default_rng(seed).choice(len(cells.p), count, replace=False))
    empty = np.array([])
    return Cells(empty, empty, cells.p[chosen], cells.r[chosen], chosen)


def random_rows(cells: Cells, starts: int, seed: int) -> Rows:
    """`starts` random states in each distinct cell: weights of variance 2/3 (Xavier), b = 0."""
    count = len(cells.p) * starts
    weights = np.random.default_rng(seed).normal(scale=np.sqrt(2 / 3), size=(count, 2))
    return {
        "density": np.repeat(cells.p, starts),
        "relative_importance": np.repeat(cells.r, starts),
        "start": np.hstack([weights, np.zeros((count, 2))]),
    }


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


def _sign_fixed(states: np.ndarray) -> np.ndarray:
    """w and -w are one network: make the first non-zero weight positive."""
    lead = np.where(states[:, :1] != 0, states[:, :1], states[:, 1:2])
    sign = np.where(lead < 0, -1.0, 1.0)
    return np.hstack([states[:, :2] * sign, states[:, 2:]])


def _thinned(states: np.ndarray) -> np.ndarray:
    """Starts without near-duplicates."""
    kept: list[np.ndarray] = []
    for state in _sign_fixed(states):
        if all(np.max(np.abs(state - other)) > _SAME_START for other in kept):
            kept.append(state)
    return np.array(kept).reshape(-1, 4)


def _labels(values: np.ndarray) -> np.ndarray:
    """Logarithms, rounded so that equal coordinates are equal numbers."""
    return np.log(values).round(10)


def _around(axis: np.ndarray, label: float, on_axis: bool) -> np.ndarray:
    """Indices of the grid points next to a label on an increasing axis, on both sides."""
    above = int(np.searchsorted(axis, label))
    return np.unique(np.clip(np.arange(above - 1, above + 1 + on_axis), 0, len(axis) - 1))


def _seeds(p: float) -> np.ndarray:
    """Starts beside the dedicated states, on both sides, and in their dead families.

    Random starts seldom end in these: the weak antipodal state has a small basin, and a feature
    whose bias is so low that it never fires stays dead.
    """
    first = [[1.0, w, 0.0, p / 2] for w in (-0.3, -0.1, -0.02, 0.1)] + [[1.0, 0.0, 0.0, _DEAD_BIAS]]
    states = np.array(first)
    return np.concatenate([states, states[:, [1, 0, 3, 2]]])


def continued_rows(
    own: Cells, found: Minima, p: np.ndarray, r: np.ndarray, *, seeds: bool
) -> tuple[Rows, np.ndarray]:
    """Rows that start in the cells (p, r) from the minima of the coarse cells around them.

    `seeds` adds the starts beside the dedicated states and takes in neighbours on all sides. The
    second array tells the cell of each row.
    """
    (p_axis, i_own), (r_axis, j_own) = (
        np.unique(_labels(values), return_inverse=True) for values in (own.p, own.r)
    )
    at = {place: k for k, place in enumerate(zip(i_own.tolist(), j_own.tolist(), strict=True))}
    starts = []
    for density, *labels in zip(p, _labels(p), _labels(r), strict=True):
        ps, rs = (_around(axis, x, seeds) for axis, x in zip((p_axis, r_axis), labels, strict=True))
        near = [found[at[i, j]]["state"] for i in ps for j in rs if (i, j) in at]
        starts.append(_thinned(np.concatenate(near + [_seeds(density)] * seeds)))
    cell = np.repeat(np.arange(len(p)), [len(states) for states in starts])
    rows = {"density": p[cell], "relative_importance": r[cell], "start": np.concatenate(starts)}
    return rows, cell


def minima_of_rows(cell: np.ndarray, count: int, rows: Mapping[str, np.ndarray]) -> Minima:
    """Distinct minima of each of `count` cells, from rows in the order of their cells."""
    edges = np.searchsorted(cell, np.arange(count + 1))
    return [distinct_minima(rows, np.arange(a, b)) for a, b in itertools.pairwise(edges)]


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
    blank: Rows = dict.fromkeys(_COLUMNS, np.nan) | {"state": np.full(4, np.nan), "phase": -1}
    rows = [
        {name: cell[name][0] for name in _COLUMNS} if len(cell["loss"]) else blank
        for cell in minima
    ]
    out = {name: np.array([row[name] for row in rows]) for name in _COLUMNS}
    out["result"] = np.where(np.isfinite(out["loss"]), 0, 1)
    out["minima"] = np.array([len(cell["loss"]) for cell in minima])
    out["hits"] = np.array([cell["hits"][0] if len(cell["hits"]) else 0 for cell in minima])
    return out


def on_grid(cells: Cells, rows: Rows) -> Rows:
    """Rows of the distinct cells, spread over the grid with the mirror image where r > 1."""
    shape = (len(cells.density), len(cells.relative_importance))
    out = {name: values[cells.position] for name, values in rows.items()}
    r = np.tile(cells.relative_importance, shape[0])
    mirror = r > 1
    for name in {"loss", "theory"} & out.keys():
        out[name] = np.where(mirror, r * out[name], out[name])
    out["state"] = np.where(mirror[:, None], out["state"][:, [1, 0, 3, 2]], out["state"])
    first, second = (out["phase"] == phase for phase in (DEDICATED_1, DEDICATED_2))
    swapped = np.select([first, second], [DEDICATED_2, DEDICATED_1], out["phase"])
    out["phase"] = np.where(mirror, swapped, out["phase"])
    return {name: values.reshape(*shape, *values.shape[1:]) for name, values in out.items()}


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
