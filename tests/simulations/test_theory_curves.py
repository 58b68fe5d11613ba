"""The theory's curves, the symmetric pieces and the benchmark's times: single cells, the committed
data against closed forms and independent losses, bad options.
"""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import tms_physics as tp
from paper_figures import _manifest
from simulations import _curves_many as many
from simulations import _plateaus_pieces as pieces
from simulations import dimension_plateaus, theory_curves, time_to_solution
from simulations._curves_report import exact_line
from simulations._curves_report import table as curves_table
from simulations._entry import start
from simulations._options import UsageError
from simulations._plateaus_report import plateaus
from simulations._plateaus_report import table as plateaus_table
from theory import mean_field, polygons, two_features
from theory.population_loss import population_loss

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def curves() -> xr.Dataset:
    return _manifest.load().read("theory_curves")


@pytest.fixture(scope="module")
def shapes() -> xr.Dataset:
    return _manifest.load().read("dimension_plateaus")


def test_committed_lines_are_the_closed_forms(curves: xr.Dataset) -> None:
    p = curves["density"].values
    np.testing.assert_array_equal(curves["line_ansatz"], two_features.ansatz_boundary(p))
    limit = two_features.dedicated_stability_limit(p)
    np.testing.assert_allclose(curves["line_dedicated_stability"], limit, rtol=1e-14)
    slope = float(two_features.small_density_slope())
    assert exact_line(curves)[0] / p[0] == pytest.approx(slope, rel=2 * p[0])
    assert curves["line_ansatz"].values[0] / p[0] == pytest.approx(0.5, rel=2 * p[0])


def test_committed_lines_are_in_the_order_of_the_phases(curves: xr.Dataset) -> None:
    """Where one ends, at a special point, the next begins."""
    p, end = curves["density"].values, float(curves.attrs["critical_end_point"][0])
    first = curves["line_dedicated_first_order"].values
    below = p < end
    assert np.all(first[below] <= curves["line_dedicated_stability"].values[below])
    assert np.all(first[below] >= curves["line_strong_stability"].values[below])
    weak = np.isfinite(curves["line_weak_strong"].values)
    triple, breaking = curves.attrs["triple_point"], curves.attrs["symmetry_breaking_point"]
    assert p[weak].min() == pytest.approx(triple[0], abs=1e-12)
    assert p[weak].max() == pytest.approx(breaking[0], abs=1e-12)
    assert curves["line_weak_strong"].values[weak][0] == pytest.approx(triple[1], abs=1e-9)
    for kind in curves["tie"].values:
        at = curves.sel(tie=kind)
        for name in ("jump", "latent_loss", "barrier"):
            values = at[f"tie_{name}"].values
            assert np.all(values[np.isfinite(values)] >= 0)


def test_wells_are_level_at_the_line_and_fall_with_the_importance(curves: xr.Dataset) -> None:
    for k in range(curves.sizes["well"]):
        at = curves.isel(well=k)
        low, top, high = at["state_excess"].values
        assert low == pytest.approx(high, abs=1e-12)
        assert top > high
        line = at["well_profile"].sel(side="at").values
        v = at["weight"].values
        inside = np.interp(at["state_weight"].values, v, line)
        np.testing.assert_allclose(inside, at["state_excess"].values, atol=2e-6)
        below, above = (at["well_profile"].sel(side=side).values for side in ("below", "above"))
        assert np.all(below[1:] >= above[1:])


def test_polygons_and_fields_of_single_cells() -> None:
    norm, bias, height, crossing, curvature = many._polygon(7)
    assert (norm, bias, height) == polygons.critical_polygon(7)
    assert crossing == polygons.crossing_importance(7)
    assert curvature > 0
    assert many._polygon(11)[-1] < 0
    assert np.isnan(many._polygon(4)[-1])
    equal, mixed, linear, dropped = many._field(0.1, 0.2)
    assert equal == mean_field.loss(0.1, 0.2).loss
    assert mixed < equal < linear < dropped


def test_pair_of_unit_particles_is_its_sparse_limit_up_to_the_order_of_the_density() -> None:
    """2/3 cos² for acute angles, 2/3 p cos² (1 + cos/2) for obtuse ones."""
    cosine = np.cos(np.radians(many.angles(13)))
    p, exact = many.PAIR_DENSITY, many.exact_pair(13)
    obtuse = 2 / 3 * p * cosine**2 * (1 + cosine / 2)
    expected = np.where(cosine > 0, 2 / 3 * cosine**2, obtuse)
    np.testing.assert_allclose(exact, expected, atol=1e-12)
    energy, torque = many.coulomb(13)
    assert energy[-1] == 0.5
    assert torque[-1] == pytest.approx(0, abs=1e-16)


def test_pieces_are_in_orthogonal_subspaces_and_keep_their_dimensionality() -> None:
    count = len(pieces.PIECES)
    shape = pieces._shape(np.append(np.ones(2 * count), np.arccos(1 / np.sqrt(3))))
    W, b = pieces.network(shape)
    assert W.shape == (pieces.DIMENSIONS.sum(), pieces.FEATURES.sum())
    assert b.shape == (pieces.FEATURES.sum(),)
    gram = np.asarray(W.T @ W)
    apart = pieces._OF[:, None] != pieces._OF
    np.testing.assert_array_equal(gram[apart], 0)
    np.testing.assert_allclose(np.diag(gram), 1, atol=1e-12)
    share = (pieces.DIMENSIONS / pieces.FEATURES)[pieces._OF]
    np.testing.assert_allclose(tp.feature_dimensionality(W), share, rtol=1e-9)


@pytest.mark.parametrize("name", ["digon", "triangle"])
def test_committed_pieces_have_the_loss_of_theory_and_are_stationary(
    shapes: xr.Dataset, name: str
) -> None:
    for k in (3, 20, 35):
        at = shapes.sel(piece=name).isel(density=k)
        p, norm, bias = (float(at[each]) for each in ("density", "norm", "bias"))
        n = int(at["features"])

        def loss(norm: float, bias: float, n: int = n, p: float = p) -> float:
            W = norm * pieces.PIECES[name]
            return population_loss(W, np.full(n, bias), importance=1.0, density=p) / n

        here = loss(norm, bias)
        assert float(at["loss"]) == pytest.approx(here, rel=1e-6)
        for step in ((1e-3, 0), (-1e-3, 0), (0, 1e-3), (0, -1e-3)):
            assert loss(norm + step[0], bias + step[1]) > here - 1e-10


def test_plateaus_follow_each_other_and_the_mean_field_is_theory(shapes: xr.Dataset) -> None:
    rows = plateaus(shapes)
    shares = [row["dimensionality"] for row in rows]
    assert shares == sorted(shares, reverse=True)
    assert [row["below_density"] for row in rows] == sorted(
        (row["below_density"] for row in rows), reverse=True
    )
    assert rows[0]["below_density"] == 1
    assert {"triangle", "digon", "icosahedron"} <= {row["piece"] for row in rows}
    k = 25
    p, ratio = (float(shapes[name][k]) for name in ("density", "mean_field_ratio"))
    dropped = p / 3 - p**2 / 4
    gain = (1 - mean_field.loss(ratio, p).loss / dropped) / ratio
    assert float(shapes["mean_field_gain"][k]) == pytest.approx(gain, rel=1e-9)
    np.testing.assert_allclose(shapes["gain"].sel(piece="single"), 1, atol=1e-5)


def test_tables_have_a_line_for_each_result(curves: xr.Dataset, shapes: xr.Dataset) -> None:
    assert len(curves_table(curves).splitlines()) == 8 + 3 + 1
    assert len(plateaus_table(shapes).splitlines()) == 1 + shapes.sizes["plateau"]


def test_times_are_those_of_the_benchmark(tmp_path: Path) -> None:
    source = ROOT / "benchmarks" / "time_to_solution.json"
    config = time_to_solution.Config(out=tmp_path / "job", source=str(source))
    assert start(time_to_solution.SIMULATION, config) == 0
    measured = json.loads(source.read_text())
    told = json.loads((tmp_path / "job" / "time_to_solution.json").read_text())["summary"]
    for start_at in ("exact", "crystal"):
        assert told[start_at] == pytest.approx(measured[start_at])
    committed = _manifest.load().read("time_to_solution")
    found = xr.load_dataset(tmp_path / "job" / "time_to_solution.nc", engine="h5netcdf")
    xr.testing.assert_equal(found, committed)


def test_a_file_that_is_not_the_benchmarks_gets_one_sentence(tmp_path: Path) -> None:
    for path, rule in ((tmp_path / "none", "be readable"), (ROOT / "LICENSE", "be what the bench")):
        config = time_to_solution.Config(out=tmp_path, source=str(path))
        with pytest.raises(UsageError, match=f"^Argument `source` must {rule}"):
            time_to_solution.run(config, lambda stage: stage)  # pyright: ignore


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        (theory_curves, {"points": 8}, "`points` must be in [9, 10000], but is 8."),
        (theory_curves, {"largest_polygon": 0}, "`largest_polygon` must be in [1, 60], but is 0."),
        (dimension_plateaus, {"lowest": 1.0}, "`lowest` must be in [0.0001, 0.9], but is 1.0."),
        (dimension_plateaus, {"densities": 3}, "`densities` must be in [4, 10000], but is 3."),
    ],
)
def test_bad_options_get_one_sentence(kind: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {sentence}")):
        kind.Config(**options)
