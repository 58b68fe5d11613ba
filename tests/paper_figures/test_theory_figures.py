"""The theory's figures and the animations: key artists against the data."""

import io
from fractions import Fraction

import numpy as np
import pytest
from PIL import Image

from paper_figures import (
    ansatz_vs_exact,
    dimension_plateaus,
    mean_field_loss,
    pentagon_to_digons,
    thomson_vs_toy,
)
from paper_figures._animate import animation
from paper_figures._words import percent
from tests.paper_figures.pictures import MANIFEST, caption, figure, texts

ANIMATED = ("particles_flow", "pentagon_to_digons")


def lines(name: str, panel: int) -> dict[str, np.ndarray]:
    """x of each labelled line of a panel."""
    found = {str(line.get_label()): line.get_xdata() for line in figure(name).axes[panel].lines}
    return {label: np.asarray(x) for label, x in found.items() if not label.startswith("_")}


def test_exact_diagram_has_every_line_with_its_order_and_all_special_points() -> None:
    dataset, drawn = MANIFEST.read("theory_curves"), lines("phase_diagram_exact", 0)
    for label, name in (
        ("first order, from dedicated", "line_dedicated_first_order"),
        ("first order, weak | strong", "line_weak_strong"),
    ):
        np.testing.assert_array_equal(drawn[label], dataset[name])
    p = dataset["density"].values
    lower, upper = (dataset.attrs[f"{side}_tricritical_point"][0] for side in ("lower", "upper"))
    assert p[np.isfinite(drawn["continuous"])].min() == pytest.approx(lower)
    assert p[np.isfinite(drawn["continuous"])].max() == pytest.approx(upper)
    special = {"critical end point, triple point", "exchange symmetry breaks"}
    assert special <= drawn.keys()
    assert {"weak antipodal appears", "acute begins"} <= lines("phase_diagram_exact", 1).keys()


def test_wells_have_three_curves_two_states_and_a_saddle() -> None:
    dataset = MANIFEST.read("theory_curves")
    for k in range(dataset.sizes["well"]):
        ax = figure("double_well").axes[k]
        marked = [line for line in ax.lines if line.get_marker() in ("o", "X")]
        weights = [float(np.asarray(line.get_xdata())[0]) for line in marked]
        np.testing.assert_array_equal(weights, dataset["state_weight"].values[k])
        assert len(lines("double_well", k)) == 3


def test_numbers_in_captions_follow_the_data() -> None:
    error = ansatz_vs_exact.errors(MANIFEST.read("theory_curves"))
    assert f"{percent(np.nanmin(error), 3)} at least" in caption("ansatz_vs_exact")
    assert f"{percent(np.nanmax(error), 3)} at most" in caption("ansatz_vs_exact")
    assert "least at k = 7 (-5.2513)" in caption("polygon_ladder")
    names = [name for name, _ in dimension_plateaus.plateaus(MANIFEST.read("dimension_plateaus"))]
    told = caption("dimension_plateaus")
    assert all(name in told for name in names)
    crossing, jump = pentagon_to_digons.special(MANIFEST.read("animations"))
    told = caption("pentagon_to_digons")
    assert f"{1 / crossing:.3g} times sparser" in told
    assert f"only at {1 / jump:.3g} times" in told


def test_networks_are_drawn_into_the_theory() -> None:
    m, loss = mean_field_loss.scaled(MANIFEST.read("scaling"))
    np.testing.assert_array_equal(lines("mean_field_loss", 0)["networks"], m)
    assert np.all(loss < 1)
    over_density = lines("mean_field_loss", 1)
    for name, label in (("uniform_superposition", "0.12"), ("overcomplete", "0.2")):
        density = MANIFEST.read(name)["density"].values
        np.testing.assert_array_equal(over_density[f"networks, $m/n = {label}$"], density)
    density = MANIFEST.read("uniform_superposition")["density"].values
    np.testing.assert_array_equal(lines("dimension_plateaus", 1)["networks"], 1 / density)


def test_hull_is_above_every_piece() -> None:
    stored, gain = np.array([0.0, 1.0, 1.5, 2.0, 4.0]), np.array([0.0, 1.0, 1.2, 1.9, 1.5])
    x, y = dimension_plateaus._upper(stored, gain)
    assert np.all(np.interp(stored, x, y) >= gain - 1e-12)
    assert x[:3].tolist() == [0, 1, 2]


def test_every_pair_is_counted_once_at_each_level() -> None:
    dataset = MANIFEST.read("geometry")
    ax = figure("thomson_vs_toy").axes[-1]
    for row, level in enumerate(str(x) for x in dataset["level"].values):
        kinds = [kind for kind in thomson_vs_toy.kinds(dataset, level) if kind]
        counts = [int(t.get_text()) for t in ax.texts if t.get_position()[1] == row]
        assert sum(counts) == len(kinds)


def test_five_features_are_named_with_their_losses() -> None:
    dataset, words = MANIFEST.read("intro"), texts(figure("intro"))
    for name, loss in zip(dataset["name"].values, dataset["loss"].values, strict=True):
        assert str(name) in words
        assert f"loss {loss:.5f}" in words
    assert "not stored: 3, 4, 5" in words


def test_saddles_carry_their_index() -> None:
    words = texts(figure("flow_saddles"))
    for k, index in enumerate(MANIFEST.read("learning_dynamics")["index"].values):
        assert f"saddle {k + 1}, index {int(index)}" in words


@pytest.mark.parametrize("name", ANIMATED)
def test_animations_are_small_and_the_same_bytes_again(name: str) -> None:
    at = MANIFEST.figure(name)
    dataset = MANIFEST.read(at.datasets[0])
    prefix = "flow" if name == "particles_flow" else "driven"
    assert dataset.sizes[prefix] <= 80
    few = dataset.isel({prefix: slice(None, None, 10)})
    first, second = (animation(at.load().animate(few)) for _ in range(2))
    assert first == second
    image = Image.open(io.BytesIO(first))
    assert getattr(image, "n_frames", 1) == few.sizes[prefix]
    assert image.info["loop"] == 0
    assert len(first) / few.sizes[prefix] * 80 < 1.5e6


def test_networks_lie_inside_the_axes() -> None:
    ax = figure("mean_field_loss").axes[1]
    low, high = sorted(ax.get_xlim())
    for line in ax.lines:
        if str(line.get_label()).startswith("networks"):
            p = np.asarray(line.get_xdata())
            assert np.all((low < p) & (p < high))


def test_lines_of_wells_break_where_the_state_changes() -> None:
    dataset = MANIFEST.read("theory_curves")
    p = dataset.attrs["triple_point"][0]
    for ax in figure("double_well").axes[-3:]:
        (line,) = [line for line in ax.lines if line.get_label() == "dedicated | antipodal"]
        x, y = np.asarray(line.get_xdata()), np.asarray(line.get_ydata())
        (gap,) = np.flatnonzero(np.isnan(x))
        assert x[gap - 1] == pytest.approx(p, abs=1e-6)
        assert x[gap + 1] == pytest.approx(p, abs=1e-6)
        assert np.isnan(y[gap])


def test_pieces_are_named_by_dimensions_over_features() -> None:
    dataset, words = MANIFEST.read("dimension_plateaus"), texts(figure("dimension_plateaus"))
    dimensions, features = dataset["dimensions"].values, dataset["features"].values
    for name, m, n in zip(dataset["piece"].values, dimensions, features, strict=True):
        assert f"{name}, {Fraction(int(m), int(n))}" in words
    other = dataset.copy(deep=True)
    other["features"][list(dataset["piece"].values).index("pentagon")] = 7
    assert "pentagon, 2/7" in texts(dimension_plateaus.draw(other))
