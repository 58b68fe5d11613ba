"""Figures in grey and without overlaps: what a reader needs to tell things apart."""

import itertools

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from paper_figures import privileged_basis
from paper_figures._draw import GREEN, NAVY, OCHRE, SKY
from simulations._privileged_claims import DENSE, REGIMES
from tests.paper_figures.pictures import MANIFEST, dataset, figure, texts

ALIKE = 10  # levels of 256


def grey(colour: object) -> float:
    """The level of a colour printed in grey, of 256."""
    return 255 * float(np.dot(to_rgb(colour), (0.299, 0.587, 0.114)))  # type: ignore


def cover(ax: Axes, words: list[Text]) -> list[tuple[str, str]]:
    """Pairs of texts that overlap."""
    canvas = FigureCanvasAgg(ax.get_figure(root=True))  # type: ignore
    canvas.draw()
    boxes = [
        (word.get_text(), Text.get_window_extent(word, canvas.get_renderer())) for word in words
    ]
    pairs = itertools.combinations(boxes, 2)
    return [(a, b) for (a, first), (b, second) in pairs if first.overlaps(second)]


def panel(drawn: Figure, title: str) -> Axes:
    (found,) = [ax for ax in drawn.axes if ax.get_title(loc="left").startswith(title)]
    return found


def test_palette_in_grey_is_navy_and_three_alike() -> None:
    alike = [grey(colour) for colour in (OCHRE, GREEN, SKY)]
    assert max(alike) - min(alike) < ALIKE
    assert min(alike) - grey(NAVY) > 5 * ALIKE


@pytest.mark.parametrize("name", MANIFEST.figures)
def test_lines_alike_in_grey_differ_in_dashes_or_markers(name: str) -> None:
    for ax in figure(name).axes:
        shown = [line for line in ax.lines if not str(line.get_label()).startswith("_")]
        for a, b in itertools.combinations(shown, 2):
            first, second = (str(to_hex(x.get_color())) for x in (a, b))
            if first != second and {first, second} <= {OCHRE, GREEN, SKY}:
                looks = [(x.get_marker(), x._dash_pattern, x.get_linestyle()) for x in (a, b)]  # type: ignore
                assert looks[0] != looks[1], (a.get_label(), b.get_label())


@pytest.mark.parametrize("name", ["phase_boundary", "phase_boundary_three"])
def test_crosses_have_a_light_outline(name: str) -> None:
    (cross,) = [line for line in panel(figure(name), "(b)").lines if line.get_marker() == "x"]
    (outline, *_) = cross.get_path_effects()
    assert outline._gc["foreground"] == "white"  # type: ignore


def test_theory_of_two_features_stands_out_from_every_colour() -> None:
    shown = panel(figure("phase_boundary"), "(a)").lines
    for label in ("broken exchange symmetry", "first order, weak | strong", "continuous"):
        (line,) = [each for each in shown if each.get_label() == label]
        same = [x for x in shown if np.array_equal(x.get_xdata(), line.get_xdata(), equal_nan=True)]
        under = min(same, key=lambda each: each.get_zorder())
        assert grey(under.get_color()) == 0
        assert under.get_linewidth() > line.get_linewidth()


def test_marks_of_special_points_are_in_the_legend() -> None:
    drawn = figure("phase_boundary_three")
    (inset,) = panel(drawn, "(a)").child_axes
    marked = {line.get_label() for line in inset.lines if line.get_marker() in ("^", "o", "s")}
    named = {text.get_text() for text in drawn.legends[0].get_texts()}
    assert len({label for label in marked if not str(label).startswith("_")}) == 3
    assert {label for label in marked if not str(label).startswith("_")} <= named


def test_signs_of_weights_differ_in_grey() -> None:
    for ax in figure("absolute_value").axes[:4]:
        (image,) = ax.images
        levels = [grey(image.cmap(x)) for x in np.linspace(0, 1, 9)]
        assert np.all(np.diff(levels) > ALIKE)


def test_names_of_levels_do_not_overlap() -> None:
    ax = panel(figure("dimension_plateaus"), "(c)")
    words = [text for text in ax.texts if "/" in text.get_text()]
    assert len(words) > 4
    assert cover(ax, words) == []


def test_numbers_in_stacks_do_not_overlap() -> None:
    for ax in figure("privileged_basis").axes[: dataset("privileged_basis").sizes["density"]]:
        assert cover(ax, list(ax.texts)) == []


def test_bands_are_named_only_where_thresholds_differ() -> None:
    at = MANIFEST.read("privileged_basis")
    assert "the same at thresholds" in texts(figure("privileged_basis"))
    assert "bands" not in texts(figure("privileged_basis"))
    at.attrs["other_thresholds"] = [0.01, 3.0]
    assert "bands: thresholds 0.01 to 3" in texts(privileged_basis.draw(at))


def test_ranges_of_the_paper_are_those_of_the_claims() -> None:
    claimed = [(x.low, x.high, x.polysemantic) for x in REGIMES]
    assert list(privileged_basis._PAPER) == [(DENSE, 1.0, 0), *claimed]


def test_legends_draw_nothing_into_the_panel() -> None:
    ax = panel(figure("thomson_vs_toy"), "(b)")
    drawn = [patch for patch in ax.patches if isinstance(patch, Rectangle)]
    assert all(patch.get_width() > 0 and patch.get_height() > 0 for patch in drawn)
