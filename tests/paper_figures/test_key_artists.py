"""Key artists of the figures of directions, learning, times, polygons and pairs."""

import re

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.container import BarContainer
from matplotlib.lines import Line2D

from paper_figures import _room, learning_dynamics
from tests.paper_figures.pictures import caption, dataset, figure, texts
from theory.packing import almost_orthogonal_count, most_directions


def panel(name: str, letter: str) -> Axes:
    (found,) = [ax for ax in figure(name).axes if ax.get_title(loc="left").startswith(letter)]
    return found


def curves(ax: Axes) -> dict[str, Line2D]:
    """The labelled lines of a panel."""
    return {str(line.get_label()): line for line in ax.lines if line.get_label()[0] != "_"}


def test_room_for_directions_has_its_bounds_and_the_sets_of_the_data() -> None:
    data, ax = dataset("directions"), panel("directions", "(e)")
    m, n, eps = data.sizes["hidden"], data.sizes["feature"], data["epsilon"].values
    lines = curves(ax)
    for name, label, *_ in _room._BOUNDS:
        expected = np.where(np.isfinite(data[name]), data[name], np.nan)
        np.testing.assert_array_equal(lines[label].get_ydata(), expected)
    np.testing.assert_array_equal(data["most_directions"], most_directions(m, eps))
    np.testing.assert_array_equal(data["almost_orthogonal_count"], almost_orthogonal_count(m, eps))
    (end,) = [line for label, line in lines.items() if "Welch's bound ends" in label]
    assert np.asarray(end.get_xdata())[0] == pytest.approx(1 / np.sqrt(m))
    found = lines[f"$n = {n}$, found by descent"]
    assert found.get_xydata().tolist() == [[float(data["packed_coherence"]), n]]
    points = lines["stored features, trained networks"].get_xydata()
    assert len(points) == data.sizes["density"] * data.sizes["start"]
    stored = data["cosine_stored"].sel(network="trained").values
    np.testing.assert_array_equal(points[:, 1], stored.ravel())
    assert len(lines[f"$n = {n}$ random directions"].get_xydata()) == data.sizes["draw"]


def test_no_set_of_directions_is_beyond_the_bounds() -> None:
    """All that are drawn have room: counts at most those that theory allows at their ε."""
    data, ax = dataset("directions"), panel("directions", "(e)")
    for line in curves(ax).values():
        if line.get_linestyle() == "None":
            for eps, count in line.get_xydata():
                assert eps >= 0.95 or count <= most_directions(data.sizes["hidden"], eps)
    allowed, proved = re.findall(
        r"at most (\d+) at .* prove ([\d.·⁰-⁹]+) at", caption("directions")
    )[0]
    near = data.sel(epsilon=float(data["packed_coherence"]), method="nearest")
    assert int(allowed) == near["most_directions"]
    assert proved[:4] == f"{float(data['almost_orthogonal_count'][-1]):.3e}"[:4]


def test_learning_has_a_band_for_each_plateau_and_a_curve_for_each_feature() -> None:
    data = dataset("learning_dynamics")
    loss, steps, equal = (panel("learning_dynamics", letter) for letter in ("(a)", "(c)", "(e)"))
    count = data.sizes["plateau"]
    for ax in (loss, steps):
        assert [patch.get_x() + patch.get_width() for patch in ax.patches] == pytest.approx(
            data["left"].values
        )
    expected = [f"{k + 1}\n({int(index)})" for k, index in enumerate(data["index"].values)]
    assert [text.get_text() for text in loss.texts] == expected
    np.testing.assert_array_equal(loss.lines[-1].get_ydata(), data["loss"])
    levels = len(learning_dynamics._LEVELS)
    assert len(steps.lines) == levels + data.sizes["feature"]
    shown = data["dimensionality"].where(data["norm"] > learning_dynamics._SHOWN)
    for i, line in enumerate(steps.lines[levels:]):
        np.testing.assert_array_equal(line.get_ydata(), shown[:, i])
    assert len(equal.lines) == data.sizes["equal_feature"] + 2  # the level 1/2, and the twist
    lengths = curves(panel("learning_dynamics", "(b)"))["mode at the exit"].get_xydata()
    covered = data["covered"].values & (data["predicted"].values > 0)
    assert len(lengths) == covered.sum() <= count
    trained = curves(panel("learning_dynamics", "(d)"))
    assert len(trained) == 1 + data.sizes["trainer"]


def test_times_are_bars_and_losses_are_points_of_every_start() -> None:
    data = dataset("time_to_solution")
    bars = [
        each
        for each in panel("time_to_solution", "(a)").containers
        if isinstance(each, BarContainer)
    ]
    names = ("adamw_seconds", "exact_seconds_to_that_loss", "crystal_seconds_to_that_loss")
    for bar, name in zip(bars, names, strict=True):
        assert [each.get_height() for each in bar] == data[name].values.tolist()
    lines = curves(panel("time_to_solution", "(b)"))
    for rate in data["learning_rate"].values:
        drawn = lines[f"AdamW, rate {rate:g}"].get_ydata()
        np.testing.assert_array_equal(drawn, data["adamw_loss_of_rate"].sel(learning_rate=rate))
    for start, words in (("exact", "same start"), ("crystal", "start with order")):
        np.testing.assert_array_equal(lines[f"L-BFGS, {words}"].get_ydata(), data[f"{start}_loss"])


def test_ladder_has_every_polygon_and_crosses_for_the_unstable() -> None:
    data = dataset("theory_curves")
    k, gain = data["k"].values, (data["polygon_height"] - data["k"]).values
    unstable = data["polygon_least_curvature"].values < 0
    lines = curves(panel("polygon_ladder", "(a)"))
    for label, at in (("critical $k$-gon", ~unstable), ("unstable", unstable)):
        np.testing.assert_array_equal(lines[label].get_xydata(), np.stack([k, gain], 1)[at])
    shapes = curves(panel("polygon_ladder", "(b)"))
    np.testing.assert_array_equal(shapes["bias $b$"].get_ydata(), data["polygon_bias"])
    norms = [line for label, line in shapes.items() if label.startswith("norm")]
    np.testing.assert_array_equal(norms[0].get_ydata(), data["polygon_norm"])
    assert all(f"$k = {each}$" in texts(figure("polygon_ladder")) for each in k)
    assert f"$k = {k[gain.argmin()]}$" in [
        t.get_text() for t in panel("polygon_ladder", "(a)").texts
    ]


def test_pairs_have_a_curve_each_and_coulombs_beside_them() -> None:
    data = dataset("theory_curves")
    for letter, name in (("(a)", "energy"), ("(b)", "torque")):
        lines = curves(panel("pair_potential", letter))
        for particles in data["particles"].values:
            drawn = lines[str(particles)].get_ydata()
            np.testing.assert_array_equal(drawn, data[f"pair_{name}"].sel(particles=particles))
        coulomb = np.asarray(lines["Coulomb, scaled"].get_ydata())
        bare = data[f"coulomb_{name}"].values
        known = np.isfinite(bare) & (np.abs(bare) > 1e-6)
        np.testing.assert_allclose(np.ptp(coulomb[known] / bare[known]), 0, atol=1e-6)
    exact = curves(panel("pair_potential", "(c)"))[f"exact, $p = {data.attrs['pair_density']:g}$"]
    np.testing.assert_array_equal(exact.get_ydata(), data["pair_exact"])
    (inset,) = panel("pair_potential", "(c)").child_axes
    assert len(inset.lines) == 2
