"""Names of arrangements, factor by factor, with the deviation from the ideal.

Host-side code (numpy, scipy) on known arrays: not for jit, grad or vmap.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from .. import arrangements
from .._checks import check_number_between, network
from .._memory import check_pairs
from .._types import Weights
from .alignment import align
from .tegum import tegum_factors

POLYGONS = {3: "triangle", 5: "pentagon", 6: "hexagon", 7: "heptagon", 8: "octagon"}
RINGS = {
    **{3: "triangular", 4: "square", 5: "pentagonal", 6: "hexagonal"},
    **{7: "heptagonal", 8: "octagonal"},
}

# By dimension and number of particles. Tegum products do not stand here: their factors do.
_SOLITARY: dict[tuple[int, int], tuple[tuple[str, Callable[[], np.ndarray]], ...]] = {
    (1, 1): (("single", lambda: np.ones((1, 1))),),
    (1, 2): (("digon", arrangements.digon),),
    (3, 8): (("cube", lambda: arrangements.cube(3)),),
    (3, 12): (
        ("icosahedron", arrangements.icosahedron),
        ("cuboctahedron", arrangements.cuboctahedron),
    ),
    (3, 20): (("dodecahedron", arrangements.dodecahedron),),
    (4, 16): (("tesseract", lambda: arrangements.cube(4)),),
    (4, 24): (("24-cell", arrangements.cell_24),),
    (4, 120): (("600-cell", arrangements.cell_600),),
    (5, 16): (("5-demicube", lambda: arrangements.demicube(5)),),
    (6, 27): (("Schläfli polytope 2_21", arrangements.schlaefli_27),),
    (7, 56): (("Gosset polytope 3_21", arrangements.gosset_56),),
    (8, 240): (("E8 roots", arrangements.e8_roots),),
}


class Factor(NamedTuple):
    """One tegum factor: its `name`, "n in d dimensions" where it has none; the `particles` in it;
    the `dimension` of its span; the `deviation` of their directions from the ideal, root mean
    square over particles, nan without a name; `norm`, their mean norm, and `spread`, the
    largest norm minus the smallest, in units of the mean."""

    name: str
    particles: tuple[int, ...]
    dimension: int
    deviation: float
    norm: float
    spread: float


class Arrangement(NamedTuple):
    """The `name` of the whole, its `factors`, largest dimension first, the particles at the
    origin, `dead`, and the largest `deviation` of a factor, nan if one has no name
    (what factors lack to be orthogonal, up to `tol`, is not in it)."""

    name: str
    factors: tuple[Factor, ...]
    dead: tuple[int, ...]
    deviation: float


def name_arrangement(W: Weights, tol: float = 0.05) -> Arrangement:
    """The name of the columns of W (m, n): of each tegum factor the nearest ideal arrangement.

    "triangle", "tetrahedron", "4-simplex", "square antiprism", "icosahedron", "24-cell", ...; "3
    digons", "triangle ⊕ 2 digons ⊕ single"; also, for a k-gon and a digon alone, "triangular
    bipyramid = triangle ⊕ digon". Prisms and antiprisms are compared at their own height, after
    everything else. Norms do not matter to names: columns are scaled to unit norm in the
    comparison (see `align`), and each factor's mean norm and their spread are reported.

    **Arguments:** `tol` in [0, 0.5]: |Ŵ_i·Ŵ_j| up to it counts as orthogonal, norms up to
    `tol` max ‖W_i‖ as dead, and a deviation (root mean square) up to it earns the name.
    """
    network(W)  # raises
    tol = check_number_between("tol", tol, 0.0, 0.5)
    weights = np.asarray(W, float)
    check_pairs("W", weights, 4)
    parts = tegum_factors(weights, tol)
    factors = sorted(
        (_factor(weights, part, tol) for part in parts), key=lambda f: (-f.dimension, f.name)
    )
    dead = tuple(sorted(set(range(weights.shape[1])).difference(*parts)))
    deviation = float(np.max([f.deviation for f in factors], initial=0.0))
    return Arrangement(_joined(factors), tuple(factors), dead, deviation)


def _factor(W: np.ndarray, particles: tuple[int, ...], tol: float) -> Factor:
    columns = W[:, list(particles)]
    norms = np.linalg.norm(columns, axis=0)
    units = columns / norms
    turn, sizes, _ = np.linalg.svd(units, full_matrices=False)
    shown = sizes > max(tol, 1e-9) * np.sqrt(len(particles))
    dimension = int(np.sum(shown))
    deviation, name = _nearest(turn[:, shown].T @ units, tol)
    mean = float(np.mean(norms))
    return Factor(name, particles, dimension, deviation, mean, float(np.ptp(norms)) / mean)


def _candidates(units: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Ideal arrangements of as many particles in as many dimensions."""
    dimension, n = units.shape
    for name, make in _SOLITARY.get((dimension, n), ()):
        yield name, make()
    if dimension == 2 and n > 2 and n != 4:
        yield POLYGONS.get(n, f"{n}-gon"), arrangements.polygon(n)
    if dimension > 2 and n == dimension + 1:
        name = "tetrahedron" if dimension == 3 else f"{dimension}-simplex"
        yield name, arrangements.simplex(dimension)


def _of_some_height(units: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Prisms and antiprisms, z² an eigenvalue of WWᵀ over n: there they have their axis."""
    dimension, n = units.shape
    if dimension != 3 or n // 2 not in RINGS or n % 2:
        return
    for z in np.sqrt(np.linalg.eigvalsh(units @ units.T) / n):
        yield f"{RINGS[n // 2]} prism", arrangements.prism(n // 2, z)
        yield f"{RINGS[n // 2]} antiprism", arrangements.antiprism(n // 2, z)


def _nearest(units: np.ndarray, tol: float) -> tuple[float, str]:
    """Deviation and name; of those without a free parameter if one is within `tol`."""
    for ideals in (_candidates(units), _of_some_height(units)):
        found = [(align(units, ideal).distance, name) for name, ideal in ideals]
        if found and min(found)[0] <= tol:
            return min(found)
    dimension, n = units.shape
    return float("nan"), f"{n} in {dimension} dimension{'s' if dimension > 1 else ''}"


def _joined(factors: list[Factor]) -> str:
    """Factors counted and joined; a name of the whole before it where it has one."""
    if not factors:
        return "dead"
    counts = Counter(factor.name for factor in factors)
    joined = " ⊕ ".join(_plural(name, k) for name, k in counts.items())
    names = [factor.name for factor in factors]
    for k, polygon in POLYGONS.items():
        if names == [polygon, "digon"]:
            return f"{RINGS[k]} bipyramid = {joined}"
    return joined


def _plural(name: str, k: int) -> str:
    if k == 1:
        return name
    if name[0].isdigit() or name.endswith(("roots", "1")):
        return f"{k} × {name}"
    return f"{k} {name[:-2]}a" if name.endswith("hedron") else f"{k} {name}s"
