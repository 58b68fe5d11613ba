"""Theory's transitions of three features joined to lines: no gaps, and nothing joined in vain."""

import itertools

import numpy as np
import pytest
import xarray as xr

from paper_figures._transitions import Piece, phases_at, pieces
from tests.paper_figures.pictures import dataset
from theory import three_features

PHASES = ("dropped", "digon 13", "digon 12", "isosceles", "scalene")
Rows = dict[float, list[tuple[float, int, int]]]


def committed() -> xr.Dataset:
    return dataset("phase_boundary_three")


def ends(lines: list[Piece]) -> list[tuple[float, float]]:
    return [end for line in lines for end in zip(line.p, line.r, strict=True)]


def made(rows: Rows, **points: tuple[float, float]) -> xr.Dataset:
    """A dataset with (r, below, above) of each density."""
    table = np.full((3, len(rows), 4), np.nan)
    for k, changes in enumerate(rows.values()):
        for j, change in enumerate(changes):
            table[:, k, j] = change
    at = ("line_density", "change")
    data = {
        "line_relative_importance": (at, table[0]),
        "line_below": (at, table[1], {"phases": ", ".join(PHASES)}),
        "line_above": (at, table[2]),
        "line_continuous": (at, np.zeros_like(table[0])),
        "line_result": ("line_density", np.zeros(len(rows))),
        "map_relative_importance": np.geomspace(0.1, 10, 5),
    }
    attrs = {name: np.array(point) for name, point in points.items()}
    return xr.Dataset(data, {"line_density": list(rows)}, attrs)


def test_every_transition_goes_on_to_both_sides() -> None:
    at = committed().sortby("line_density")
    r = at["line_relative_importance"].values
    lines = pieces(at)
    begins = {(line.p[0], line.r[0]) for line in lines}
    finishes = {(line.p[1], line.r[1]) for line in lines}
    for k, p in list(enumerate(at["line_density"].values))[1:-1]:
        for x in r[k][np.isfinite(r[k])]:
            assert (p, x) in begins
            assert (p, x) in finishes


def test_phases_follow_each_other_at_every_density() -> None:
    lines, p = pieces(committed()), committed()["line_density"].values
    for q in np.geomspace(p.min(), 0.999 * p.max(), 500):
        here = sorted((np.interp(q, x.p, x.r), x) for x in lines if x.p[0] <= q < x.p[1])
        for (_, first), (_, second) in itertools.pairwise(here):
            assert first.above == second.below
        assert PHASES[phases_at(lines, q)[1][-1]] == "digon 12"


def test_lines_end_in_the_special_points() -> None:
    found = ends(pieces(committed()))
    for name, count in (
        ("triangle_point", 3),
        ("digon_13_top_point", 2),
        ("lower_isosceles_critical_point", 1),
        ("upper_isosceles_critical_point", 1),
    ):
        assert found.count(tuple(committed().attrs[name])) == count


@pytest.mark.parametrize("p", [0.55, 0.73, 0.745])
def test_between_the_densities_lines_are_those_of_theory(p: float) -> None:
    r, phases = phases_at(pieces(committed()), p)
    expected = three_features.transitions(p)
    assert [PHASES[k] for k in phases[1:]] == [change.above.phase for change in expected]
    np.testing.assert_allclose(r, [change.relative_importance for change in expected], rtol=0.01)


def test_without_a_special_point_lines_meet_between_the_densities() -> None:
    top = [(0.6, 3, 1), (0.9, 1, 3)]
    (low, high) = pieces(made({0.50: [(0.5, 3, 1), (1.0, 1, 3)], 0.51: top, 0.52: []}))[:2]
    assert (low.p, high.p) == ((0.50, 0.51), (0.50, 0.51))
    split = {0.3: [(1.1, 3, 2)], 0.4: [(1.0, 3, 2)], 0.5: [(0.85, 3, 4), (0.95, 4, 2)],
             0.6: [(0.7, 3, 4), (1.0, 4, 2)]}  # fmt: skip
    found = ends(pieces(made(split)))
    (meeting,) = {end for end in found if end[0] not in split}
    assert found.count(meeting) == 3
    assert 0.4 < meeting[0] < 0.5


def test_what_theory_does_not_join_stays_open() -> None:
    others = {0.3: [(0.5, 0, 1)], 0.4: [(0.5, 3, 4)]}
    assert pieces(made(others)) == []
    far = {0.3: [(0.2, 0, 1)], 0.4: [(2.0, 0, 1)]}
    assert pieces(made(far)) == []
    ended = {0.3: [(0.5, 3, 3)], 0.4: [(0.5, 3, 3), (1.0, 3, 2)], 0.5: [(1.0, 3, 2)]}
    assert max(x.p[1] for x in pieces(made(ended)) if x.above == 3) == 0.4
    known = made(ended, lower_isosceles_critical_point=(0.45, 0.6))
    assert max(x.p[1] for x in pieces(known) if x.above == 3) == 0.45
    unsolved = committed().copy(deep=True)
    unsolved["line_result"][:] = 1
    assert pieces(unsolved) == []
