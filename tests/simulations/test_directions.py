"""Features as directions: the whole simulation on networks that are known, held against theory."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from paper_figures import directions as figure
from simulations import _directions_dataset as dataset_module
from simulations import _directions_networks as networks_module
from simulations import _directions_scores as report
from simulations._directions_samples import sampled
from simulations._entry import start
from simulations._networks import Size, judged
from simulations.directions import FULL, SIMULATION, Config
from theory.packing import welch_coherence

SMALL: dict[str, Any] = {
    "features": 4,
    "dimensions": 2,
    "density": (0.5, 0.1),
    "densities": 2,
    "starts": 2,
    "fewer": (2,),
    "fewer_density": (0.5,),
    "seeds": 2,
    "samples": 3000,
    "random": 20,
}


def known(cells: dict[str, Any], *, size: Size, seed: int, **_: Any) -> dict[str, Any]:
    """Antipodal pairs, turned at random; of n <= m features an orthonormal set, a little wrong."""
    rows = []
    for p, index in zip(cells["density"], cells["index"], strict=True):
        rng = np.random.default_rng([seed, index])
        turn = np.linalg.qr(rng.normal(size=(size.m, size.m)))[0]
        W = np.concatenate([turn, -turn], axis=1)[:, : size.n]
        if size.n <= size.m:
            W = W + 1e-4 * rng.normal(size=W.shape)
        rows.append(judged(W, np.zeros(size.n), size, np.full(size.n, p)))
    return {name: np.stack([np.asarray(row[name]) for row in rows]) for name in rows[0]}


def fails_once(cells: dict[str, Any], *, size: Size, seed: int, **_: Any) -> dict[str, Any]:
    """The same with biases of -0.1; the network with index 0 is not finite."""
    found = known(cells, size=size, seed=seed)
    if cells["index"][0]:
        rows = judged(found["W"][0], np.full(size.n, -0.1), size, np.full(size.n, cells["density"]))
    else:
        rows = judged(found["W"][0] * np.nan, found["b"][0], size, 0.5)
    return {name: np.asarray(value)[None] for name, value in rows.items()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("directions") / "job"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(networks_module, "minimised", known)
        patch.setattr(networks_module, "trained", fails_once)
        patch.setattr(dataset_module, "_SHARPNESS", (8,))
        assert start(SIMULATION, Config(out=out, max_failed_share=0.5, **SMALL)) == 0
    return out


@pytest.fixture(scope="module")
def dataset(folder: Path) -> xr.Dataset:
    return xr.load_dataset(folder / "directions.nc", engine="h5netcdf")


@pytest.fixture(scope="module")
def claims(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "directions.json").read_text())["summary"]["claims"]


def test_all_four_files_are_there(folder: Path) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / f"directions.{suffix}").stat().st_size > 1000


def test_variables_have_labels_and_failures_are_gaps(dataset: xr.Dataset) -> None:
    assert all("long_name" in dataset[name].attrs for name in dataset.data_vars)
    assert {"config", "versions", "device"} <= dataset.attrs.keys()
    failed = dataset.sel(network="trained").isel(density=0, start=0)
    assert int(failed["result"]) == 1
    assert np.isnan(failed["detection"]).all()
    assert np.isfinite(dataset["detection"]).sum() == dataset["detection"].size - 4


def test_antipodal_pairs_have_their_closed_forms(dataset: xr.Dataset) -> None:
    """x' = ReLU(x - y): loss p²/6 each; linear interference v; half of each dimension."""
    at = dataset.sel(network="minimised")
    p, v = at["density"].values, (at["density"] / 3 - at["density"] ** 2 / 4).values
    loss = (at["value_error"] + at["interference"]).transpose("read_out", "density", ...)
    np.testing.assert_allclose(loss.sel(read_out="relu_with_bias")[0], p[0] ** 2 / 6, rtol=1e-6)
    np.testing.assert_allclose(loss.sel(read_out="linear")[1], v[1], rtol=1e-9)
    np.testing.assert_allclose(at["probe"], 0.5, rtol=1e-9)
    # P(u + ξ > ξ'), each ξ = -y of one other feature: 1/2 if only ξ is there, 5/6 if both are
    share = (1 - p) + p * (1 - p) / 2 + p**2 * 5 / 6
    np.testing.assert_allclose(at["detection"][1], share[1], atol=1e-5)
    np.testing.assert_allclose(at["cosine_smallest"], -1, rtol=1e-9)
    np.testing.assert_allclose(at["cosine_skewness"], -np.sqrt(3), rtol=1e-6)
    np.testing.assert_allclose(at["cosine_positive"], 0, atol=1e-9)


def test_samples_agree_with_the_exact_numbers(dataset: xr.Dataset) -> None:
    for name, z in report.scores(dataset).items():
        finite = z[np.isfinite(z)]
        assert finite.size, name
        assert np.max(np.abs(finite)) < 4.5, name


def test_relu_filters_between_nothing_and_all(dataset: xr.Dataset) -> None:
    share, first = report.filtered(dataset)
    finite = share.values[np.isfinite(share.values)]
    assert np.all((finite > -1e-9) & (finite < 1 + 1e-9))
    sparse = share.sel(read_out="relu_with_bias", network="minimised").isel(density=1)
    assert np.all(np.abs(first.sel(network="minimised").isel(density=1) - sparse) < 0.1)


def test_claims_have_their_verdicts(claims: list[dict[str, Any]]) -> None:
    assert all(set(c) == {"claim", "value", "interval", "paper", "agrees"} for c in claims)

    def verdict(words: str) -> bool | None:
        (line,) = [each for each in claims if words in each["claim"]]
        return line["agrees"]

    assert verdict("a threshold on W_i·h tells") is True
    assert verdict("is rank W, at most m = 2") is True
    assert verdict("largest |W_i·W_j|, i ≠ j, polished") is True
    assert verdict("largest |‖W_i‖ - 1|, polished") is True
    assert verdict("p = 0.1: smallest cos") is False
    assert verdict("that ReLU and bias filter out") is True
    assert verdict("p = 0.1: share of Σcos² in negative cosines") is True


def test_polish_ends_at_rounding(dataset: xr.Dataset) -> None:
    assert float(dataset["fewer_overlap"].sel(stage="exact").min()) > 1e-6
    assert float(dataset["fewer_overlap"].sel(stage="polished").max()) < 1e-9
    assert float(dataset["fewer_moved"].max()) < 1e-2


def test_figure_has_four_panels(dataset: xr.Dataset) -> None:
    drawn = figure.draw(dataset)
    titles = " ".join(ax.get_title("left") for ax in drawn.axes)
    assert all(f"({letter})" in titles for letter in "abcd")


def test_descent_finds_equiangular_lines() -> None:
    """28 lines in seven dimensions, cos = 1/3; and never below the bound."""
    found = dataset_module.packed_coherence(28, 7, seed=0)
    assert found == pytest.approx(1 / 3, abs=1e-3)
    assert found >= welch_coherence(28, 7) - 1e-9


def test_fitted_probe_and_precision_of_orthogonal_features() -> None:
    got = sampled(np.eye(3), np.zeros((3, 3)), 0.3, 500, np.random.default_rng(0))
    np.testing.assert_allclose(got.fitted_probe, 1, rtol=1e-9)
    np.testing.assert_allclose(got.precision, 1)
    np.testing.assert_allclose(got.sampled_loss, 0, atol=1e-12)
    assert got.sampled_detection == 1


def test_full_replaces_what_is_not_given() -> None:
    config = Config(full=True, starts=4)
    assert config.starts == 4
    assert config.features == FULL["features"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"features": 2}, "`features` must be in [3, 1000], but is 2."),
        ({"dimensions": 100}, "`dimensions` must be in [2, 99], below `features`, but is 100."),
        ({"density": (1.0, 1.0)}, "`density` must be a range with two different ends"),
        ({"density": (2.0, 0.1)}, "`density` must be two numbers in [0.0001, 1]"),
        ({"densities": 0}, "`densities` must be in [1, 100], but is 0."),
        ({"starts": 0}, "`starts` must be in [1, 1000], but is 0."),
        ({"random": 0}, "`random` must be in [1, 100000], but is 0."),
        ({"fewer": ()}, "`fewer` must be 1 to 64 numbers, but is ()."),
        ({"fewer": (5, 5)}, "`fewer` must be different numbers, but is (5, 5)."),
        ({"fewer": (21,)}, "`fewer` must be numbers in [2, 20], up to `dimensions`, but is 21."),
        ({"fewer_density": (1.5,)}, "`fewer_density` must be numbers in [0.001, 1], but is 1.5."),
        ({"samples": 100}, "`samples` must be in [200, 1000000000], but is 100."),
        ({"learning_rate": np.nan}, "`learning_rate` must be in [1e-06, 1], but is nan."),
    ],
)
def test_bad_options_get_one_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {sentence}")):
        Config(**options)


def test_random_directions_drawn_one_by_one_are_those_drawn_at_once() -> None:
    config = Config(**SMALL)
    draws = np.random.default_rng(config.seed).normal(size=(config.random, 2, 4))
    units = draws / np.linalg.norm(draws, axis=1, keepdims=True)
    together = np.array([dataset_module.statistics(W) for W in units])
    found = dataset_module._random(config)
    np.testing.assert_array_equal(np.stack([*found.data_vars.values()], axis=1), together)


@pytest.fixture(scope="module")
def real_claims(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Verdicts on networks that are minimised and trained: 12 features in 4 dimensions."""
    out = tmp_path_factory.mktemp("directions") / "real"
    small: dict[str, Any] = {"features": 12, "dimensions": 4, "density": (1.0, 0.01)}
    small |= {"densities": 3, "fewer": (2, 4), "fewer_density": (0.3,), "samples": 4096}
    small |= {"starts": 2, "seeds": 2, "evaluations": 200, "steps": 500, "random": 20}
    assert start(SIMULATION, Config(out=out, **small)) == 0
    lines = json.loads((out / "directions.json").read_text())["summary"]["claims"]
    return {line["claim"]: line["agrees"] for line in lines}


@pytest.mark.parametrize(
    ("words", "agrees"),
    [
        ("a threshold on W_i·h tells an active feature", True),
        ("the best linear probe recovers the values", False),
        ("sum of R² of the best linear probes is rank W", True),
        ("least squares fitted on samples", True),
        ("own rectified output is above", True),
        ("largest |W_i·W_j|, i ≠ j, polished", True),
        ("mean of cos² of stored features over Welch's bound", True),
        ("largest cos of stored features", True),
        ("smallest cos of stored features", False),
        ("p = 0.01: share of Σcos² in negative cosines", True),
        ("p = 1: share of Σcos² in negative cosines", True),
        ("mean of cos³", True),
        ("in the row space of W", True),
        ("that ReLU without bias filters out", True),
        ("that ReLU and bias filter out", True),
        ("first order in p less exact", True),
        ("exact loss against samples", True),
        ("exact detection against samples", True),
    ],
)
def test_small_networks_have_the_verdicts_of_large_ones(
    real_claims: dict[str, Any], words: str, agrees: bool
) -> None:
    (found,) = [verdict for claim, verdict in real_claims.items() if words in claim]
    assert found is agrees
