"""Exact energies against the reference table, and against coordinates."""

import csv
from pathlib import Path

import numpy as np
import pytest
import sympy as sp

from theory import universal_optima as optima

TABLE = Path(__file__).parent.parent / "data" / "universal_optima.csv"
LINES = TABLE.read_text(encoding="utf-8").splitlines()
ROWS = {(row["name"], int(row["d"])): row for row in csv.DictReader(LINES)}
KNOWN = {
    ("icosahedron", 3): optima.ICOSAHEDRON,
    ("600-cell", 4): optima.CELL_600,
    ("Clebsch / half 5-cube (5-demicube)", 5): optima.CLEBSCH,
    ("Schlaefli 27 points (2_21)", 6): optima.SCHLAEFLI,
    ("56 points (3_21 polytope; 28 equiangular lines)", 7): optima.E7_MINIMAL,
    ("E8 root system (4_21)", 8): optima.E8_ROOTS,
    ("Leech lattice minimal vectors", 24): optima.LEECH,
    **{("simplex", d): optima.simplex(d) for d in (2, 3, 8, 24)},
    **{("cross-polytope", d): optima.cross_polytope(d) for d in (2, 3, 8, 24)},
}


@pytest.mark.parametrize("name", KNOWN)
def test_energies_are_those_of_the_table(name: tuple[str, int]) -> None:
    row, configuration = ROWS[name], KNOWN[name]
    assert configuration.points == int(row["N"])
    assert row["status"].startswith("proved")
    for s, column in enumerate(("E_log", "E_s1", "E_s2", "E_s3")):
        value = optima.riesz_energy(configuration, s).evalf(22)
        assert abs(value / sp.Float(row[column], 25) - 1) < 1e-20
    exact = optima.riesz_energy(configuration) - sp.sympify(row["E_s1_exact"])
    assert abs(exact.evalf(30)) < 1e-12


@pytest.mark.parametrize("k", [2, 3, 5, 8])
def test_polygons_against_coordinates(k: int) -> None:
    angle = 2 * np.pi * np.arange(k) / k
    x = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    distance = np.linalg.norm(x[:, None] - x[None], axis=2)[np.triu_indices(k, 1)]
    energy = optima.riesz_energy(optima.regular_polygon(k), 3)
    assert float(energy) == pytest.approx(np.sum(distance**-3), rel=1e-13)


def test_rectified_energy_of_the_pentagon() -> None:
    """10 cos² 72° = 0.954915; zero for simplices and cross-polytopes."""
    value = optima.rectified_energy(optima.regular_polygon(5))
    assert float(value) == pytest.approx(0.954915, abs=5e-7)
    for d in (2, 5):
        assert optima.rectified_energy(optima.simplex(d)) == 0
        assert optima.rectified_energy(optima.cross_polytope(d)) == 0


def test_elliptic_quadrics_begin_with_schlaefli() -> None:
    assert optima.elliptic_quadric(2) == optima.SCHLAEFLI
    for q in (2, 3, 4):  # unit vectors that add up to 0 and form a tight frame
        quadric = optima.elliptic_quadric(q)
        assert 1 + sum(count * t for t, count in quadric.products.items()) == 0
        squares = 1 + sum(count * t**2 for t, count in quadric.products.items())
        assert squares * quadric.dimension == quadric.points
    with pytest.raises(ValueError, match="Argument `q` must be an integer >= 2, but is 1"):
        optima.elliptic_quadric(1)


@pytest.mark.parametrize("s", [-1, sp.I, sp.Symbol("s")])
def test_bad_power_gets_one_sentence(s: int) -> None:
    with pytest.raises(ValueError, match="Argument `s` must be a real number >= 0, but is"):
        optima.riesz_energy(optima.ICOSAHEDRON, s)
