"""Basic results: run small in this process, and held against the linear model."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from paper_figures import basic_results as figure
from simulations._entry import start
from simulations.basic_results import FULL, SIMULATION, Config
from theory import linear_flow

SMALL: dict[str, Any] = {
    "systems": ((8, 3, 0.7),),
    "densities": (1.0, 0.02),
    "starts": 2,
    "evaluations": 150,
    "steps": 300,
    "batch": 128,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("basic_results") / "job"
    assert start(SIMULATION, Config(out=out, **SMALL)) == 0
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "basic_results.nc", engine="h5netcdf")


@pytest.fixture(scope="module")
def entries(folder: Path) -> list[dict[str, Any]]:
    numbers = json.loads((folder / "basic_results.json").read_text())["summary"]
    (system,) = numbers["systems"]
    assert (system["features"], system["dimensions"]) == (8, 3)
    return system["densities"]


def test_all_four_files_are_there_and_everything_has_a_name(
    folder: Path, dataset: xr.Dataset
) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"basic_results.{suffix}").stat().st_size > 1000
    assert all("long_name" in dataset[name].attrs for name in dataset.data_vars)
    assert dataset["n8_W"].dims == ("density", "n8_hidden", "n8_feature")


def test_the_linear_model_has_its_loss(dataset: xr.Dataset) -> None:
    """Its weights and biases, by the linear model's own loss."""
    W, importance = dataset["n8_linear_W"].values, dataset["n8_importance"].values
    for k, p in enumerate(dataset["density"].values):
        loss = linear_flow.loss(W, importance=importance, density=p)
        assert loss == pytest.approx(float(dataset["n8_linear_loss"][k]), rel=1e-12)
        np.testing.assert_allclose(dataset["n8_linear_b"][k], [0] * 3 + [p / 2] * 5)


def test_dense_networks_are_the_linear_model_and_sparse_ones_beat_it(
    entries: list[dict[str, Any]],
) -> None:
    """The ReLU model can imitate the linear optimum, so its own is nowhere above it."""
    dense, sparse = entries
    assert dense["represented"] == dense["recovered"] == 3
    assert dense["in_superposition"] == 0
    assert dense["loss_over_linear"] == pytest.approx(1, abs=2e-3)
    assert sparse["represented"] > 3
    assert sparse["in_superposition"] > 3
    assert sparse["loss_over_linear"] < 0.7


def test_the_best_network_is_the_one_kept(dataset: xr.Dataset) -> None:
    """Its recovery gives its loss back: L = Σ I_i V (1 - R_i²)."""
    for k, p in enumerate(dataset["density"].values):
        missing = (1 - dataset["n8_recovery"][k]) * dataset["n8_importance"]
        loss = float(missing.sum() * linear_flow.feature_variance(p))
        both = [float(dataset[f"n8_{name}"][k].min()) for name in ("loss", "trained_loss")]
        assert loss == pytest.approx(min(both), rel=1e-9)
    norms = np.linalg.norm(dataset["n8_W"], axis=1)
    np.testing.assert_allclose(dataset["n8_norm"], norms, rtol=1e-12)


def test_figure_has_a_map_and_bars_for_each_density_and_the_linear_model(
    dataset: xr.Dataset,
) -> None:
    drawn: Figure = figure.draw(dataset)
    assert len([ax for ax in drawn.axes if ax.images]) == 3
    bars = [ax for ax in drawn.axes if len(ax.patches) == 8]
    assert len(bars) == 3
    striped = sum(bool(patch.get_hatch()) for patch in bars[2].patches)
    shared = (dataset["n8_norm"][1] >= 0.5) & (dataset["n8_interference"][1] >= 0.1)
    assert striped == int(shared.sum())


def test_table_has_a_line_for_each_density(dataset: xr.Dataset) -> None:
    assert len(SIMULATION.table(dataset).splitlines()) == 2 + 2 + 1


def test_full_adds_the_larger_system() -> None:
    config = Config(full=True, densities=(0.1,))
    assert config.systems == FULL["systems"]
    assert config.densities == (0.1,)
    assert Config().systems == ((20, 5, 0.7),)


@pytest.mark.parametrize(
    ("option", "value", "rule"),
    [
        ("systems", (), "1 to 4 triples, but is ()."),
        ("systems", ((5, 5, 0.7),), "triples of n in [2, 400], m in [1, n - 1] and a ratio"),
        ("systems", ((5, 2, 0.7), (5, 3, 0.7)), "triples of different n, but is"),
        ("densities", (), "1 to 16 numbers, but is ()."),
        ("densities", (0.0,), "numbers in [0.0001, 1], but is (0.0,)."),
        ("densities", (0.1, 0.1), "different numbers, but is (0.1, 0.1)."),
        ("starts", 0, "in [1, 1000], but is 0."),
        ("evaluations", 0, "in [1, 1000000], but is 0."),
        ("steps", 0, "in [1, 10000000], but is 0."),
        ("batch", 0, "in [1, 1000000], but is 0."),
        ("learning_rate", 2.0, "in [1e-6, 1], but is 2.0."),
    ],
)
def test_bad_options_get_one_sentence(option: str, value: Any, rule: str) -> None:
    sentence = re.escape(f"Argument `{option}` must be {rule}")
    with pytest.raises(ValueError, match=sentence) as caught:
        Config(**{option: value})
    assert str(caught.value).count(". ") == 0
