"""The main job, run small and held against theory.

In this process, so that its programs are compiled once.
"""

import contextlib
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PolyCollection

from paper_figures import phase_boundary as figure
from simulations._entry import start
from simulations._phase_map import canonical_cells, on_grid, random_rows
from simulations._store import ChunkStore
from simulations._sweep import Stage, compute
from simulations._two_features import SYSTEM
from simulations.phase_boundary import SIMULATION, Config
from theory import two_features

SMALL = {"starts": 3, "reference_starts": 8}


def run(*options: str, timeout: float = 280) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulations.phase_boundary", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


@pytest.fixture(scope="module", autouse=True)
def _precision() -> Iterator[None]:
    before = jax.config.jax_default_matmul_precision
    yield
    jax.config.update("jax_default_matmul_precision", before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("main") / "job"
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert start(SIMULATION, Config(out=out, grid=5, map_grid=16, **SMALL)) == 0
    assert "ground state" in printed.getvalue()
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "phase_boundary.nc", engine="h5netcdf")


@pytest.fixture(scope="module")
def numbers(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "phase_boundary.json").read_text())


def test_all_four_files_are_there(folder: Path) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"phase_boundary.{suffix}").stat().st_size > 1000


def test_dataset_has_every_cell_and_start(dataset: xr.Dataset) -> None:
    for name in ("loss", "gradient_norm", "curvature", "phase", "result"):
        assert dataset[name].dims == ("density", "relative_importance", "start")
        assert dataset[name].shape == (5, 5, 3)
    assert dataset["W"].dims[-2:] == ("hidden", "feature")
    assert {"config", "versions", "device"} <= dataset.attrs.keys()


def test_every_flow_converges_to_a_known_minimum(dataset: xr.Dataset) -> None:
    assert (dataset["result"] == 0).all()
    assert (dataset["basin"] >= 0).all()
    assert float(dataset["gradient_norm"].max()) <= 1e-12
    assert float(dataset["distance"].max()) <= 1e-9
    assert float((dataset["loss"] - dataset["exact_loss"]).min()) >= -1e-14


SECOND_DEVICE = """
import sys
from pathlib import Path
from simulations._entry import set_up_jax
set_up_jax("cpu")
import jax
from simulations import _devices
_, second = jax.local_devices()
_devices.local_devices = lambda: [second]
from tests.simulations.test_phase_boundary import searched
searched(Path(sys.argv[1]))
"""


def searched(folder: Path) -> list[Path]:
    """The files of a stage of two chunks: minima from random starts."""
    config = Config(out=folder, grid=4, reference_starts=48, map_grid=1)
    cells = config.cells(config.own_size)
    rows = random_rows(SYSTEM, cells, config.reference_starts, seed=5)
    width = SYSTEM.chunks_at_once()
    stage = Stage("minima", rows, SYSTEM.descend, SYSTEM.descent_rows, width)
    assert stage.chunks == 2
    store = ChunkStore(folder, "run")
    compute(stage, store)
    return [store.path("minima", index) for index in range(stage.chunks)]


@pytest.mark.timeout(200)
def test_another_device_gives_the_same_bits(folder: Path, tmp_path: Path) -> None:
    """The second of two there; the only one here, where `folder` has compiled the program."""
    environment = os.environ | {"XLA_FLAGS": "--xla_force_host_platform_device_count=2"}
    command = [sys.executable, "-c", SECOND_DEVICE, str(tmp_path / "two")]
    subprocess.run(command, env=environment, check=True, timeout=180)
    for path in searched(tmp_path / "one"):
        other = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert other.read_bytes() == path.read_bytes()


def test_map_agrees_with_the_boundaries_of_theory(dataset: xr.Dataset) -> None:
    p = dataset["map_density"].values
    line = two_features.dedicated_first_order_line(p)
    boundary = np.where(np.isnan(line), two_features.dedicated_stability_limit(p), line)
    r = dataset["map_relative_importance"].values
    dedicated = np.minimum(r, 1 / r)[None, :] < boundary[:, None]
    np.testing.assert_array_equal(np.isin(dataset["map_phase"], [1, 2]), dedicated)


def test_antipodal_losses_agree_with_theory(dataset: xr.Dataset) -> None:
    phase = dataset["map_phase"].values
    for i, j in np.argwhere(phase == 3)[::17]:
        p, r = float(dataset["map_density"][i]), float(dataset["map_relative_importance"][j])
        lowest = min(state.loss for state in two_features.antipodal_states(p, r))
        assert float(dataset["map_loss"][i, j]) == pytest.approx(lowest, rel=1e-11)


def test_map_is_its_own_mirror_image(dataset: xr.Dataset) -> None:
    loss, r = dataset["map_loss"].values, dataset["map_relative_importance"].values
    np.testing.assert_allclose(loss, (r * loss[:, ::-1]), rtol=1e-11)


def test_hysteresis_jumps_at_the_metastable_ends(dataset: xr.Dataset) -> None:
    steps = dataset["hysteresis_relative_importance"].values
    weight = dataset["hysteresis_weight"]
    up, down = weight.sel(direction="up").values, weight.sel(direction="down").values
    limit, end = dataset.attrs["cut_stability"], float(dataset["cut_relative_importance"].min())
    width = steps[1] - steps[0]
    assert steps[np.argmax(up > 0.2)] == pytest.approx(limit, abs=1.01 * width)
    assert steps[np.argmax(down > 0.2)] == pytest.approx(end, abs=1.01 * width)
    inside = (steps > end + width) & (steps < limit - width)
    assert (down - up)[inside].min() > 0.3


def test_summary_counts_every_network_once(numbers: dict[str, Any]) -> None:
    ends = numbers["summary"]["networks"].values()
    assert sum(entry["count"] for entry in ends) == 75
    for entry in ends:
        low, high = entry["interval_95"]
        assert low <= entry["share"] <= high
    assert numbers["summary"]["map_cells_off_theory"] == 0
    assert numbers["summary"]["checked_cells_where_more_starts_found_less"] == 0
    assert numbers["seconds"] > 0


def test_figure_has_four_panels_and_hatches_what_failed(dataset: xr.Dataset) -> None:
    drawn = figure.draw(dataset)
    titles = [axis.get_title(loc="left")[:3] for axis in drawn.axes]
    assert [t for t in titles if t] == ["(a)", "(b)", "(c)", "(d)"]
    broken = dataset.copy(deep=True)
    broken["result"][2, 3] = 4
    broken["map_result"][7, 7] = 1
    hatched = [
        artist
        for axis in figure.draw(broken).axes
        for artist in axis.collections
        if isinstance(artist, PolyCollection) and artist.get_hatch()
    ]
    assert len(hatched) == 3


def test_adamw_ends_near_the_minimum_of_its_basin(tmp_path: Path) -> None:
    window = {"density": (0.5, 0.2), "relative_importance": (0.5, 2.0), "grid": 2, "map_grid": 4}
    how = {"trainer": "adamw", "steps": 3000, "batch": 256}
    assert start(SIMULATION, Config(out=tmp_path, **SMALL, **window, **how)) == 0
    trained = xr.load_dataset(tmp_path / "phase_boundary.nc", engine="h5netcdf")
    excess = (trained["loss"] - trained["basin_loss"]) / trained["basin_loss"]
    assert float(excess.min()) >= 0
    assert 0 < float(excess.median()) < 0.02


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--density", "0", "1"], "Argument `density` must be in (0, 1], but is 0.0."),
        (["--density", "1.2", "0.1"], "Argument `density` must be in (0, 1], but is 1.2."),
        (
            ["--relative-importance", "-1", "2"],
            "Argument `relative_importance` must be positive and finite, but is -1.0.",
        ),
        (
            ["--density", "0.5", "0.5"],
            "Argument `density` must be a range with two different ends, but is (0.5, 0.5).",
        ),
        (["--grid", "0"], "Argument `grid` must be at least 1, but is 0."),
        (["--trainer", "sgd"], "sgd"),
        (["--out", "/proc/nowhere"], "Argument `out` must be writable"),
    ],
)
def test_bad_input_gets_one_sentence_before_any_compute(options: list[str], sentence: str) -> None:
    began = time.perf_counter()
    done = run(*options, timeout=60)
    assert time.perf_counter() - began < 15
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stdout == ""


def test_mirror_image_swaps_features_and_scales_the_loss() -> None:
    cells = canonical_cells(np.array([0.5]), np.array([0.5, 2.0]))
    assert len(cells.p) == 1
    rows = {"state": np.array([[1.0, 0.0, 0.0, 0.25]]), "loss": np.array([0.1])}
    grid = on_grid(SYSTEM, cells, rows | {"phase": np.array([1])})
    np.testing.assert_allclose(grid["loss"], [[0.1, 0.2]])
    np.testing.assert_allclose(grid["state"][0, 1], [0.0, 1.0, 0.25, 0.0])
    np.testing.assert_array_equal(grid["phase"], [[1, 2]])


@pytest.fixture(scope="module")
def unequal_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two features of different densities."""
    out = tmp_path_factory.mktemp("unequal") / "job"
    window = {"density": (0.6, 0.1), "relative_importance": (0.2, 5.0), "grid": 3, "map_grid": 6}
    assert start(SIMULATION, Config(out=out, last_density_ratio=0.5, **SMALL, **window)) == 0
    return out


@pytest.fixture(scope="module")
def unequal(unequal_folder: Path) -> xr.Dataset:
    return xr.load_dataset(unequal_folder / "phase_boundary.nc", engine="h5netcdf")


def test_every_cell_has_the_loss_of_theory(unequal: xr.Dataset) -> None:
    for i, p in enumerate(unequal["map_density"].values):
        for j, r in enumerate(unequal["map_relative_importance"].values):
            exact = two_features.ground_state(p, r, second_density=0.5 * p).loss
            assert float(unequal["map_loss"][i, j]) == pytest.approx(exact, rel=1e-10)


def test_nothing_is_drawn_that_holds_for_equal_densities_only(
    unequal_folder: Path, unequal: xr.Dataset
) -> None:
    assert not [name for name in unequal if str(name).startswith(("line_", "hysteresis_"))]
    assert (unequal_folder / "phase_boundary.png").stat().st_size > 1000
    assert (
        json.loads((unequal_folder / "phase_boundary.json").read_text())["summary"]["points"] == {}
    )


def test_networks_and_map_know_the_second_density(unequal: xr.Dataset) -> None:
    assert (unequal["result"] == 0).all()
    assert float((unequal["loss"] - unequal["exact_loss"]).min()) >= -1e-14
    loss, r = unequal["map_loss"].values, unequal["map_relative_importance"].values
    assert np.max(np.abs(loss / (r * loss[:, ::-1]) - 1)) > 0.05
