"""The main job with three features in two dimensions, run small and held against theory."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest
import xarray as xr
from matplotlib.collections import PolyCollection

from paper_figures import phase_boundary as figure
from simulations import _three_programs as compiled
from simulations import _three_states as states
from simulations import _three_theory as companion
from simulations._entry import start
from simulations._sweep import Stage, solve_chunks
from simulations._three_features import SYSTEM, _in_lanes, _pooled, descend, lowest
from simulations.phase_boundary import SIMULATION, Config
from tests.theory.changes import changes
from theory import three_features, two_features
from tms_physics import THREE_PHASE_NAMES

SMALL = {"n_features": 3, "grid": 2, "starts": 2, "map_grid": 6, "reference_starts": 8}
pytestmark = pytest.mark.timeout(600)  # most of it is compiling
WINDOW = {"density": (0.6, 0.2), "relative_importance": (0.5, 2.0), "cut_density": 0.55}


def run(*options: str, timeout: float = 280) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulations.phase_boundary", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The job in this process, so that its programs are compiled once for all tests here."""
    out = tmp_path_factory.mktemp("three") / "job"
    precision = jax.config.jax_default_matmul_precision
    assert start(SIMULATION, Config(out=out, **SMALL, **WINDOW)) == 0
    yield out
    jax.config.update("jax_default_matmul_precision", precision)


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "phase_boundary.nc", engine="h5netcdf")


@pytest.fixture(scope="module")
def numbers(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "phase_boundary.json").read_text())


def names(codes: xr.DataArray) -> np.ndarray:
    return np.array(THREE_PHASE_NAMES)[codes.values]


def test_files_and_shapes(folder: Path, dataset: xr.Dataset) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"phase_boundary.{suffix}").stat().st_size > 1000
    assert dataset["W"].shape == (2, 2, 2, 2, 3)
    assert dataset["b"].shape == (2, 2, 2, 3)
    config = json.loads(dataset.attrs["config"])
    assert (config["n_features"], config["grid"], config["map_grid"]) == (3, 2, 6)


def test_every_flow_converges_to_a_known_minimum(dataset: xr.Dataset) -> None:
    assert (dataset["result"] == 0).all()
    assert (dataset["basin"] >= 0).all()
    assert float(dataset["gradient_norm"].max()) <= 1e-12
    assert float((dataset["loss"] - dataset["exact_loss"]).min()) >= -1e-14


def test_map_agrees_with_theory(dataset: xr.Dataset, numbers: dict[str, Any]) -> None:
    assert (dataset["map_result"] == 0).all()
    assert (dataset["line_result"] == 0).all()
    assert int(dataset["map_theory_loss"].notnull().sum()) >= 6
    assert numbers["summary"]["map_cells_off_theory"] == 0
    assert numbers["summary"]["largest_relative_difference_to_theory"] <= 1e-10
    found = {companion.NAMES.get(name) for name in names(dataset["map_phase"]).ravel()}
    assert {"digon 13", "digon 12", "isosceles"} <= found


def test_cut_shows_the_transitions_of_theory(dataset: xr.Dataset) -> None:
    r, at = dataset["order_relative_importance"].values, dataset["cut_relative_importance"].values
    last = np.array(
        [companion.PHASES.index(companion.NAMES[n]) for n in names(dataset.order_phase)]
    )
    changes = r[1:][last[1:] != last[:-1]]
    expected = at[np.isfinite(at) & (dataset["cut_below"].values != dataset["cut_above"].values)]
    inside = expected[(expected > r[0]) & (expected < r[-1])]
    np.testing.assert_allclose(changes, inside, rtol=0.03)


def test_summary_counts_every_network_once(numbers: dict[str, Any]) -> None:
    assert sum(entry["count"] for entry in numbers["summary"]["networks"].values()) == 8
    assert numbers["summary"]["checked_cells_where_more_starts_found_less"] == 0
    assert len(numbers["summary"]["points"]["triangle_point"]) == 2


def test_figure_has_four_panels_and_hatches_what_failed(dataset: xr.Dataset) -> None:
    drawn = figure.draw(dataset)
    titles = [axis.get_title(loc="left")[:3] for axis in drawn.axes]
    assert [t for t in titles if t] == ["(a)", "(b)", "(c)", "(d)"]
    broken = dataset.copy(deep=True)
    broken["result"][1, 1] = 4
    broken["map_result"][2, 2] = 1
    hatched = [
        artist
        for axis in figure.draw(broken).axes
        for artist in axis.collections
        if isinstance(artist, PolyCollection) and artist.get_hatch()
    ]
    assert len(hatched) == 3


def cells(p: float, r: float, starts: np.ndarray) -> dict[str, np.ndarray]:
    size = np.ones(len(starts))
    index = np.arange(len(starts), dtype=np.int32)
    return {"density": p * size, "relative_importance": r * size, "start": starts, "index": index}


def test_digon_beside_a_single_costs_what_two_features_do() -> None:
    p, r = 0.3, 0.6
    ends = descend(cells(p, r, SYSTEM.random_starts(24, seed=1)))
    assert np.all(ends["result"] == 0)
    phases = np.array(THREE_PHASE_NAMES)[ends["phase"]]
    exact = two_features.ground_state(p, r).loss
    assert np.min(ends["loss"]) == pytest.approx(exact, rel=1e-11)
    assert phases[np.argmin(ends["loss"])] == "digon 13"
    low = lowest(cells(p, r, SYSTEM.random_starts(24, seed=1)))
    np.testing.assert_array_equal(low["loss"], ends["loss"])
    assert np.ptp(low["loss"][low["minimum"]]) < 1e-12


def test_chunks_of_another_size_end_in_the_same_energies() -> None:
    """To 1e-12: other rows are pooled, padded and examined beside a row."""
    rows = cells(0.4, 0.8, SYSTEM.random_starts(6, seed=2))
    del rows["index"]
    rows["density"] = np.linspace(0.2, 0.8, 6)

    def losses(size: int) -> np.ndarray:
        stage = Stage("minima", rows, lowest, size)
        parts = [solve_chunks(stage, [index])[0] for index in range(stage.chunks)]
        assert not any(part["result"].any() for part in parts)
        return np.concatenate([part["loss"] for part in parts])

    np.testing.assert_allclose(losses(4), losses(6), rtol=1e-12)


def along(points: np.ndarray, starts: np.ndarray) -> dict[str, np.ndarray]:
    """Rows at (p, q, r), q the density of the last feature."""
    p, q, r = points.T
    index = np.arange(len(points), dtype=np.int32)
    names = ("density", "last_density", "relative_importance", "start", "index")
    return dict(zip(names, (p, q, r, starts, index), strict=True))


def vector(state: three_features.State) -> np.ndarray:
    return np.concatenate([state.weights.ravel(), state.biases])


def points() -> np.ndarray:
    """(p, q, r): everywhere, where all phases are, and at unequal densities."""
    rng = np.random.default_rng(8)
    wide = np.stack([rng.uniform(0.02, 1, 4), 10 ** rng.uniform(-1, 1, 4)], axis=1)
    dense = np.stack([rng.uniform(0.45, 1, 8), rng.uniform(0.5, 1.6, 8)], axis=1)
    equal = np.concatenate([wide, dense])
    unequal = [(0.5, 0.2, 0.9), (0.5, 0.1, 1.0), (0.7, 0.5, 0.8), (0.25, 0.7, 0.2)]
    return np.concatenate([equal[:, [0, 0, 1]], unequal])


def test_no_start_ends_below_the_ground_state_and_some_end_in_it() -> None:
    starts, rng = 32, np.random.default_rng(9)
    scale = np.array([1.0] * 6 + [0.2] * 3)
    states = [three_features.ground_state(p, r, last_density=q) for p, q, r in points().tolist()]
    first = rng.normal(size=(len(states), starts, 9)) * scale
    first[:, 0] = [vector(state) + 0.01 * rng.normal(size=9) * scale for state in states]
    ends = lowest(along(np.repeat(points(), starts, axis=0), first.reshape(-1, 9)))
    difference = ends["loss"].reshape(-1, starts) - np.array([[s.loss] for s in states])
    assert np.min(difference) > -1e-10
    assert np.all(np.min(np.abs(difference), axis=1) < 1e-10)
    assert np.mean(np.min(np.abs(difference[:, 1:]), axis=1) < 1e-10) > 0.8


def test_both_states_of_a_change_are_minima_and_their_energies_cross() -> None:
    """Minimised from both states a little below and above: the lower one changes."""
    shifts = (1 - 1e-6, 1 + 1e-6)
    rows = [(c, state, s) for c in changes() for state in (c.below, c.above) for s in shifts]
    at = np.array([(c.density, c.density, c.relative_importance * s) for c, _, s in rows])
    ends = lowest(along(at, np.array([vector(state) for _, state, _ in rows])))
    assert np.all(ends["result"] == 0)
    below, above = ends["loss"].reshape(-1, 2, 2).transpose(1, 0, 2)
    assert np.all(below[:, 0] < above[:, 0])
    assert np.all(below[:, 1] > above[:, 1])


@pytest.mark.parametrize("side", [-1, 1])
def test_digon_12_limit_is_where_its_curvature_changes_sign(side: int) -> None:
    p = np.array([0.54, 0.6, 0.66, 0.72, 0.78, 0.84, 0.9, 0.96, 0.99])
    limits = np.array([three_features.digon_12_stability_limit(float(x)) for x in p])
    found = np.array([vector(three_features.ground_state(float(x), 9.0)) for x in p])
    rows = along(np.stack([p, p, limits * (1 + side * 1e-3)], axis=1), found)
    which = np.arange(len(p))
    ends = _in_lanes(compiled.stability(), rows, found, which, compiled.EXAMINED)
    assert np.all(np.sign(ends["curvature"]) == side)


def test_dropped_is_no_minimum_beyond_the_limit_of_dedicated() -> None:
    p = 0.15
    r = 1.2 * float(two_features.dedicated_stability_limit(p))
    exact = descend(cells(p, r, np.array([[1.0, 0, 0, 0, 1, 0, 0, 0, p / 2]])))
    assert THREE_PHASE_NAMES[exact["phase"][0]] == "dropped 3"
    assert exact["curvature"][0] < 0
    assert not exact["minimum"][0]


def test_exchange_and_rotations_leave_oriented_states_alone() -> None:
    rng = np.random.default_rng(0)
    some = rng.normal(size=(20, 9))
    turn = np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
    for matrix in (turn, turn @ np.diag([1.0, -1.0])):
        turned = np.hstack([(matrix @ some[:, :6].reshape(-1, 2, 3)).reshape(-1, 6), some[:, 6:]])
        np.testing.assert_allclose(states.oriented(turned), states.oriented(some), atol=1e-12)
    exchanged = some[:, [1, 0, 2, 4, 3, 5, 7, 6, 8]]
    np.testing.assert_allclose(states.oriented(exchanged), states.oriented(some), atol=1e-12)
    np.testing.assert_allclose(SYSTEM.invariants(exchanged), SYSTEM.invariants(some), atol=1e-12)


def test_pool_runs_every_row_to_its_end_in_full_batches() -> None:
    """A program that takes one off each number: rows leave the pool when they reach zero."""
    batches = []

    def program(_: object, y: Any) -> dict[str, np.ndarray]:
        batches.append(len(y))
        left = np.asarray(y) - 1
        return {"state": left, "going": left[:, 0] > 0}

    start = np.tile(np.arange(1.0, 11.0)[:, None], (1, 9))
    out = _pooled(lambda: program, cells(0.5, 1.0, start), start, lanes=4, segments=8)
    np.testing.assert_array_equal(out["state"][:, 0], [0] * 8 + [1, 2])
    np.testing.assert_array_equal(out["going"], [False] * 8 + [True] * 2)
    assert set(batches) == {4}


def test_density_of_the_last_feature_enters_rows_and_lines() -> None:
    config = Config(n_features=3, last_density_ratio=0.5, map_grid=4)
    rows = config.cells(4).rows(np.array([0, 1]), np.zeros((2, 9)))
    np.testing.assert_array_equal(rows["last_density"], 0.5 * rows["density"])
    stage = companion.transitions_stage(config)
    np.testing.assert_array_equal(stage.cells["last_density"], 0.5 * stage.cells["density"])


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--n-features", "4"], "4"),
        (
            ["--n-features", "3", "--cut-density", "1"],
            "Argument `cut_density` must be in [0.01, 0.99], but is 1.0.",
        ),
        (
            ["--last-density-ratio", "2"],
            "so that the last feature's density is in (0, 1], but is 2.0.",
        ),
        (["--last-density-ratio", "0"], "Argument `last_density_ratio` must be in (0, 1]"),
    ],
)
def test_bad_input_gets_one_sentence(options: list[str], sentence: str) -> None:
    done = run(*options, timeout=60)
    assert done.returncode == 2
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
