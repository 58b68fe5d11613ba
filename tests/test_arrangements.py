"""Exact arrangements against reference tables: inner products, dimensionalities, frames."""

import csv
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import sympy

from tms_physics import arrangements, feature_dimensionality, symmetry_group

DATA = Path(__file__).parent / "data"


def rows(name: str) -> list[dict[str, str]]:
    with open(DATA / name, encoding="utf-8") as file:
        return list(csv.DictReader(file))


Make = Callable[[], np.ndarray]
NAMED: dict[str, Make] = {
    "single feature": lambda: np.ones((1, 1)),
    "digon": arrangements.digon,
    "triangle": lambda: arrangements.polygon(3),
    "square (": lambda: arrangements.polygon(4),
    "pentagon": lambda: arrangements.polygon(5),
    "hexagon": lambda: arrangements.polygon(6),
    "12-gon": lambda: arrangements.polygon(12),
    "tetrahedron": lambda: arrangements.simplex(3),
    "octahedron": lambda: arrangements.cross_polytope(3),
    "cube": lambda: arrangements.cube(3),
    "icosahedron": arrangements.icosahedron,
    "dodecahedron": arrangements.dodecahedron,
    "5-cell": lambda: arrangements.simplex(4),
    "16-cell": lambda: arrangements.cross_polytope(4),
    "tesseract": lambda: arrangements.cube(4),
    "24-cell": arrangements.cell_24,
    "600-cell": arrangements.cell_600,
    "10-simplex": lambda: arrangements.simplex(10),
    "10-cross": lambda: arrangements.cross_polytope(10),
    "cuboctahedron": arrangements.cuboctahedron,
    "square antiprism, tight": lambda: arrangements.antiprism(4, 3**-0.5),
    "square antiprism, equal": lambda: arrangements.antiprism(4),
    "triangular bipyramid": lambda: arrangements.bipyramid(3),
    "pentagonal bipyramid": lambda: arrangements.bipyramid(5),
    "half 5-cube": lambda: arrangements.demicube(5),
    "27 in R^6": arrangements.schlaefli_27,
    "56 in R^7": arrangements.gosset_56,
    "240 E8": arrangements.e8_roots,
}


@pytest.mark.parametrize("name", NAMED)
def test_dimensionality_of_the_reference_table(name: str) -> None:
    row = next(r for r in rows("feature_dimensionality.csv") if r["name"].startswith(name))
    W = NAMED[name]()
    assert W.shape == (int(row["dimension"]), int(row["n_features"]))
    values = [float(value) for value in row["D_values"].split(";")]
    sizes = [int(size) for size in row["class_sizes"].split(";")]
    expected = np.sort(np.repeat(values, sizes))
    np.testing.assert_allclose(np.sort(feature_dimensionality(W)), expected, rtol=1e-13)


OPTIMA: dict[str, Make] = {
    "icosahedron": arrangements.icosahedron,
    "600-cell": arrangements.cell_600,
    "Clebsch / half 5-cube (5-demicube)": lambda: arrangements.demicube(5),
    "E8 root system (4_21)": arrangements.e8_roots,
    "56 points (3_21 polytope; 28 equiangular lines)": arrangements.gosset_56,
    "Schlaefli 27 points (2_21)": arrangements.schlaefli_27,
    "24-cell / D4 roots (NOT universally optimal; Cohn-Conway-Elkies-Kumar 2007)": (
        arrangements.cell_24
    ),
    "cube (not a minimum for N=8)": lambda: arrangements.cube(3),
    "dodecahedron (not a minimum for N=20)": arrangements.dodecahedron,
    "tesseract (not optimal)": lambda: arrangements.cube(4),
}


@pytest.mark.parametrize("name", OPTIMA)
def test_inner_products_with_multiplicities(name: str) -> None:
    """The same around every particle."""
    row = next(r for r in rows("universal_optima.csv") if r["name"] == name)
    W = OPTIMA[name]()
    assert W.shape == (int(row["d"]), int(row["N"]))
    expected = [np.ones(1)]
    for part in row["inner_products"].split(";"):
        value, count = part.split(":")
        expected.append(np.full(int(count), float(sympy.sympify(value))))
    gram = np.sort(W.T @ W, axis=1)
    target = np.broadcast_to(np.sort(np.concatenate(expected)), gram.shape)
    np.testing.assert_allclose(gram, target, atol=1e-14)


@pytest.mark.parametrize("d", [1, 2, 3, 8, 24])
def test_simplices_and_cross_polytopes(d: int) -> None:
    W = arrangements.simplex(d)
    expected = np.where(np.eye(d + 1) > 0, 1.0, -1 / d)
    np.testing.assert_allclose(W.T @ W, expected, atol=1e-14)
    V = arrangements.cross_polytope(d)
    assert Counter((V.T @ V).ravel().tolist()) == {
        k: v for k, v in {1.0: 2 * d, -1.0: 2 * d, 0.0: 4 * d * (d - 1)}.items() if v
    }


@pytest.mark.parametrize("make", [arrangements.prism, arrangements.antiprism])
@pytest.mark.parametrize("k", [3, 4, 5, 8])
def test_prisms_and_antiprisms(make: Callable[..., np.ndarray], k: int) -> None:
    """Equal edges: each particle has 2 + 1 or 2 + 2 nearest neighbours; D_i at any height."""
    W = make(k)
    lengths = np.linalg.norm(W[:, :, None] - W[:, None, :], axis=0)
    edge = 2 * np.linalg.norm(W[:2, 0]) * np.sin(np.pi / k)
    found = np.sum(np.abs(lengths - edge) < 1e-12, axis=0)
    assert np.all(found == (3 if make is arrangements.prism else 4))
    for z in (0.2, 0.7):
        expected = 1 / (k * ((1 - z**2) ** 2 + 2 * z**4))
        np.testing.assert_allclose(feature_dimensionality(make(k, z)), expected, rtol=1e-13)


def test_small_antiprisms_are_platonic() -> None:
    for W, V in (
        (arrangements.antiprism(2), arrangements.simplex(3)),
        (arrangements.antiprism(3), arrangements.cross_polytope(3)),
        (arrangements.prism(4), arrangements.cube(3)),
        (arrangements.demicube(3), arrangements.simplex(3)),
    ):
        gram, other = np.sort((W.T @ W).ravel()), np.sort((V.T @ V).ravel())
        np.testing.assert_allclose(gram, other, atol=1e-14)


def test_hadamard_frames_are_tight_with_unit_particles() -> None:
    rows = np.random.default_rng(0).choice(64, 20, replace=False)
    W = arrangements.hadamard_frame(rows, 64)
    np.testing.assert_allclose(W @ W.T, 64 / 20 * np.eye(20), atol=1e-13)
    np.testing.assert_allclose(np.linalg.norm(W, axis=0), 1.0, rtol=1e-14)
    np.testing.assert_allclose(feature_dimensionality(W), 20 / 64, rtol=1e-13)


@pytest.mark.parametrize("q", [2, 3])
def test_elliptic_quadrics(q: int) -> None:
    """Counts of the generalised quadrangle GQ(q, q²); lines add up to 0; a tight frame."""
    W = arrangements.elliptic_quadric(q)
    assert W.shape == (q * (q * q - q + 1), (q + 1) * (q**3 + 1))
    collinear = np.abs(W.T @ W + 1 / q) < 1e-12
    np.testing.assert_array_equal(np.sum(collinear, axis=0), q * (q * q + 1))
    neighbours = np.flatnonzero(collinear[0])
    line = [0, neighbours[0]] + [i for i in neighbours if collinear[neighbours[0], i]]
    np.testing.assert_allclose(np.sum(W[:, line], axis=1), 0.0, atol=1e-13)
    np.testing.assert_allclose(feature_dimensionality(W), q / (q + 1) ** 2, rtol=1e-12)


def test_the_quadric_over_two_elements_is_schlaeflis() -> None:
    W, V = arrangements.elliptic_quadric(2), arrangements.schlaefli_27()
    np.testing.assert_allclose(np.sort(W.T @ W, axis=1), np.sort(V.T @ V, axis=1), atol=1e-14)
    assert symmetry_group(W).order == symmetry_group(V).order == 51840


def test_the_quadric_seen_from_a_point() -> None:
    """Inner products from those in 21 dimensions: (c - t u)/√((1 - t²)(1 - u²))."""
    W = arrangements.elliptic_quadric(3)
    t = np.delete(W.T @ W[:, 5], 5)
    gram = np.delete(np.delete(W.T @ W, 5, 0), 5, 1)
    expected = (gram - np.outer(t, t)) / np.sqrt(np.outer(1 - t**2, 1 - t**2))
    V = arrangements.seen_from(W, 5)
    assert V.shape == (20, 111)
    np.testing.assert_allclose(V.T @ V, expected, atol=1e-13)


@pytest.mark.no_hook
@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: arrangements.elliptic_quadric(4), "`q` must be 2, 3 or 5, but is 4"),
        (lambda: arrangements.seen_from(np.ones(3), 0), r"`points` must have shape \(m, n\)"),
        (lambda: arrangements.seen_from(np.eye(3), 3), r"`index` must be in \[0, 2\]"),
        (
            lambda: arrangements.seen_from(arrangements.cross_polytope(2), 1),
            "no other column parallel to column 1, but column 0 is",
        ),
        (lambda: arrangements.polygon(2), "`k` must be an integer >= 3, but is 2"),
        (lambda: arrangements.simplex(0), "`d` must be an integer >= 1, but is 0"),
        (lambda: arrangements.antiprism(4, 1.5), "`height` must be a number in"),
        (lambda: arrangements.hadamard_frame([0, 1], 12), "`n` must be a power of 2, but is 12"),
        (lambda: arrangements.hadamard_frame([0, 0], 8), "`rows` must be distinct integers"),
        (
            lambda: arrangements.hadamard_frame([8], 8),
            r"`rows` must be distinct integers in \[0, 7",
        ),
        (lambda: arrangements.tegum_product(np.ones(3)), "`pieces` must have shape"),
        (lambda: arrangements.tegum_product(), "`pieces` must hold at least one"),
    ],
)
def test_what_is_no_arrangement_is_refused(call: Make, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
