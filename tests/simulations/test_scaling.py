"""Scaling with the hidden dimension: run small in this process, and held against theory."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import tms_physics as tp
from paper_figures import scaling as figure
from simulations._entry import start
from simulations._scaling_report import fitted
from simulations.scaling import SIMULATION, Config
from theory import mean_field

SMALL: dict[str, Any] = {
    "n": 8,
    "hidden": (1, 2, 4),
    "slope": (1.5,),
    "equal_density": 0.2,
    "evaluations": 60,
    "steps": 100,
    "batch": 32,
    "learning_rate": 2e-2,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("scaling") / "job"
    assert start(SIMULATION, Config(out=out, **SMALL)) == 0
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "scaling.nc", engine="h5netcdf")


def test_dimensions_and_labels(folder: Path, dataset: xr.Dataset) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"scaling.{suffix}").stat().st_size > 1000
    assert dataset["loss"].dims == ("slope", "weight_decay", "hidden")
    assert dataset["equal_loss"].dims == ("hidden",)
    assert all("long_name" in dataset[name].attrs for name in dataset.data_vars)


def test_the_linear_model_keeps_the_features_of_largest_variance(dataset: xr.Dataset) -> None:
    p = np.arange(1, 9) ** -1.5
    p /= p.sum()
    W = np.eye(2, 8)
    b = np.where(np.arange(8) < 2, 0.0, p / 2)
    loss = float(tp.linear_population_loss(W, b, importance=1.0, density=p))
    assert float(dataset["linear_loss"].sel(slope=1.5, hidden=2)) == pytest.approx(loss, rel=1e-9)


def test_minima_fall_and_are_below_the_linear_model(dataset: xr.Dataset) -> None:
    losses = dataset["equal_loss"].values
    assert np.all(np.diff(losses) < 0)
    expected = [8 * mean_field.loss(m / 8, 0.2).loss for m in (1, 2, 4)]
    np.testing.assert_allclose(dataset["mean_field_loss"], expected, rtol=1e-12)
    assert np.all(losses < [8 * mean_field.linear_loss(m / 8, 0.2) for m in (1, 2, 4)])


def test_negative_decay_stores_at_least_as_many(dataset: xr.Dataset) -> None:
    assert np.all(dataset["stored"].sel(weight_decay=-1) >= dataset["stored"].sel(weight_decay=1))


def test_fits_find_a_power_law() -> None:
    m = np.array([3, 5, 8, 20])
    fit = fitted(m, 2.0 * m**-1.3)
    assert fit is not None
    np.testing.assert_allclose(fit, 1.3, rtol=1e-9)
    assert fitted(m[:2], m[:2] ** -1.0) is None


def test_summary_has_all_curves(folder: Path) -> None:
    numbers = json.loads((folder / "scaling.json").read_text())["summary"]
    models = [curve["model"] for curve in numbers["power_laws"]]
    assert models == ["linear, exact", "trained", "trained"]
    local = numbers["equal_densities"]["mean_field_local_exponent"]
    assert local[1] == pytest.approx(-mean_field.scaling_exponent(0.25, 0.2))
    for curve in numbers["power_laws"]:
        value, low, high = curve["exponent"]
        assert low <= value <= high


def test_figure_has_a_panel_for_each_slope_and_one_for_equal_densities(
    dataset: xr.Dataset,
) -> None:
    left, right = figure.draw(dataset).axes
    assert len(left.lines) == 2 + 1 + 2
    assert len(right.lines) == 1 + 2 + 1
    assert left.get_xscale() == right.get_yscale() == "log"


def test_full_is_larger() -> None:
    assert Config(full=True).n == 400
    assert Config(full=True, steps=7).steps == 7


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n": 6}, "`n` must be in [7, 2000], but is 6."),
        ({"hidden": (3, 2, 4)}, "`hidden` must be three or more rising numbers in [1, 50], but is"),
        ({"hidden": (3, 51, 52)}, "`hidden` must be three or more rising numbers in [1, 50]"),
        ({"slope": ()}, "`slope` must be 1 to 3 numbers, but is ()."),
        ({"slope": (1.0,)}, "`slope` must be numbers in (1, 5], but is (1.0,)."),
        ({"slope": (2.0, 2.0)}, "`slope` must be 1 to 3 different numbers, but is (2.0, 2.0)."),
        ({"active": 3.0}, "`active` must be positive, and small enough for a first density p_1"),
        ({"weight_decay": ()}, "`weight_decay` must be 1 to 3 different numbers, but is ()."),
        ({"weight_decay": (np.nan,)}, "`weight_decay` must be numbers in [-20, 20], but is"),
        ({"equal_density": 0.0}, "`equal_density` must be in [1e-4, 1], but is 0.0."),
        ({"evaluations": 0}, "`evaluations` must be in [1, 100000], but is 0."),
        ({"rtol": np.nan}, "`rtol` must be in [1e-10, 0.001], but is nan."),
        ({"steps": 0}, "`steps` must be in [1, 10000000], but is 0."),
        ({"batch": 0}, "`batch` must be in [1, 1000000], but is 0."),
        ({"learning_rate": 2.0}, "`learning_rate` must be in [1e-06, 1], but is 2.0."),
    ],
)
def test_bad_options_get_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {sentence}")):
        Config(**options)
