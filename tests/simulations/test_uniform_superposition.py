"""Equal features over the density: run small in this process, and held against theory."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from paper_figures import uniform_superposition as figure
from simulations import _uniform_dataset
from simulations import _uniform_report as report
from simulations._entry import start
from simulations._uniform_dataset import equal, pairs
from simulations.uniform_superposition import FULL, SIMULATION, Config
from theory import mean_field

SMALL: dict[str, Any] = {
    "n": 8,
    "m": 2,
    "density": (0.4, 0.1),
    "densities": 2,
    "evaluations": 120,
    "steps": 300,
    "batch": 64,
    "learning_rate": 1e-2,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("uniform") / "job"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_uniform_dataset, "_LINE_POINTS", 3)
        assert start(SIMULATION, Config(out=out, **SMALL)) == 0
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "uniform_superposition.nc", engine="h5netcdf")


@pytest.fixture(scope="module")
def drawn(dataset: xr.Dataset) -> Figure:
    return figure.draw(dataset)


def test_all_four_files_are_there(folder: Path) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"uniform_superposition.{suffix}").stat().st_size > 1000


def test_dimensions_and_labels(dataset: xr.Dataset) -> None:
    assert dataset["dimensionality"].dims == ("kind", "density", "feature")
    assert dataset["minimum_losses"].dims == ("density", "start")
    assert all("long_name" in dataset[name].attrs for name in dataset.data_vars)
    assert {"config", "versions", "device"} <= dataset.attrs.keys()


def test_observables_are_those_of_the_weights(dataset: xr.Dataset) -> None:
    W = dataset["weights"]
    squares = (W**2).sum(("hidden", "feature"))
    np.testing.assert_allclose(dataset["dimensions_per_feature"], 2 / squares, rtol=1e-12)
    assert float(dataset["dimensionality"].sum("feature").max()) <= 2 + 1e-9


def test_minima_are_below_training_and_below_both_first_halves(dataset: xr.Dataset) -> None:
    found = dataset["loss"].sel(kind="minimum")
    assert np.all(found < dataset["loss"].sel(kind="trained"))
    assert np.all(found <= dataset["minimum_losses"].min("start") * (1 + 1e-6))


def test_dense_minimum_is_pairs_in_dimensions_of_their_own(dataset: xr.Dataset) -> None:
    """At p = 0.4 two exact pairs are better than the mean field, and are found."""
    loss, star = pairs(8, 2, 0.4)
    at = dataset.sel(kind="minimum", density=0.4)
    assert float(at["loss"]) <= loss * (1 + 1e-6)
    assert float(at["loss"]) == pytest.approx(loss, rel=1e-5)
    assert float(at["dimensions_per_feature"]) == pytest.approx(star, rel=1e-3)


def test_theory_of_equal_features_is_partial_storage() -> None:
    for m in (6, 30):
        loss, _ = equal(50, m, 0.3)
        expected = 50 * mean_field.partial_storage_loss(m / 50, 0.3)
        assert loss == pytest.approx(expected, rel=1e-12)


def test_pairs_win_between_the_densities_of_theory(folder: Path) -> None:
    numbers = json.loads((folder / "uniform_superposition.json").read_text())["summary"]
    roots = numbers["pairs_beat_mean_field_between"]
    for p in roots:
        assert pairs(8, 2, p)[0] == pytest.approx(equal(8, 2, p)[0], rel=1e-9)


def test_chance_is_the_density_beside_a_line() -> None:
    even = np.linspace(0, 1, 10_001)
    for name, line in report.LINES.items():
        expected = {"0": 0.005, "1": 0.005}.get(name, 0.01)
        assert report.by_chance(even, line, 0.005) == pytest.approx(1e4 * expected, rel=0.02)
    assert report.by_chance(np.full(20, 0.5), 0.5, 0.005) == 0


def test_plateaus_have_the_densities_inside_and_next_to_them() -> None:
    p = np.array([1.0, 0.5, 0.25, 0.1, 0.05])
    stars = ("density", [1.0, 0.505, 0.495, 0.2, 0.1])
    at = xr.Dataset({"dimensions_per_feature": stars}, {"density": p})
    one, _, half, _ = report.plateaus(at)
    assert (one["inside"], one["before"], one["after"]) == ([1.0, 1.0], None, 0.5)
    assert (half["inside"], half["before"], half["after"]) == ([0.5, 0.25], 1.0, 0.1)


def test_figure_counts_dropped_features(drawn: Figure, dataset: xr.Dataset) -> None:
    stars, minima, _ = drawn.axes
    assert [ax.get_xscale() for ax in drawn.axes] == ["log"] * 3
    assert len(stars.lines) == 2 + 2 + 2
    dropped = (dataset["norm"].sel(kind="minimum") ** 2 <= 0.1).sum("feature").values
    texts = [text.get_text() for text in minima.texts]
    assert texts[-2:] == [str(count) for count in dropped]


def test_full_is_the_size_of_the_paper_where_no_other_is_given() -> None:
    config = Config(full=True, densities=3)
    assert (config.n, config.m, config.densities) == (400, 30, 3)
    assert config.steps == FULL["steps"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n": 6}, "`n` must be in [7, 2000], but is 6."),
        ({"m": 51}, "`m` must be in [1, 50], but is 51."),
        ({"density": (1.2, 0.1)}, "`density` must be in [0.0001, 1], but is 1.2."),
        ({"density": (0.1, 0.1)}, "`density` must be a range with two different ends, but is"),
        ({"densities": 0}, "`densities` must be in [1, 512], but is 0."),
        ({"evaluations": 1}, "`evaluations` must be in [2, 100000], but is 1."),
        ({"rtol": np.nan}, "`rtol` must be in [1e-10, 0.001], but is nan."),
        ({"steps": 0}, "`steps` must be in [1, 10000000], but is 0."),
        ({"batch": 0}, "`batch` must be in [1, 1000000], but is 0."),
        ({"learning_rate": np.nan}, "`learning_rate` must be in [1e-06, 1], but is nan."),
    ],
)
def test_bad_options_get_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {sentence}")):
        Config(**options)
