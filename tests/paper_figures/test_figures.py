"""Every figure from the committed data: it is drawn and told; key artists; pixels of a few."""

import re

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from paper_figures import geometry, nonuniform, phase_boundary, uniform_superposition
from tests.paper_figures.pictures import MANIFEST, caption, figure, pixels, reference, texts

COMPARED = ("nonuniform", "phase_boundary", "uniform_superposition")
SAME = 0.001  # mean difference of levels of grey, of [0, 1]


@pytest.mark.parametrize("name", MANIFEST.figures)
def test_every_figure_is_drawn_and_told(name: str) -> None:
    inked = np.mean(pixels(figure(name)) < 0.9)
    assert 0.01 < inked < 0.9
    told = caption(name)
    assert len(told) > 200
    assert not re.search(r"\b(nan|inf|None|True|False)\b|np\.|array|  |\$|\\", told)


@pytest.mark.parametrize("name", COMPARED)
def test_pixels_are_those_committed(name: str) -> None:
    expected, found = reference(name), pixels(figure(name))
    assert found.shape == expected.shape
    assert np.abs(found - expected).mean() < SAME


def test_pixels_of_other_data_are_not_those_committed() -> None:
    dataset = MANIFEST.read("nonuniform")
    dataset["loss"] = 1.05 * dataset["loss"]
    found = pixels(nonuniform.draw(dataset))
    assert np.abs(found - reference("nonuniform")).mean() > SAME


def test_captions_follow_the_data() -> None:
    dataset = MANIFEST.read("nonuniform")
    dataset["crossing"][0] = 0.25
    assert "where it is 4 times smaller" in nonuniform.caption(dataset)
    dataset = MANIFEST.read("uniform_superposition")
    dataset["dimensions_per_feature"][:] = 0.51
    told = uniform_superposition.caption(dataset)
    assert "from 0.51 to 0.51" in told
    assert "off by 0.01" in told


def labels(drawn: Figure) -> list[str]:
    """Of all lines with one."""
    found = [str(line.get_label()) for ax in drawn.axes for line in ax.lines]
    return [label for label in found if not label.startswith("_")]


def test_phase_boundary_has_theory_on_the_exact_and_the_trained_map() -> None:
    dataset, drawn = MANIFEST.read("phase_boundary"), figure("phase_boundary")
    first, trained = drawn.axes[:2]
    for name, label, *_ in phase_boundary._LINES:
        (line,) = [each for each in first.lines if each.get_label() == label]
        np.testing.assert_array_equal(line.get_xdata(), dataset[name])
    assert {"critical end point", "tricritical point", "symmetry breaking"} <= set(labels(drawn))
    sizes = [
        each.get_array().size for ax in (first, trained) for each in ax.collections
        if isinstance(each, QuadMesh)
    ]  # fmt: skip
    assert sizes == [dataset["map_loss"].size, dataset["exact_loss"].size]


def test_uniform_superposition_shows_every_stored_feature_and_counts_the_others() -> None:
    dataset = MANIFEST.read("uniform_superposition")
    stars, *panels = figure("uniform_superposition").axes
    for ax, kind in zip(panels, ("minimum", "trained"), strict=True):
        stored = dataset["norm"].sel(kind=kind).values ** 2 > uniform_superposition._STORED
        *lines, points = ax.lines
        assert [line.get_ydata()[0] for line in lines] == [1, 3 / 4, 2 / 3, 1 / 2, 2 / 5, 3 / 8, 0]
        assert len(points.get_xdata()) == stored.sum()
        boxes = [text.get_text() for text in ax.texts if text.get_bbox_patch()]
        assert boxes == [str(n) for n in np.sum(~stored, axis=1)]
    curves = {line.get_label(): line for line in stars.lines}
    for kind, name in uniform_superposition._NAMES.items():
        expected = dataset["dimensions_per_feature"].sel(kind=kind)
        np.testing.assert_array_equal(curves[name].get_ydata(), expected)


def test_nonuniform_marks_the_crossing_of_the_data() -> None:
    dataset, drawn = MANIFEST.read("nonuniform"), figure("nonuniform")
    crossing, limit = (float(dataset[name][0]) for name in ("crossing", "limit"))
    words = texts(drawn)
    for sentence in (
        f"equal losses, 1/{1 / crossing:.2f}",
        f"pentagon ends, 1/{1 / limit:.2f}",
        "Elhage et al., 1/2.5",
    ):
        assert sentence in words
    arrangements = [ax for ax in drawn.axes if ax.get_title(loc="left").startswith("ratio ")]
    assert [len(ax.lines) for ax in arrangements] == [2 * dataset.sizes["feature"]] * 5


def test_geometry_has_a_verdict_for_every_state_that_was_computed() -> None:
    dataset, drawn = MANIFEST.read("geometry"), figure("geometry")
    computed = int(np.isfinite(dataset["nearest"].sel(reference="thomson")).sum())
    (verdicts,) = [ax for ax in drawn.axes if "Thomson's?" in ax.get_title(loc="left")]
    squares = [patch for patch in verdicts.patches if isinstance(patch, Rectangle)]
    assert len(squares) == computed
    low = geometry._lowest(dataset)
    at = dataset.sel(level=low, reference="thomson")
    agree = int(((at["farthest"] <= dataset.attrs["close"]) & (at["dead"] == 0)).sum())
    assert f"{agree} Thomson" in caption("geometry")


def test_thomson_names_the_groups_of_its_pictures() -> None:
    dataset, words = MANIFEST.read("thomson"), texts(figure("thomson"))
    pictured = re.findall(r"\$N = (\d+)\$  (\S.*)", words)
    assert len(pictured) == 16
    groups = dict(zip(dataset["size"].values.tolist(), dataset["symmetry"].values, strict=True))
    assert all(groups[int(n)] == group for n, group in pictured)
    found = int(np.sum(np.abs(dataset["energy"] / dataset["reference"] - 1) <= 1e-9))
    assert f"found ({found})" in words


def test_every_density_has_its_stack_plot() -> None:
    for name, letter in (("privileged_basis", "(a) "), ("absolute_value", "(c) ")):
        density = MANIFEST.read(name)["density"].values
        words = texts(figure(name))
        assert all(f"p = {p:g}" in words for p in density)
        assert letter in words
