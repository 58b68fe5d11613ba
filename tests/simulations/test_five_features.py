"""Five features: the intro and the paths of the animations, run on a model loss.

The closed form of five features takes long to compile, so the runs here are on the loss of at most
one active feature, by quadrature; the committed data hold the exact one.
"""

import json
import re
import types
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from matplotlib.figure import Figure

from paper_figures import _manifest, particles_flow, pentagon_to_digons
from paper_figures import intro as intro_figure
from simulations import _animations_dataset, animations, intro
from simulations import _five_features as five
from simulations._animations_dataset import crossing, jump
from simulations._entry import start
from simulations._intro_dataset import known_loss
from tms_physics.arrangements import polygon

X, WEIGHTS = (each / 2 for each in np.polynomial.legendre.leggauss(20))
X = X + 0.5


def one_active(
    y: np.ndarray, importance: np.ndarray, density: np.ndarray
) -> tuple[float, np.ndarray]:
    """Loss and gradient to first order in the densities: input j alone at x, or none."""
    W, b = five.weights(y), y[-five.N :]
    z = (W.T @ W)[:, :, None] * X + b[:, None, None]  # output i, input j, x
    error = np.eye(five.N)[:, :, None] * X - np.maximum(z, 0)
    silent, positive = 1 - density.sum(), np.maximum(b, 0)
    loss = importance @ ((error**2 @ WEIGHTS) @ density + silent * positive**2)
    pull = -2 * importance[:, None, None] * error * (z > 0) * density[:, None] * WEIGHTS
    gram = pull @ X
    bias = pull.sum(axis=(1, 2)) + 2 * silent * importance * positive
    return float(loss), np.append((W @ (gram + gram.T)).ravel(), bias)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("five")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(five, "loss_and_slope", one_active)
        free = types.SimpleNamespace(loss=0.0)  # a pair, in this model
        patch.setattr(_animations_dataset, "ground_state", lambda p, r: free)
        first = intro.Config(out=out / "intro", density=(0.1,), starts=6)
        assert start(intro.SIMULATION, first) == 0
        second = animations.Config(out=out / "animations", frames=30, duration=2000.0, lowest=0.02)
        assert start(animations.SIMULATION, second) == 0
    return out


def dataset(folder: Path, name: str) -> xr.Dataset:
    return xr.load_dataset(folder / name / f"{name}.nc", engine="h5netcdf")


def numbers(folder: Path, name: str) -> dict[str, Any]:
    return json.loads((folder / name / f"{name}.json").read_text())["summary"]


def test_gradient_of_the_model_loss_is_its_slope() -> None:
    random, h = np.random.default_rng(0), 1e-6
    y, importance, density = random.normal(size=15), 0.9 ** np.arange(5), np.full(5, 0.05)
    slope = one_active(y, importance, density)[1]
    for k, unit in enumerate(np.eye(15)):
        ends = [one_active(y + s * h * unit, importance, density)[0] for s in (-1, 1)]
        assert slope[k] == pytest.approx((ends[1] - ends[0]) / (2 * h), abs=1e-6)


@pytest.mark.parametrize("name", ["intro", "animations"])
def test_all_four_files_are_there_with_labels(folder: Path, name: str) -> None:
    for suffix in ("nc", "json", "png", "pdf"):
        assert (folder / name / f"{name}.{suffix}").stat().st_size > 1000
    found = dataset(folder, name)
    assert all("long_name" in found[each].attrs for each in found.data_vars)


def test_the_lowest_of_the_starts_is_a_minimum_with_feature_1_upright(folder: Path) -> None:
    found = dataset(folder, "intro").isel(density=0)
    assert float(found["loss"]) == float(found["start_loss"].min())
    W = found["weights"].values
    assert W[0, 0] == pytest.approx(0, abs=1e-12)
    assert W[1, 0] > 0
    y = np.append(W.ravel(), found["bias"].values)
    loss, slope = one_active(y, found["importance"].values, np.full(5, 0.1))
    assert loss == pytest.approx(float(found["loss"]), rel=1e-12)
    assert np.abs(slope).max() < 1e-7


def test_flow_falls_to_rest_in_frames_that_move(folder: Path) -> None:
    found, told = dataset(folder, "animations"), numbers(folder, "animations")
    assert told["flow_loss_only_falls"]
    assert float(found["flow_slope"][-1]) < 1e-3 * float(found["flow_slope"].max())
    assert found.sizes["flow"] == found.sizes["driven"] == 30
    assert np.all(np.diff(found["flow_time"]) >= 0)


def test_pentagon_outlasts_equal_losses_and_breaks_into_two_digons(folder: Path) -> None:
    """The model loss has no price of obtuse angles, so two digons cost only the odd feature."""
    found = dataset(folder, "animations")
    ratio = found["driven_ratio"].values
    assert np.all(np.diff(ratio) <= 0)
    assert five.name(found["driven_weights"].values[0]) == "pentagon"
    assert not five.stored(found["driven_weights"].values[-1])[-1]
    assert jump(found) < crossing(found) < 1


def test_committed_data_are_the_exact_states() -> None:
    """Losses of pairs by theory; the jump behind equal losses of the recorded branches."""
    manifest = _manifest.load()
    first, path = manifest.read("intro"), manifest.read("animations")
    expected = ("orthogonal pair", "two digons", "pentagon")
    assert tuple(first["name"].values) == expected
    for k in (0, 1):
        at = first.isel(density=k)
        W, p = at["weights"].values, float(at["density"])
        known = known_loss(str(at["name"].values), at["importance"].values, p, W)
        assert known is not None
        assert float(at["loss"]) == pytest.approx(known, rel=1e-8)
    branches = manifest.read("nonuniform")
    assert crossing(path) == pytest.approx(float(branches["crossing"][0]), abs=2e-3)
    limit = float(branches["limit"][0])
    assert 0.9 * limit < jump(path) < limit


def test_names_and_turning() -> None:
    five_gon = np.pad(polygon(5), ((0, 0), (0, 0)))
    assert five.name(1.1 * five_gon) == "pentagon"
    assert five.name(five_gon[:, [0, 1, 1, 1, 1]] * [1, 1, 0, 0, 0]) == "2 features"
    turned = five.upright(five_gon, 2)
    np.testing.assert_allclose(turned[:, 2], [0, 1], atol=1e-15)
    np.testing.assert_allclose(turned.T @ turned, five_gon.T @ five_gon, atol=1e-14)


def test_figures_of_small_runs(folder: Path) -> None:
    assert isinstance(intro_figure.draw(dataset(folder, "intro")), Figure)
    found = dataset(folder, "animations")
    assert len(list(particles_flow.animate(found))) == 30
    assert len(list(pentagon_to_digons.animate(found))) == 30


@pytest.mark.parametrize(
    ("kind", "options", "sentence"),
    [
        (intro, {"decay": 1.1}, "`decay` must be in [0.01, 1], but is 1.1."),
        (intro, {"density": ()}, "`density` must be 1 to 64 numbers, but is ()."),
        (intro, {"density": (1.2,)}, "`density` must be in [0.0001, 1], but is 1.2."),
        (intro, {"starts": 0}, "`starts` must be in [1, 100000], but is 0."),
        (animations, {"density": 0.6}, "`density` must be in [0.001, 0.5], but is 0.6."),
        (animations, {"spread": 0.0}, "`spread` must be in [0.0001, 2], but is 0.0."),
        (animations, {"lowest": 1.0}, "`lowest` must be in [0.001, 0.9], but is 1.0."),
        (animations, {"duration": 1.0}, "`duration` must be in [10, 1000000], but is 1.0."),
        (animations, {"frames": 1}, "`frames` must be in [2, 1000], but is 1."),
    ],
)
def test_bad_options_get_one_sentence(kind: Any, options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"Argument {sentence}")):
        kind.Config(**options)
