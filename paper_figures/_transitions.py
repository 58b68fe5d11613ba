"""Theory's transitions at some densities, joined to lines.

Two neighbouring densities are read as two sequences of phases in the order of r. A transition goes
on where both have it. A phase that only one of them has ends in between, so its two lines meet
there: at a special point of the dataset, else where their straight continuations do. From that
point goes on the line between the phases on either side, if these differ. A line with one phase on
both sides ends at a critical point. A line without a partner goes straight on if it leaves the
range of r so; else its end is left open.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import xarray as xr

_SPECIAL = {  # attributes of the dataset, and the phases that meet there, in the order of r
    "triangle_point": ("digon 13", "isosceles", "digon 12"),
    "digon_13_top_point": ("isosceles", "digon 13", "isosceles"),
    "lower_isosceles_critical_point": ("isosceles", "isosceles"),
    "upper_isosceles_critical_point": ("isosceles", "isosceles"),
}
_UNKNOWN, _OPEN = 0.05, 0.5  # in log r: price of an end without a special point, of an open end
_NEAR = 0.05  # share of the way between two densities that a meeting keeps from both


class Change(NamedTuple):
    """The ground state changes at `r` and density `p`; phases are positions in `phases`."""

    p: float
    r: float
    below: int
    above: int
    continuous: bool


class Piece(NamedTuple):
    """A straight part of a line, from `p[0]` to the higher density `p[1]`."""

    p: tuple[float, float]
    r: tuple[float, float]
    below: int
    above: int
    continuous: bool


Row = tuple[Change, ...]
Special = tuple[tuple[int, ...], tuple[float, float]]  # phases, and (p, r) where they meet


class _Step(NamedTuple):
    """Transitions of two densities that belong together: their positions, and where they meet."""

    lower: range
    upper: range
    point: tuple[float, float] | None


def pieces(dataset: xr.Dataset) -> list[Piece]:
    """All lines of theory; nothing is joined across a density at which theory was not solved."""
    rows, points = _rows(dataset), _points(dataset)
    r = dataset["map_relative_importance"].values
    ends = (float(r.min()), float(r.max()))
    gaps = [_aligned(low, high, points) for low, high in itertools.pairwise(rows)]
    found: list[Piece] = []
    for k, steps in enumerate(gaps):
        for step in steps:
            found += _drawn(rows, gaps, k, step, ends)
    return found


def phases_at(lines: Sequence[Piece], p: float) -> tuple[list[float], list[int]]:
    """The transitions in r at any density, and the phases below, between and above them."""
    here = []
    for line in lines:
        if line.p[0] <= p < line.p[1]:
            here.append((float(np.interp(p, line.p, line.r)), line.below, line.above))
    here.sort(key=lambda each: each[0])
    return [each[0] for each in here], [each[1] for each in here[:1]] + [each[2] for each in here]


def _rows(dataset: xr.Dataset) -> list[Row]:
    dataset = dataset.sortby("line_density")
    names = ("relative_importance", "below", "above", "continuous")
    columns = [dataset[f"line_{name}"].values for name in names]
    solved = dataset["line_result"].values == 0
    out = []
    for k, p in enumerate(dataset["line_density"].values):
        known = np.flatnonzero(np.isfinite(columns[0][k]) & solved[k])
        out.append(
            tuple(
                Change(float(p), float(r[k, i]), int(below[k, i]), int(above[k, i]), bool(c[k, i]))
                for r, below, above, c in [columns]
                for i in known
            )
        )
    return out


def _points(dataset: xr.Dataset) -> list[Special]:
    names = dataset["line_below"].attrs["phases"].split(", ")
    out = []
    for name, phases in _SPECIAL.items():
        if name in dataset.attrs:
            p, r = map(float, dataset.attrs[name])
            out.append((tuple(names.index(phase) for phase in phases), (p, r)))
    return out


def _aligned(lower: Row, upper: Row, points: Sequence[Special]) -> list[_Step]:
    """The cheapest way to read both rows from small to large r at once."""
    if not (lower and upper):
        return []
    between = {phases: at for phases, at in points if lower[0].p <= at[0] < upper[0].p}

    @functools.cache
    def best(i: int, j: int) -> tuple[float, tuple[_Step, ...]]:
        if i == len(lower) and j == len(upper):
            return 0.0, ()
        found = []
        for a, b in ((1, 1), (1, 2), (2, 1), (0, 2), (2, 0), (0, 1), (1, 0)):
            if i + a <= len(lower) and j + b <= len(upper):
                price, point = _price(lower[i : i + a], upper[j : j + b], between)
                if price < math.inf:
                    rest, steps = best(i + a, j + b)
                    step = _Step(range(i, i + a), range(j, j + b), point)
                    found.append((price + rest, (step, *steps)))
        return min(found, key=lambda each: each[0])

    return list(best(0, 0)[1])


def _price(lower: Row, upper: Row, known: dict) -> tuple[float, tuple[float, float] | None]:
    """What it costs to hold these transitions for the same, and the special point they meet in."""
    every = [math.log(change.r) for change in (*lower, *upper)]
    apart = max(every) - min(every)
    few, many = sorted((lower, upper), key=len)
    if len(many) == len(few):
        same = few[0].below == many[0].below and few[0].above == many[0].above
        return (apart if same else math.inf), None
    if len(many) == 1:
        point = known.get((many[0].below, many[0].above))
        return (_OPEN if point is None else 0.0), point
    first, last = many
    outer = few[0] if few else first._replace(above=first.below)
    if first.above != last.below or (first.below, last.above) != (outer.below, outer.above):
        return math.inf, None
    point = known.get((first.below, first.above, last.above))
    return (_UNKNOWN + apart if point is None else 0.0), point


def _drawn(
    rows: list[Row], gaps: list[list[_Step]], k: int, step: _Step, ends: tuple[float, float]
) -> list[Piece]:
    """The pieces of one step between the rows k and k + 1."""
    lower = [rows[k][i] for i in step.lower]
    upper = [rows[k + 1][j] for j in step.upper]
    if len(lower) == len(upper) == 1:
        (a,), (b,) = lower, upper
        return [Piece((a.p, b.p), (a.r, b.r), a.below, a.above, a.continuous and b.continuous)]
    if step.point is None and len(lower) + len(upper) == 1:
        return _leaving(rows, gaps, k, step, ends)
    p, r = step.point or _meeting(rows, gaps, k, step)
    return [
        *(Piece((c.p, p), (c.r, r), *c[2:]) for c in lower),
        *(Piece((p, c.p), (r, c.r), *c[2:]) for c in upper),
    ]


def _meeting(rows: list[Row], gaps: list[list[_Step]], k: int, step: _Step) -> tuple[float, float]:
    """Between the rows k and k + 1: where the continuations of the lines are closest."""
    low, high = rows[k][0].p, rows[k + 1][0].p
    straight = _known(rows, gaps, k, step)
    if len(straight) < 2:
        ends = [rows[k][i].r for i in step.lower] + [rows[k + 1][j].r for j in step.upper]
        return (low + high) / 2, float(np.mean(ends))
    slope = np.array([(b.r - a.r) / (b.p - a.p) for a, b in straight])
    start = np.array([a.r - s * a.p for (a, _), s in zip(straight, slope, strict=True)])
    spread = float(np.var(slope))
    p = -float(np.cov(start, slope, bias=True)[0, 1]) / spread if spread else (low + high) / 2
    p = float(np.clip(p, low + _NEAR * (high - low), high - _NEAR * (high - low)))
    return p, float(np.mean(start + slope * p))


def _leaving(
    rows: list[Row], gaps: list[list[_Step]], k: int, step: _Step, ends: tuple[float, float]
) -> list[Piece]:
    """A line that only one of two rows has, to the other if it is outside the range of r there."""
    for a, b in _known(rows, gaps, k, step):
        slope = (b.r - a.r) / (b.p - a.p)
        last, p = (a, rows[k][0].p) if step.upper else (b, rows[k + 1][0].p)
        r = last.r + slope * (p - last.p)
        if not ends[0] < r < ends[1]:
            (p0, r0), (p1, r1) = sorted([(last.p, last.r), (p, r)])
            return [Piece((p0, p1), (r0, r1), *last[2:])]
    return []


def _known(
    rows: list[Row], gaps: list[list[_Step]], k: int, step: _Step
) -> list[tuple[Change, Change]]:
    """The straight parts, beyond the rows k and k + 1, of the lines that come to the step."""
    before = {s.upper[0]: s.lower[0] for s in gaps[k - 1] if _goes_on(s)} if k else {}
    after = (
        {s.lower[0]: s.upper[0] for s in gaps[k + 1] if _goes_on(s)} if k + 1 < len(gaps) else {}
    )
    below = [(rows[k - 1][before[i]], rows[k][i]) for i in step.lower if i in before]
    above = [(rows[k + 1][j], rows[k + 2][after[j]]) for j in step.upper if j in after]
    return below + above


def _goes_on(step: _Step) -> bool:
    return len(step.lower) == len(step.upper) == 1
