"""Grids of the sparse limit and of the mean field: k-gons, pairs of particles, many features."""

import numpy as np

from theory import mean_field, polygons
from theory.linear_flow import feature_variance
from theory.pairs import pair_energy, pair_torque
from theory.population_loss import population_loss

from ._sweep import Stage

Rows = dict[str, np.ndarray]
POLYGON = ("norm", "bias", "height", "crossing_importance", "least_curvature")
PARTICLES = ("unit norms, no bias", "as in the pentagon", "as in the hexagon")
PAIR_DENSITY = 0.05  # of the exact pair beside its sparse limit
DENSITIES = (0.5, 0.2, 0.05, 0.02, 0.005)  # of the mean field over the ratio
RATIOS = (0.12, 0.2)  # m/n of the mean field over the density
_LEAST_RATIO, _LEAST_DENSITY = 0.02, 0.005
_CHUNK = 8


def polygons_stage(largest: int) -> Stage:
    """One cell a k-gon."""

    def solve(cells: Rows) -> Rows:
        rows = np.array([_polygon(int(k)) for k in cells["k"]])
        return {"polygon": rows, "result": np.zeros(len(rows), np.int32)}

    return Stage("polygons", {"k": np.arange(1, largest + 1)}, solve, 1)


def _polygon(k: int) -> list[float]:
    """`POLYGON`; the least curvature apart from the rotation, NaN below k = 5 (a kink)."""
    curvature = np.sort(polygons.spectrum(k).ravel())[1] if k >= 5 else np.nan
    lowest = polygons.spectrum(k).min() if k >= 5 else np.nan
    least = lowest if lowest < -1e-9 else curvature
    return [*polygons.critical_polygon(k), polygons.crossing_importance(k), float(least)]


def angles(count: int) -> np.ndarray:
    """In degrees; 0, 90 and 180 among them where `count` is odd."""
    return np.linspace(0.0, 180.0, count)


def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Energies and torques (3, A) of two particles in the sparse limit, as `PARTICLES`."""
    theta = np.radians(angles(count))
    five, six = polygons.critical_polygon(5), polygons.critical_polygon(6)
    norm, bias = np.array([[1.0, 0.0], [five.norm, five.bias], [six.norm, six.bias]]).T[..., None]
    return pair_energy(theta, norm=norm, bias=bias), pair_torque(theta, norm=norm, bias=bias)


def exact_pair(count: int) -> np.ndarray:
    """L/p (A,) of two unit features without biases at p = `PAIR_DENSITY`: what obtuse ones cost."""
    theta = np.radians(angles(count))
    columns = [np.array([[1.0, np.cos(x)], [0.0, np.sin(x)]]) for x in theta]
    losses = [population_loss(W, np.zeros(2), importance=1, density=PAIR_DENSITY) for W in columns]
    return np.array(losses) / PAIR_DENSITY


def coulomb(count: int) -> tuple[np.ndarray, np.ndarray]:
    """1/|r₁ - r₂| = 1/(2 sin(θ/2)) on the unit circle, and its torque; infinite at θ = 0."""
    half = np.radians(angles(count)) / 2
    safe = np.where(half > 0, half, np.pi / 2)
    energy, torque = 1 / (2 * np.sin(safe)), np.cos(safe) / (4 * np.sin(safe) ** 2)
    return np.where(half > 0, energy, np.inf), np.where(half > 0, torque, np.inf)


def ratios(count: int) -> np.ndarray:
    """m/n below 1, where all losses vanish."""
    return np.geomspace(_LEAST_RATIO, 0.98, count)


def curve_densities(count: int) -> np.ndarray:
    """Densities below 1 of the curves over the density."""
    return np.geomspace(_LEAST_DENSITY, 0.99, count)


def fields_stage(count: int) -> Stage:
    """One cell a curve's point: over the ratio at `DENSITIES`, over the density at `RATIOS`."""
    over_ratio = np.meshgrid(DENSITIES, ratios(count), indexing="ij")
    over_density = np.meshgrid(RATIOS, curve_densities(count), indexing="ij")
    density = np.concatenate([over_ratio[0].ravel(), over_density[1].ravel()])
    ratio = np.concatenate([over_ratio[1].ravel(), over_density[0].ravel()])

    def solve(cells: Rows) -> Rows:
        points = zip(cells["ratio"].tolist(), cells["density"].tolist(), strict=True)
        rows = np.array([_field(*point) for point in points])
        return {"field": rows, "result": np.zeros(len(rows), np.int32)}

    return Stage("fields", {"density": density, "ratio": ratio}, solve, count)


FIELD = ("mean_field", "partial_storage", "linear", "dropped")


def _field(ratio: float, p: float) -> list[float]:
    """Losses per feature: mean field, its best mixture with dropped features, linear, dropped."""
    return [
        mean_field.loss(ratio, p).loss,
        mean_field.partial_storage_loss(ratio, p),
        float(mean_field.linear_loss(ratio, p)),
        float(feature_variance(p)),
    ]


def digons() -> np.ndarray:
    """Loss per feature of antipodal pairs at `DENSITIES`, m/n = 1/2."""
    return np.array([mean_field.digon_loss(p) for p in DENSITIES])
