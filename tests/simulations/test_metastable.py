"""All stationary states of two features over the diagram: run small, held against JAX, drawn."""

import json
import re
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import xarray as xr

import tms_physics as tp
from paper_figures import metastable as figure
from simulations._entry import start
from simulations._metastable_report import table
from simulations.metastable import SIMULATION, Config
from theory import two_features
from tms_physics.observables.phases import ACUTE, ANTIPODAL, DEDICATED_1, DEDICATED_2

SMALL: dict[str, Any] = {
    "density": (0.9, 0.05),
    "relative_importance": (0.4, 2.5),
    "densities": 3,
    "importances": 5,
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("metastable") / "job"
    assert start(SIMULATION, Config(out=out, **SMALL)) == 0
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "metastable.nc", engine="h5netcdf")


def test_dimensions_and_labels(folder: Path, dataset: xr.Dataset) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"metastable.{suffix}").stat().st_size > 1000
    assert dataset["loss"].dims == ("density", "relative_importance", "state")
    assert 1.0 in dataset["relative_importance"].values
    assert (dataset["result"] == 0).all()
    named = [name for name in dataset.data_vars if name != "result"]
    assert all("long_name" in dataset[name].attrs for name in named)


def test_every_state_is_stationary_on_the_exact_loss(dataset: xr.Dataset) -> None:
    """Losses to rounding and vanishing gradients, by the numerics of JAX."""
    states = dataset.stack(row=("density", "relative_importance", "state"))
    states = states.isel(row=np.flatnonzero(states["phase"].values >= 0))
    p, r = states["density"].values, states["relative_importance"].values
    W, b = states["weights"].values.T[:, None], states["bias"].values.T

    def loss(params: Any, density: jax.Array, importance: jax.Array) -> jax.Array:
        return tp.population_loss(*params, importance=importance, density=density)

    importance = np.stack([np.ones_like(r), r], axis=1)
    values, slopes = jax.jit(jax.vmap(jax.value_and_grad(loss)))((W, b), p, importance)
    np.testing.assert_allclose(states["loss"], values, rtol=1e-12, atol=1e-15)
    for slope in slopes:
        np.testing.assert_allclose(slope, 0, atol=1e-11)
    signs = np.sign(W[:, 0]).prod(axis=1)
    expected = {ANTIPODAL: -1, ACUTE: 1, DEDICATED_1: 0, DEDICATED_2: 0}
    assert signs.tolist() == [expected[code] for code in states["phase"].values.tolist()]


def test_lowest_state_is_the_ground_state_and_a_minimum(dataset: xr.Dataset) -> None:
    assert (dataset["stable"].isel(state=0) == 1).all()
    assert (dataset["ground"].isel(state=0) == 1).all()
    assert float(dataset["excess"].min()) == 0
    at = dataset.isel(density=1, relative_importance=1)
    known = two_features.ground_state(float(at["density"]), float(at["relative_importance"]))
    assert float(at["loss"][0]) == known.loss
    np.testing.assert_allclose(dataset["loss"] - dataset["loss"][..., 0], dataset["excess"],
                               atol=1e-15)  # fmt: skip


def test_exchange_of_the_features_is_a_symmetry(dataset: xr.Dataset) -> None:
    """L(p, 1/r) = L(p, r)/r, state by state; at r = 1 a dense ground state and its image."""
    r = dataset["relative_importance"].values
    scaled = dataset["loss"] / np.sqrt(dataset["relative_importance"])
    np.testing.assert_allclose(r * r[::-1], 1, rtol=1e-12)
    np.testing.assert_allclose(scaled, scaled.values[:, ::-1], rtol=1e-9)
    assert dataset["ground"].sel(density=0.9, relative_importance=1).sum() == 2


def test_summary_counts_cells(folder: Path, dataset: xr.Dataset) -> None:
    numbers = json.loads((folder / "metastable.json").read_text())["summary"]
    assert numbers["cells"] == sum(numbers["cells_by_number_of_minima"].values()) == 15
    assert numbers["cells_without_states"] == numbers["lowest_state_a_saddle"] == 0
    assert numbers["acute_ground_cells"] == 0  # at equal densities acute is never the lowest
    assert "acute metastable in" in table(dataset)


def test_figure_has_two_maps_with_the_boundaries(dataset: xr.Dataset) -> None:
    drawn = figure.draw(dataset)
    maps = drawn.axes[:2]
    assert [len(ax.lines) for ax in maps] == [16, 16]
    assert "0.05 to 0.9" in figure.caption(dataset)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"density": (1.2, 0.1)}, "`density` must be in [0.0001, 1], but is 1.2."),
        ({"density": (0.1, 0.1)}, "`density` must be a range with two different ends"),
        ({"relative_importance": (0.0, 1.0)}, "`relative_importance` must be in [0.001, 1000]"),
        ({"densities": 1}, "`densities` must be in [2, 4096], but is 1."),
        ({"importances": 5000}, "`importances` must be in [2, 4096], but is 5000."),
    ],
)
def test_bad_options_get_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {sentence}")):
        Config(**options)
