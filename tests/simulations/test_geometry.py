"""Ground states beside the minima on the sphere: run small in this process, and held to theory."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import tms_physics as tp
from paper_figures import geometry as figure
from simulations import _geometry_report as report
from simulations._entry import start
from simulations._geometry_energies import Held, Size, network_energy, network_state, pair_energy
from simulations._geometry_references import largest_overlap, packed, reference
from simulations._geometry_search import (
    descend,
    distances,
    network_starts,
    random_starts,
    units,
)
from simulations.geometry import SIMULATION, Config
from theory import three_features, two_features
from tms_physics import arrangements

SMALL: dict[str, Any] = {
    "sizes": ((2, 3),),
    "density": (0.05,),
    "starts": 2,
    "limit_starts": 3,
    "reference_starts": 3,
    "triangle_densities": 2,
    "triangle_starts": 1,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("geometry") / "job"
    assert start(SIMULATION, Config(out=out, **SMALL)) == 0
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "geometry.nc", engine="h5netcdf")


def test_all_four_files_are_there(folder: Path) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"geometry.{suffix}").stat().st_size > 1000


def test_a_digon_beside_a_single_feature_is_no_thomson_minimum(folder: Path) -> None:
    """Its loss is the digon's: the single feature has a dimension of its own and loses nothing."""
    numbers = json.loads((folder / "geometry.json").read_text())["summary"]
    found = numbers["entries"][0]["levels"]["p = 0.05"]
    assert found["name"] == "digon ⊕ single"
    assert found["verdict"]["thomson"] == "differs"
    digon = two_features.ground_state(0.05, 1.0).loss
    assert found["loss"] * 0.05 == pytest.approx(digon, rel=1e-6)
    above = three_features.triangle(0.05).loss - digon
    assert found["excess_of_thomson"] * 0.05 == pytest.approx(above, rel=1e-2)
    assert numbers["restored_by"]["repulsion at all angles"] == [[3, 2]]


def test_two_digons_are_thomsons_square() -> None:
    size = Size(4, 2)
    square = arrangements.cross_polytope(2)
    starts = random_starts(size, 2, np.random.default_rng(0))
    ends = descend(network_energy(size, 0.05), [*starts, *network_starts(size, 0.05, [square])])
    assert distances(size, 0.05, ends, square).farthest < 1e-6
    digons = 2 * two_features.ground_state(0.05, 1.0).loss
    assert ends.value[0] * 4 * 0.05 / 3 == pytest.approx(digons, rel=1e-7)


def test_triangle_wins_where_theory_says(dataset: xr.Dataset, folder: Path) -> None:
    triangle = json.loads((folder / "geometry.json").read_text())["summary"]["triangle"]
    assert triangle["theory"] == three_features.triangle_ground_density()
    assert triangle["is_ground_state"] == [False, True]
    losses = two_features.ground_state(0.01, 1.0).loss, three_features.triangle(1.0).loss
    np.testing.assert_allclose(dataset["triangle_ground_loss"], losses, rtol=1e-6)


def test_padded_programs_have_the_energies_of_the_package() -> None:
    rng = np.random.default_rng(0)
    size = Size(4, 2)
    W, b = rng.normal(size=(2, 4)), -np.abs(rng.normal(size=4)) / 10
    y, X = size.padded(W, b), units(W)
    value, gradient = network_energy(size, 0.05)(y)
    exact = tp.population_loss(W, b, importance=1.0, density=0.05)
    assert value == pytest.approx(float(exact) / (4 * 0.05 / 3), rel=1e-7)
    assert set(np.flatnonzero(gradient)) <= set(size.free)
    limit = network_energy(size, 0.0)(size.padded(W, np.sqrt(-b)))[0]
    assert limit == pytest.approx(float(tp.sparse_limit_energy(W, b, importance=1.0)) * 3 / 4)
    for kind, expected in (("thomson", tp.riesz_energy(X)), ("relu", tp.relu_interference(X))):
        assert pair_energy(size, kind)(y)[0] == pytest.approx(float(expected), rel=1e-12)
    held = Held(1.2, -0.1)
    fixed = network_state(size, 0.05, y, held)
    exact = tp.population_loss(*fixed, importance=1.0, density=0.05)
    value = network_energy(size, 0.05, held)(y)[0]
    assert np.linalg.norm(fixed[0], axis=0) == pytest.approx([1.2] * 4)
    assert value == pytest.approx(float(exact) / (4 * 0.05 / 3), rel=1e-7)


def test_references_are_the_known_minima() -> None:
    bipyramid = reference(5, 3, "thomson", 4, 0)
    known = arrangements.tegum_product(arrangements.polygon(3), arrangements.digon())
    assert tp.align(bipyramid, known).distance < 1e-6
    near = arrangements.antiprism(4) + 0.01 * np.random.default_rng(0).normal(size=(3, 8))
    best = np.degrees(np.arccos(largest_overlap(packed(units(near)))))
    assert best == pytest.approx(74.8584922, abs=1e-6)  # Schütte and van der Waerden 1951


def test_distances_see_states_that_are_as_low() -> None:
    """In the sparse limit every obtuse triangle costs nothing, the equilateral one too."""
    size = Size(3, 2)
    triangle, digon = arrangements.polygon(3), np.array([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    ends = descend(
        network_energy(size, 0.0), [size.padded(W, np.zeros(3)) for W in (triangle, digon)]
    )
    apart = distances(size, 0.0, ends, triangle)
    assert ends.lowest == 2
    assert apart.nearest < 1e-7
    assert apart.farthest > 0.3


def test_dimensions_labels_and_sums(dataset: xr.Dataset) -> None:
    assert dataset["nearest"].dims == ("pair", "level", "reference")
    assert all("long_name" in dataset[name].attrs for name in dataset.data_vars)
    sums = dataset["dimensionality"].sum("feature").values
    assert np.all(sums <= 2 + 1e-9)
    held = dataset.sel(level="norms").isel(pair=0)
    norms = np.linalg.norm(held["weights"].values[:, :3], axis=0)
    assert np.ptp(norms) < 1e-12


def test_a_second_run_resumes(folder: Path, dataset: xr.Dataset, monkeypatch: Any) -> None:
    def never(*_: object, **__: object) -> None:
        raise AssertionError("computed again")

    monkeypatch.setattr("simulations._geometry_cells.descend", never)
    assert start(SIMULATION, Config(out=folder, **SMALL)) == 0
    again = xr.load_dataset(folder / "geometry.nc", engine="h5netcdf")
    xr.testing.assert_identical(again, dataset)


def test_table_and_figure(dataset: xr.Dataset) -> None:
    text = report.table(dataset)
    assert "differs; restored by repulsion at all angles" in text
    assert "(theory)" in text
    drawn = figure.draw(dataset)
    assert isinstance(drawn, Figure)
    assert len(drawn.axes) == 3


def test_features_to_be_left_out_start_at_the_best_constant() -> None:
    size, p = Size(3, 2), 0.1
    W = np.array([[1.0, 0.0, 0.01], [0.0, 1.0, 0.02]])
    (y,) = network_starts(size, p, [W])
    found, b = network_state(size, p, y)
    np.testing.assert_array_equal(found, W)
    np.testing.assert_allclose(b, [-0.1, -0.1, p / 2])


def test_full_only_replaces_defaults() -> None:
    assert Config(full=True).sizes == ((2, 12), (3, 16), (4, 16), (5, 16))
    assert Config(full=True, starts=5).starts == 5
    assert Config().pairs[0] == (3, 2)
    assert Config().pairs[-1] == (16, 3)


@pytest.mark.no_hook
@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"sizes": ((1, 4),)}, "`sizes` must be m in [2, 8] and n in (m, 64], but is (1, 4)."),
        ({"sizes": ()}, "`sizes` must be different m, at least one, but is ()."),
        ({"density": ()}, "`density` must be at least one density, but is ()."),
        ({"density": (0.1, 2.0)}, "`density` must be in [0.0001, 1], but is 2.0."),
        ({"density": (0.1, 0.1)}, "`density` must be different densities, but is (0.1, 0.1)."),
        ({"starts": 0}, "`starts` must be in [1, 100000], but is 0."),
        ({"triangle_densities": 1}, "`triangle_densities` must be in [2, 1000], but is 1."),
    ],
)
def test_bad_options_get_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {sentence}")):
        Config(**options)
