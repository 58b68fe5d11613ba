"""Vulnerability over the density: run small in this process, and the report on known numbers."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from paper_figures import adversarial as figure
from simulations import _adversarial_dataset as dataset_module
from simulations import _adversarial_networks as networks
from simulations import _adversarial_report as report
from simulations._entry import start
from simulations._networks import Rows, Size
from simulations.adversarial import FULL, SIMULATION, Config
from theory.adversarial import mean_input_norm
from tms_physics.arrangements import cross_polytope

SMALL: dict[str, Any] = {
    "n": 8,
    "m": 2,
    "density": (0.5, 0.05),
    "densities": 3,
    "seeds": 2,
    "inputs": 200,
}


def digons(cells: Rows, **_: object) -> Rows:
    """In place of training and minimising, which have tests: two digons, four features dropped.

    Norms are 1 at p = 0.05, and a little more where features are denser.
    """
    W = np.concatenate([cross_polytope(2), np.zeros((2, 4))], axis=1)
    rows = [
        {
            "W": (0.995 + 0.1 * p) * W,
            "b": np.repeat([0.0, p / 2], 4),
            "loss": 1.0,
            "error": 0.0,
            "result": 0,
        }
        for p in cells["density"]
    ]
    both = {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}
    return both | {"converged": np.ones(len(rows), bool)}


def sampled(
    W: np.ndarray, b: np.ndarray, size: Size, density: float, rtol: float
) -> tuple[float, np.ndarray]:
    """In place of the exact loss, which takes seconds to compile: the same samples always."""
    u = np.random.default_rng(0).random((4000, size.n))
    x = np.where(u < density, u / density, 0.0)
    z = x @ W.T @ W + b
    off = np.maximum(z, 0) - x
    return float(np.mean(np.sum(off**2, axis=1))), 2 * np.mean(np.where(z > 0, off, 0), axis=0)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("adversarial") / "job"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks, "trained", digons)
        patch.setattr(networks, "minimised", digons)
        patch.setattr(networks, "loss_and_slope", sampled)
        patch.setattr(dataset_module, "_LINE_POINTS", 3)
        assert start(SIMULATION, Config(out=out, **SMALL)) == 0
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "adversarial.nc", engine="h5netcdf")


def test_all_four_files_are_there(folder: Path) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"adversarial.{suffix}").stat().st_size > 1000


def test_dimensions_and_labels(dataset: xr.Dataset) -> None:
    assert dataset["vulnerability"].dims == ("kind", "density", "seed", "attack")
    assert all("long_name" in dataset[name].attrs for name in dataset.data_vars)
    assert {"config", "versions", "device"} <= dataset.attrs.keys()


def test_attack_is_a_tenth_of_the_mean_norm(dataset: xr.Dataset) -> None:
    for p in dataset["density"].values:
        radius = dataset["radius"].sel(density=p)
        np.testing.assert_allclose(radius, 0.1 * mean_input_norm(8, float(p)), rtol=1e-12)


def all_attacks(at: xr.Dataset) -> np.ndarray:
    """A δ of the eight attacks on stored features."""
    A = at["weights"].values.T @ at["weights"].values
    rows = float(at["radius"]) * (A @ A)[:4] / np.linalg.norm(A[:4], axis=1, keepdims=True)
    return np.concatenate([rows, -rows])


def test_attacks_are_ordered_and_bounded(dataset: xr.Dataset) -> None:
    """Better informed attacks do more harm to the same inputs; the bound is of these as well."""
    at = dataset["vulnerability"]
    assert np.all(at.sel(attack="feature") <= at.sel(attack="worst") * (1 + 1e-9))
    assert np.all(at.sel(attack="worst") <= dataset["bound"])
    one = dataset.isel(density=1, seed=0).sel(kind="minimum")
    x = networks.inputs(float(one["density"]), 2, Config(**SMALL))  # third cell: two seeds each
    z = x @ one["weights"].values.T @ one["weights"].values + one["bias"].values
    before = np.sum((np.maximum(z, 0) - x) ** 2, axis=1)
    after = [np.sum((np.maximum(z + c, 0) - x) ** 2, axis=1) for c in all_attacks(one)]
    added = np.max(after, axis=0) - before
    found = float(one["vulnerability"].sel(attack="feature")) * float(one["radius"]) ** 2
    assert found == pytest.approx(np.mean(added), rel=1e-6)
    assert found >= max(map(np.mean, after)) - np.mean(before)


def test_one_attack_on_all_inputs_is_the_best_of_four(dataset: xr.Dataset) -> None:
    """By the loss itself; which four, other samples had chosen."""
    at = dataset.isel(density=1, seed=0).sel(kind="minimum")
    W, b, eps = at["weights"].values, at["bias"].values, float(at["radius"])
    given = Size(8, 2), float(at["density"]), 0.0
    without = sampled(W, b, *given)[0]
    each = sorted((sampled(W, b + c, *given)[0] - without) / eps**2 for c in all_attacks(at))
    found = float(at["vulnerability"].sel(attack="all inputs"))
    assert np.min(np.abs(found - np.array(each))) < 1e-9
    assert found >= each[3]


def test_sparse_digons_are_as_vulnerable_as_features_per_dimension(dataset: xr.Dataset) -> None:
    """1/D* = 2 to one attack on all inputs, and half of the outputs answer."""
    at = dataset.isel(density=2).sel(kind="minimum")
    np.testing.assert_allclose(at["features_per_dimension"], 2.0)
    np.testing.assert_allclose(at["vulnerability"].sel(attack="all inputs"), 2.0, rtol=0.1)
    np.testing.assert_allclose(at["answering"], 0.5, rtol=0.1)


def test_claims_have_all_keys_and_verdicts(folder: Path) -> None:
    numbers = json.loads((folder / "adversarial.json").read_text())["summary"]
    keys = {"claim", "value", "interval", "paper", "agrees"}
    assert all(set(line) == keys for line in numbers["claims"])
    assert len(numbers["claims"]) == 2 * 3 * 4 + 4
    bound = next(line for line in numbers["claims"] if "upper bound" in line["claim"])
    assert bound["agrees"]


def test_vulnerability_that_is_features_per_dimension_agrees_with_every_claim(
    dataset: xr.Dataset,
) -> None:
    stars = np.array([1.0, 2.5, 4.0])
    known = dataset.copy(deep=True)
    known["features_per_dimension"][:] = stars[None, :, None]
    known["vulnerability"][:] = stars[None, :, None, None]
    claims = report.claims(known)[: 2 * 3 * 4]
    assert all(line["agrees"] for line in claims)
    at = known.sel(kind="minimum", attack="feature")
    np.testing.assert_allclose(report.slopes(at), 1.0)
    assert report.follows_up_to(at) == 4.0


def test_figure_has_theory_and_all_attacks(dataset: xr.Dataset) -> None:
    drawn = figure.draw(dataset)
    assert [ax.get_xscale() for ax in drawn.axes] == ["log"] * 2
    assert len(drawn.axes[0].containers) == 3
    assert len(drawn.legends[0].texts) == 7


def test_networks_that_are_not_finite_have_no_vulnerability() -> None:
    W, b = np.full((2, 8), np.nan), np.zeros(8)
    row = networks.attacked(W, b, np.zeros((4, 8)), radius=0.1, density=0.5, rtol=1e-6)
    assert np.all(np.isnan(row["vulnerability"]))
    assert row["radius"] == 0.1


def test_full_is_the_size_of_the_paper_where_no_other_is_given() -> None:
    config = Config(full=True, densities=5)
    assert (config.n, config.m, config.densities) == (400, 30, 5)
    assert config.inputs == FULL["inputs"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"n": 1}, "`n` must be in [2, 2000], but is 1."),
        ({"m": 33}, "`m` must be in [1, 32], but is 33."),
        ({"density": (1.2, 0.1)}, "`density` must be in [0.001, 1], but is 1.2."),
        ({"density": (0.1, 0.1)}, "`density` must be a range with two different ends, but is"),
        ({"densities": 2}, "`densities` must be in [3, 512], but is 2."),
        ({"seeds": 1}, "`seeds` must be in [2, 1000], but is 1."),
        ({"attack": 0}, "`attack` must be in [0.0001, 10], but is 0."),
        ({"inputs": 8}, "`inputs` must be in [16, 1000000], but is 8."),
        ({"evaluations": 0}, "`evaluations` must be in [1, 100000], but is 0."),
        ({"rtol": np.nan}, "`rtol` must be in [1e-10, 0.001], but is nan."),
        ({"steps": 0}, "`steps` must be in [1, 10000000], but is 0."),
        ({"batch": 0}, "`batch` must be in [1, 1000000], but is 0."),
        ({"learning_rate": np.nan}, "`learning_rate` must be in [1e-06, 1], but is nan."),
    ],
)
def test_bad_options_get_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {sentence}")):
        Config(**options)
