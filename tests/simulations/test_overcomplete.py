"""Overcomplete recovery: run small in this process, and held against the laws of R²."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

import tms_physics as tp
from paper_figures import overcomplete as figure
from simulations._entry import start
from simulations._overcomplete_report import interval
from simulations._seriation import order
from simulations.overcomplete import FULL, SIMULATION, Config
from theory import linear_flow, mean_field

SMALL: dict[str, Any] = {
    "features": 8,
    "dimensions": 3,
    "density": (1.0, 0.02),
    "densities": 2,
    "starts": 2,
    "evaluations": 60,
    "steps": 300,
    "batch": 128,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("overcomplete") / "job"
    assert start(SIMULATION, Config(out=out, **SMALL)) == 0
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "overcomplete.nc", engine="h5netcdf")


@pytest.fixture(scope="module")
def drawn(dataset: xr.Dataset) -> Figure:
    return figure.draw(dataset)


def test_all_four_files_are_there_and_everything_has_a_name(
    folder: Path, dataset: xr.Dataset
) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"overcomplete.{suffix}").stat().st_size > 1000
    assert all("long_name" in dataset[name].attrs for name in dataset.data_vars)
    assert dataset["W"].dims == ("network", "density", "start", "hidden", "feature")


def test_sums_are_those_of_the_features(dataset: xr.Dataset) -> None:
    """n - L/V at equal importances and densities."""
    sums = dataset["recovery"].sum("feature")
    np.testing.assert_allclose(dataset["recovery_sum"], sums, atol=1e-10)
    assert np.all(dataset["recovery"] <= 1)


def test_losses_are_exact(dataset: xr.Dataset) -> None:
    """Against samples, five standard errors, for a trained network at the dense end."""
    at = dataset.isel(density=0, start=0).sel(network="trained")
    x = np.random.default_rng(0).uniform(size=(40_000, 8))
    W, b = at["W"].values, at["b"].values
    squares = np.sum((x - np.maximum(x @ W.T @ W + b, 0)) ** 2, axis=1)
    error = float(squares.std() / np.sqrt(len(squares)))
    assert abs(float(at["loss"]) - squares.mean()) < 5 * error


def test_linear_models_have_the_bound_and_sparse_networks_beat_it(
    folder: Path, dataset: xr.Dataset
) -> None:
    np.testing.assert_allclose(dataset["linear_sum"], 3, rtol=1e-12)
    numbers = json.loads((folder / "overcomplete.json").read_text())["summary"]
    assert numbers["largest_difference_of_linear_model_to_its_bound"] < 1e-12
    sparse = numbers["densities"][1]
    assert sparse["minimised"]["every_start_exceeds"]
    assert sparse["minimised"]["recovery_sum_range"][0] > 4


def test_counts_fall_with_the_threshold_and_obey_the_sum(dataset: xr.Dataset) -> None:
    counts, threshold = dataset["recovered"], dataset["threshold"]
    assert np.all(counts.diff("threshold") <= 0)
    positive = dataset["recovery"].clip(min=0).sum("feature")
    assert np.all(counts * threshold <= positive + 1e-12)
    expected = np.sum(dataset["recovery"].values >= 0.5, axis=-1)
    np.testing.assert_array_equal(counts.sel(threshold=0.5), expected)


def test_grams_are_sorted_and_of_the_best_network(dataset: xr.Dataset) -> None:
    ours = dataset.sel(network="minimised")
    for k in range(2):
        W = ours["W"].values[k, int(np.argmin(ours["loss"].values[k]))]
        gram = dataset["gram"].values[k]
        np.testing.assert_allclose(np.linalg.eigvalsh(gram), np.linalg.eigvalsh(W.T @ W), atol=1e-9)
        np.testing.assert_allclose(np.sort(np.diag(gram)), np.sort((W**2).sum(0)), rtol=1e-12)


def test_theory_is_at_the_densities_of_the_networks(folder: Path) -> None:
    numbers = json.loads((folder / "overcomplete.json").read_text())["summary"]
    for entry in numbers["densities"]:
        p = entry["density"]
        variance = float(linear_flow.feature_variance(p))
        expected = 8 * (1 - mean_field.partial_storage_loss(3 / 8, p) / variance)
        assert entry["mean_field_sum"] == pytest.approx(expected, rel=1e-9)
        assert entry["equal_mean_field_sum"] <= entry["mean_field_sum"] * (1 + 1e-12)
        assert entry["compressed_sensing_dimensions"] <= 8


def test_more_than_m_means_features_that_are_not_orthogonal(dataset: xr.Dataset) -> None:
    """At most m non-zero orthogonal columns, each with R² <= 1; so ΣR² > m needs interference."""
    above = dataset["recovery_sum"].values > 3
    for W in dataset["W"].values[above]:
        assert float(np.max(np.asarray(tp.interference(W)))) > 1e-3


def test_figure_has_both_networks_bounds_and_maps(drawn: Figure, dataset: xr.Dataset) -> None:
    left, right, *maps = drawn.axes
    assert len(left.containers) == 2
    assert left.xaxis_inverted()
    assert len(right.lines) == 2
    assert len([ax for ax in maps if ax.images]) == 2
    labels = [text.get_text() for text in left.get_legend().get_texts()]  # type: ignore[union-attr]
    assert labels[0] == "linear model: 3"


def test_table_has_a_line_for_each_network_kind(dataset: xr.Dataset) -> None:
    assert len(SIMULATION.table(dataset).splitlines()) == 1 + 4 + 2


def test_interval_is_that_of_student() -> None:
    mean, low, high = interval(np.array([1.0, 2.0, 3.0]))
    assert mean == 2
    assert high - mean == pytest.approx(4.3027 / np.sqrt(3), rel=1e-4)
    assert mean - low == pytest.approx(high - mean)
    assert interval(np.array([5.0])) == (5.0, -np.inf, np.inf)


def test_order_puts_partners_side_by_side_and_dropped_features_last() -> None:
    W = np.zeros((3, 7))
    W[0, [1, 5]] = 1, -1
    W[1, [2, 6]] = 1, -0.9
    W[2, [0, 4]] = -1, 1
    at = order(W)
    assert sorted(at) == list(range(7))
    assert at[-1] == 3
    assert {frozenset(pair) for pair in at[:6].reshape(3, 2)} == {
        frozenset({1, 5}),
        frozenset({2, 6}),
        frozenset({0, 4}),
    }
    assert sorted(order(np.zeros((2, 4)))) == [0, 1, 2, 3]


def test_full_changes_only_what_was_left_at_its_default() -> None:
    config = Config(full=True, starts=4)
    assert config.starts == 4
    assert config.steps == FULL["steps"]
    assert config.features == 100
    assert Config().steps == 2000


@pytest.mark.parametrize(
    ("options", "rule"),
    [
        ({"features": 1}, "`features` must be in [2, 1000], but is 1."),
        ({"dimensions": 100}, "`dimensions` must be in [1, 99], below `features`, but is 100."),
        ({"density": (1.2, 0.1)}, "`density` must be two numbers in [0.0001, 1]"),
        ({"density": (0.1, 0.1)}, "`density` must be a range with two different ends"),
        ({"densities": 0}, "`densities` must be in [1, 100], but is 0."),
        ({"starts": 0}, "`starts` must be in [1, 1000], but is 0."),
        ({"evaluations": 0}, "`evaluations` must be in [1, 1000000], but is 0."),
        ({"steps": 0}, "`steps` must be in [1, 10000000], but is 0."),
        ({"batch": 0}, "`batch` must be in [1, 1000000], but is 0."),
        ({"learning_rate": np.nan}, "`learning_rate` must be in [1e-6, 1], but is nan."),
    ],
)
def test_bad_options_get_one_sentence(options: dict[str, Any], rule: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {rule}")) as caught:
        Config(**options)
    assert str(caught.value).count(". ") == 0
