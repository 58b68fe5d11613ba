"""Escape of the acute state: run small in this process, and held against theory."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from paper_figures import escape as figure
from simulations import _escape_dataset, _escape_paths
from simulations._entry import start
from simulations.escape import SIMULATION, Config
from theory import two_features

SMALL: dict[str, Any] = {
    "points": ((0.3, 0.9),),
    "barriers": (3.0, 2.0),
    "crossings": 60,
    "replicas": 128,
    "step": 0.7,
}


def load(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "escape.nc", engine="h5netcdf")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("escape") / "job"
    assert start(SIMULATION, Config(out=out, **SMALL)) == 0
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return load(folder)


@pytest.fixture(scope="module")
def drawn(dataset: xr.Dataset) -> Figure:
    return figure.draw(dataset)


def test_all_four_files_are_there(folder: Path) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"escape.{suffix}").stat().st_size > 1000


def test_dimensions_and_labels(dataset: xr.Dataset) -> None:
    cell = ("point", "barrier_over_temperature")
    assert dataset["rate"].dims == cell
    assert dataset["interval"].dims == (*cell, "bound")
    assert dataset["crossings"].dims == (*cell, "pass")
    assert all("long_name" in dataset[name].attrs for name in dataset.data_vars)
    assert {"config", "versions", "device"} <= dataset.attrs.keys()


def test_temperatures_come_from_the_exact_barrier(dataset: xr.Dataset) -> None:
    barrier = float(two_features.acute_barrier(0.3, 0.9))
    np.testing.assert_allclose(dataset["barrier"], barrier, rtol=1e-12)
    product = dataset["temperature"] * dataset["barrier_over_temperature"]
    np.testing.assert_allclose(product, barrier, rtol=1e-12)


def test_rates_are_crossings_over_time_and_those_of_theory(dataset: xr.Dataset) -> None:
    """Within five standard errors of the integrals at T, which are good to a few percent."""
    events = dataset["crossings"].sum("pass")
    assert np.all(events > 30)
    np.testing.assert_allclose(dataset["rate"], events / dataset["exposure"], rtol=0.05)
    low, high = (dataset["interval"].isel(bound=k) for k in (0, 1))
    assert np.all((low < dataset["rate"]) & (dataset["rate"] < high))
    ratio = (dataset["rate"] / dataset["corrected_rate"]).values
    assert np.all(np.abs(np.log(ratio)) < 5 / np.sqrt(events.values) + 0.05)
    assert np.all(dataset["corrected_rate"] < dataset["kramers_rate"])


def test_features_are_left_over_the_lower_pass(dataset: xr.Dataset) -> None:
    """The other is (1 - r)V higher, 15 temperatures and more."""
    assert int(dataset["crossings"].sel({"pass": "dedicated to 2"}).sum()) == 0
    assert int(dataset["dead"].sum()) == 0


def test_a_resumed_run_has_the_same_bits(folder: Path, dataset: xr.Dataset) -> None:
    chunks = sorted((folder / "chunks").rglob("*.chunk"))
    assert len(chunks) == 3
    chunks[0].unlink()
    assert start(SIMULATION, Config(out=folder, **SMALL)) == 0
    xr.testing.assert_identical(load(folder), dataset)


def test_summary_has_slopes_and_ratios_with_intervals(folder: Path) -> None:
    numbers = json.loads((folder / "escape.json").read_text())["summary"]
    (point,) = numbers["points"]
    entries = [point["slope_over_barrier"], point["half_step_over_full_step"]]
    for height in point["heights"]:
        entries += [height[name] for name in ("rate", "over_kramers", "over_corrected")]
    assert all(low < value < high for value, low, high in entries)
    assert point["slope_over_barrier_expected"] == pytest.approx(1, abs=0.1)
    low, high = point["half_step_over_full_step"][1:]
    assert low < 1.3
    assert high > 0.77


def test_table_has_a_line_for_each_ensemble(dataset: xr.Dataset) -> None:
    lines = SIMULATION.table(dataset).splitlines()
    assert len(lines) == 1 + 2 + 1 + 1
    assert lines[-1].endswith("0 looks at a dead output")


def test_figure_has_points_with_intervals_and_lines_of_theory(drawn: Figure) -> None:
    left, right = drawn.axes
    assert left.get_yscale() == "log"
    for ax in (left, right):
        assert len(ax.containers) == 1
        assert [len(bars) for bars in ax.collections[0].get_segments()] == [2, 2]  # type: ignore[attr-defined]
    assert len(drawn.legends) == 1


def test_an_ensemble_without_crossings_has_an_interval_from_zero() -> None:
    rates = _escape_dataset._rates(np.array([0, 4]), np.array([1000, 1000]), np.array([2.0, 2.0]))
    assert rates["rate"][0] == rates["interval"][0, 0] == 0
    assert rates["interval"][0, 1] == pytest.approx(3.689 / 2000, rel=3e-3)  # Garwood, 97.5 %
    assert rates["rate"][1] == pytest.approx(4 / 2000, rel=3e-3)
    np.testing.assert_allclose(rates["interval"][1], np.array([1.090, 10.242]) / 2000, rtol=6e-3)


def test_only_looks_at_settled_replicas_before_their_crossing_count() -> None:
    """Three replicas: never across; across at look 5, old enough; across too young."""
    places = np.zeros((3, _escape_paths.KEPT), np.int8)
    places[1, 5:] = _escape_paths.OVER_1
    places[2, 2:] = _escape_paths.OVER_2
    ages = np.array([0, 100, 0])
    looks, over, crossed = _escape_paths._count(places, ages, settled=4)
    assert looks == (_escape_paths.KEPT - 4) + 6
    assert over.tolist() == [1, 0]
    assert crossed.tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("points", (), "1 to 4 pairs, but is ()."),
        ("points", ((0.3, 1.5),), "pairs of a density in [0.02, 0.8] and a relative importance in"),
        (
            "points",
            ((0.3, 0.5),),
            "pairs with r above the onset (5 + 8p - 9p²)/(16 - 12p) of acute",
        ),
        ("barriers", (), "1 to 12 numbers, but is ()."),
        ("barriers", (3.0, 3.0), "different numbers, but is (3.0, 3.0)."),
        ("barriers", (0.5,), "numbers in [1, 15], but is (0.5,)."),
        ("barriers", (np.nan,), "numbers in [1, 15], but is (nan,)."),
        ("crossings", 0, "in [1, 1000000], but is 0."),
        ("step", 1.0, "in [0.001, 0.8], but is 1.0."),
        ("step", np.nan, "in [0.001, 0.8], but is nan."),
        ("replicas", 0, "in [1, 1000000], but is 0."),
    ],
)
def test_bad_options_get_one_sentence(option: str, value: Any, rule: str) -> None:
    sentence = re.escape(f"Argument `{option}` must be {rule}")
    with pytest.raises(ValueError, match=sentence) as caught:
        Config(**{option: value})
    assert str(caught.value).count(". ") == 0


def test_the_onset_of_the_options_is_that_of_theory() -> None:
    for p in (0.02, 0.4, 0.8):
        onset = float(two_features.acute_onset(p))
        Config(points=((p, onset * (1 + 1e-9)),))
        with pytest.raises(ValueError, match="onset"):
            Config(points=((p, onset * (1 - 1e-9)),))
