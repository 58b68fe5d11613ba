"""The boundary between fixed ansätze against the exact one, and how far it is off."""

from fractions import Fraction

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import NAVY, OCHRE, STYLE
from ._words import number, percent

_DASHED, _DOTTED = (0, (5, 1.5)), (0, (1, 1))
_MEETING = Fraction(4, 7)  # solves 2p/(4 - 5p) = 1: the ansatz reaches r = 1 there


def draw(dataset: xr.Dataset) -> Figure:
    """Both boundaries over the density, on logarithmic axes; r of the ansatz over the exact r."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(8.4, 3.6), layout="constrained")
        left, right = figure.subplots(1, 2)
        _lines(left, dataset)
        _error(right, dataset)
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show, the least and the largest error and where they are."""
    p, error = dataset["density"].values, errors(dataset)
    known = np.isfinite(error)
    p, error = p[known], error[known]
    low, high = int(np.argmin(error)), int(np.argmax(error))
    return (
        "Two features in one dimension: the boundary r = 2p/(4 - 5p) between fixed ansätze (unit "
        "weights; Elhage et al. 2022) against the exact one, with norms and biases free. (a) Exact "
        "end of the dedicated state, of first order or continuous; strong and weak antipodal are "
        "told apart by a second line that no ansatz has. (b) Relative error of r of the ansatz: "
        f"{percent(error[0], 3)} at the lowest density drawn, {percent(error[low], 3)} at least "
        f"(p = {number(p[low])}), {percent(error[high], 3)} at most (p = {number(p[high])}). "
        f"Above p = {_MEETING}, where its r = 1, the ansatz has no antipodal ground state at any "
        "r < 1; exactly there is one between the line of (a) and r = 1 at every density below 1."
    )


def exact(dataset: xr.Dataset) -> np.ndarray:
    """r at which dedicated stops being the ground state."""
    first = dataset["line_dedicated_first_order"].values
    return np.where(np.isfinite(first), first, dataset["line_dedicated_stability"].values)


def errors(dataset: xr.Dataset) -> np.ndarray:
    """r of the ansatz over the exact r, minus 1; NaN where the ansatz has no boundary."""
    return dataset["line_ansatz"].values / exact(dataset) - 1


def _lines(ax: Axes, dataset: xr.Dataset) -> None:
    p, first = dataset["density"].values, dataset["line_dedicated_first_order"].values
    smooth = np.where(np.isfinite(first), np.nan, dataset["line_dedicated_stability"].values)
    ansatz = dataset["line_ansatz"].values
    ax.plot(p, first, color=NAVY, lw=2, label="exact, first order")
    ax.plot(p, smooth, color=NAVY, ls=_DOTTED, lw=2.2, label="exact, continuous")
    ax.plot(p, dataset["line_weak_strong"], color=OCHRE, lw=1.6, label="exact, weak | strong")
    above = p[np.isnan(ansatz)]
    x = np.concatenate([p[np.isfinite(ansatz)], [float(_MEETING)], above])
    y = np.concatenate([ansatz[np.isfinite(ansatz)], np.ones(1 + len(above))])
    ax.plot(x, y, color="black", ls=_DASHED, lw=1.2, label="ansatz, $2p/(4-5p)$")
    ax.set(xscale="log", yscale="log", xlabel="density $p$", ylabel="relative importance $r$")
    ax.set(xlim=(p[0], 1), ylim=(None, 1.25))
    ax.set_title("(a) where the second feature is dropped (below)")
    ax.legend(loc="lower right")


def _error(ax: Axes, dataset: xr.Dataset) -> None:
    p, error = dataset["density"].values, 100 * errors(dataset)
    ax.plot(p, error, color=NAVY, lw=1.8)
    ax.axvline(float(_MEETING), color="0.5", ls=_DASHED, lw=0.9)
    ax.text(
        float(_MEETING) * 0.97,
        2.0,
        "ansatz: $r = 1$\nfrom here on",
        ha="right",
        va="bottom",
        fontsize=7,
    )
    end = float(dataset.attrs["critical_end_point"][0])
    ax.plot(end, np.interp(end, p, error), "o", mfc="white", mec="black", ms=5)
    ax.annotate("critical end point", (end, np.interp(end, p, error)), (-6, 4),
                textcoords="offset points", ha="right", fontsize=7)  # fmt: skip
    ax.set(xscale="log", xlabel="density $p$", ylim=(0, 1.08 * float(np.nanmax(error))))
    ax.set(ylabel="$r_{\\mathrm{ansatz}}/r_{\\mathrm{exact}} - 1$ (%)", xlim=(p[0], 1))
    ax.set_title("(b) relative error of the ansatz")
