"""The exact phase diagram of two features in one dimension: every line with its order."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import GREEN, NAVY, OCHRE, SKY, STYLE
from ._words import number

_DASHED, _DOTTED, _MIXED = (0, (5, 1.5)), (0, (1, 1)), (0, (5, 1, 1, 1))
_SHADES = {"dedicated": "#e9e4d8", "weak": "#c9d6e8", "strong": "#f4ecc9"}
_LIMITS = (  # line, label, colour, dashes
    ("dedicated_stability", "dedicated ends", "black", _DOTTED),
    ("strong_stability", "strong antipodal ends", OCHRE, _DASHED),
    ("weak_low", "weak antipodal ends (below)", SKY, _MIXED),
    ("weak_high", "weak antipodal ends (above)", SKY, "-"),
    ("acute_low", "acute begins", GREEN, (0, (9, 2, 1, 2, 1, 2))),
)
_POINTS = (  # attribute, marker, label
    ("critical_end_point", "o", "critical end point, triple point"),
    ("lower_tricritical_point", "v", "lower tricritical point"),
    ("upper_tricritical_point", "^", "upper tricritical point"),
    ("symmetry_breaking_point", "D", "exchange symmetry breaks"),
)
_ENDS = (
    ("weak_cusp", "*", "weak antipodal appears"),
    ("symmetric_stability_point", "s", "symmetric state ends"),
)
_ZOOM_P = (0.502, 0.524)


def draw(dataset: xr.Dataset) -> Figure:
    """Ground states and transitions; where states stop being minima; the end of the line."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(10.2, 4.5), layout="constrained")
        ground, limits, zoom = figure.subplots(1, 3, width_ratios=(1.25, 1.25, 0.9))
        _ground(ground, dataset)
        _limits(limits, dataset)
        _end(zoom, dataset)
        for ax in (ground, limits):
            ax.set(
                xlabel="relative importance $r$", ylabel="density $p$   (sparser $\\rightarrow$)"
            )
        handles, labels = ground.get_legend_handles_labels()
        more = limits.get_legend_handles_labels()
        figure.legend(handles + more[0], labels + more[1], loc="outside lower center", ncols=5)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, and the special points."""
    triple, end = (dataset.attrs[name] for name in ("triple_point", "critical_end_point"))
    lower, upper = (dataset.attrs[f"{side}_tricritical_point"] for side in ("lower", "upper"))
    breaking = float(dataset.attrs["symmetry_breaking_point"][0])
    cusp = dataset.attrs["weak_cusp"]
    jump = dataset["tie_jump"].sel(tie="dedicated | antipodal").values
    p = dataset["density"].values
    weak = np.nanmax(jump[(p > triple[0]) & (p < lower[0])])
    return (
        "Exact phase diagram of two features in one dimension: density p, relative importance r of "
        "the second feature (for r > 1 the mirror image). (a) Ground states. The change from "
        "dedicated to antipodal is of first order up to the critical end point at "
        f"(p, r) = {_pair(end, 5)}, continuous between the tricritical points at "
        f"p = {number(lower[0], 4)} and {number(upper[0], 4)}, and of first order again above; "
        "weak and strong antipodal states are divided by a first-order line from the triple point "
        f"to r = 1 at p = {number(breaking, 4)}, from where on the ground state at r = 1 breaks "
        "the exchange symmetry (first order along r = 1). (b) Where each state stops being a local "
        f"minimum; the weak state appears at the cusp {_pair(cusp)}. (c) The end of the line "
        f"enlarged, in r relative to where dedicated turns unstable: the triple point at "
        f"p = {number(triple[0], 8)}, and between it and the lower tricritical point a change "
        f"from dedicated to weak with a jump of at most {number(weak, 2)} in |w₂|."
    )


def _pair(point: np.ndarray, digits: int = 3) -> str:
    return f"({number(point[0], digits)}, {number(point[1], digits)})"


def _change(dataset: xr.Dataset) -> np.ndarray:
    """r at which dedicated stops being the ground state."""
    first = dataset["line_dedicated_first_order"].values
    return np.where(np.isfinite(first), first, dataset["line_dedicated_stability"].values)


def _ground(ax: Axes, dataset: xr.Dataset) -> None:
    p, leaves = dataset["density"].values, _change(dataset)
    strong = dataset["line_weak_strong"].values
    triple, breaking = (
        float(dataset.attrs[name][0]) for name in ("triple_point", "symmetry_breaking_point")
    )
    ends = np.where(p < triple, leaves, np.where(p > breaking, 1.0, strong))
    ends = np.where(np.isfinite(ends), ends, leaves)
    for left, right, name in (
        (np.full(len(p), 1e-3), leaves, "dedicated"),
        (leaves, ends, "weak"),
        (ends, np.ones(len(p)), "strong"),
    ):
        ax.fill_betweenx(p, left, right, color=_SHADES[name], lw=0)
    _transitions(ax, dataset)
    high = p[p >= breaking]
    ax.plot(np.ones(len(high)), high, color=OCHRE, lw=3.2, label="first order, exchange")
    ax.plot(dataset["line_ansatz"], p, color="0.35", ls=_DASHED, lw=1, label="fixed ansatz")
    _marks(ax, dataset)
    for text, x, y in (
        ("dedicated", 0.16, 0.62), ("strong\nantipodal", 0.5, 0.16), ("weak", 0.905, 0.735),
    ):  # fmt: skip
        ax.text(x, y, text, ha="center", va="center", fontsize=8.5, style="italic")
    ax.set(xlim=(0, 1.02), ylim=(1.0, 0.0))
    ax.set_title("(a) ground states and transitions")


def _transitions(ax: Axes, dataset: xr.Dataset, shift: np.ndarray | float = 0.0) -> None:
    """Solid where of first order, dotted where continuous; r measured from `shift`."""
    p, first = dataset["density"].values, dataset["line_dedicated_first_order"].values
    lower, upper = (
        float(dataset.attrs[f"{side}_tricritical_point"][0]) for side in ("lower", "upper")
    )
    smooth = np.where((p >= lower) & (p <= upper), dataset["line_dedicated_stability"], np.nan)
    ax.plot(first - shift, p, color=NAVY, lw=2.2, label="first order, from dedicated")
    ax.plot(smooth - shift, p, color=NAVY, ls=_DOTTED, lw=2.4, label="continuous")
    weak = dataset["line_weak_strong"].values
    ax.plot(weak - shift, p, color=OCHRE, lw=2.2, label="first order, weak | strong")


def _marks(ax: Axes, dataset: xr.Dataset) -> None:
    for name, marker, label in _POINTS:
        p, r = dataset.attrs[name]
        ax.plot(r, p, marker, label=label, mfc="white", mec="black", ms=5, ls="none", zorder=5)


def _limits(ax: Axes, dataset: xr.Dataset) -> None:
    """Between a state's lines it is a local minimum."""
    p = dataset["density"].values
    ax.plot(_change(dataset), p, color=NAVY, lw=1.0)
    for name, label, colour, dashes in _LIMITS:
        ax.plot(dataset[f"line_{name}"], p, color=colour, ls=dashes, lw=1.5, label=label)
    for name, marker, label in _ENDS:
        point, size = dataset.attrs[name], 8 if marker == "*" else 4
        ax.plot(
            point[1], point[0], marker, label=label, mfc="white", mec="black", ms=size, ls="none"
        )
    ax.set(xlim=(0, 1.1), ylim=(1.0, 0.0))
    ax.set_title("(b) limits of stability (thin: ground state)")


def _end(ax: Axes, dataset: xr.Dataset) -> None:
    """Around the critical end point, in r over the limit of dedicated: three lines meet."""
    p, limit = dataset["density"].values, dataset["line_dedicated_stability"].values
    _transitions(ax, dataset, limit)
    ax.axvline(0, color="black", ls=_DOTTED, lw=0.9, zorder=0)
    grid = np.sort(p)
    for name, marker, _ in _POINTS[:2]:
        point = dataset.attrs[name]
        x = point[1] - np.interp(point[0], grid, limit)
        ax.plot(x, point[0], marker, mfc="white", mec="black", ms=5, zorder=5)
    ax.set(xlim=(-0.0125, 0.019), ylim=_ZOOM_P[::-1], xlabel="$r$ minus the limit of dedicated")
    ax.set_xticks([-0.01, 0.0, 0.01], ["-0.01", "0", "0.01"])
    ax.set_title("(c) the end of the line")
