"""Two features of different densities: no mirror image, no lines, losses of theory."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from theory import two_features

OPTIONS = ["--last-density-ratio", "0.5", "--grid", "3", "--starts", "2", "--map-grid", "6"]
WINDOW = ["--density", "0.6", "0.1", "--relative-importance", "0.2", "5"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("unequal") / "job"
    command = [sys.executable, "-m", "simulations.phase_boundary", "--out", str(out)]
    command += [*OPTIONS, *WINDOW, "--reference-starts", "8"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=280)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "phase_boundary.nc", engine="h5netcdf")


def test_every_cell_has_the_loss_of_theory(dataset: xr.Dataset) -> None:
    for i, p in enumerate(dataset["map_density"].values):
        for j, r in enumerate(dataset["map_relative_importance"].values):
            exact = two_features.ground_state(p, r, second_density=0.5 * p).loss
            assert float(dataset["map_loss"][i, j]) == pytest.approx(exact, rel=1e-10)


def test_nothing_is_drawn_that_holds_for_equal_densities_only(
    folder: Path, dataset: xr.Dataset
) -> None:
    assert not [name for name in dataset if str(name).startswith(("line_", "hysteresis_"))]
    assert (folder / "phase_boundary.png").stat().st_size > 1000
    assert json.loads((folder / "phase_boundary.json").read_text())["summary"]["points"] == {}


def test_networks_and_map_know_the_second_density(dataset: xr.Dataset) -> None:
    assert (dataset["result"] == 0).all()
    assert float((dataset["loss"] - dataset["exact_loss"]).min()) >= -1e-14
    loss, r = dataset["map_loss"].values, dataset["map_relative_importance"].values
    assert np.max(np.abs(loss / (r * loss[:, ::-1]) - 1)) > 0.05
