"""Room for directions: how many fit with all |cos| up to ε, by theory, and what networks have."""

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from ._draw import GREEN, NAVY, OCHRE
from ._words import between, number

_ABOVE = 1e3  # of the counts drawn, over the largest that random directions prove
_BOUNDS = (
    ("welch_count", "no more: Welch's bound", "black", (0, (5, 1.5)), 1.2),
    ("most_directions", "no more: bounds of all orders", "black", "-", 1.2),
    ("almost_orthogonal_count", "so many exist: random directions, or a basis", NAVY, "-", 2.0),
)


def panel(ax: Axes, dataset: xr.Dataset) -> None:
    """Counts of theory over ε, the open range between them, and sets of directions as points."""
    m, eps = dataset.sizes["hidden"], dataset["epsilon"].values
    some, most = (dataset[name].values for name in ("almost_orthogonal_count", "most_directions"))
    top = _ABOVE * some.max()
    ax.fill_between(eps, some, np.minimum(most, top), color="0.93", lw=0, label="open")
    for name, label, colour, dashes, width in _BOUNDS:
        counts = np.where(np.isfinite(dataset[name]), dataset[name], np.nan)
        ax.plot(eps, counts, color=colour, ls=dashes, lw=width, label=label)
    ax.axvline(1 / np.sqrt(m), color="0.6", lw=0.8, ls=(0, (1, 1)), zorder=0,
               label="$\\varepsilon = 1/\\sqrt{m}$: Welch's bound ends")  # fmt: skip
    ax.plot(eps, np.exp(m * eps**2 / 4), color="0.5", lw=1.2, ls=(0, (5, 1, 1, 1)),
            label="$e^{m \\varepsilon^2/4}$, below random directions")  # fmt: skip
    _sets(ax, dataset)
    ax.set(yscale="log", xlim=(eps.min(), 1.03), ylim=(0.7 * m, top))
    ax.set(xlabel="largest $|\\cos\\theta_{ij}|$ allowed, $\\varepsilon$", ylabel="directions")
    ax.set_title(f"(e) how many directions fit in $m = {m}$ dimensions")
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1.02), fontsize=6.8, frameon=False)


def _sets(ax: Axes, dataset: xr.Dataset) -> None:
    """Sets of directions at their largest |cos|: of networks, of a descent, at random."""
    n = dataset.sizes["feature"]
    points = (
        (coherence(dataset, "cosine").sel(network="trained"), dataset["cosine_stored"].sel(
            network="trained"), "s", OCHRE, "stored features, trained networks"),
        (coherence(dataset, "random"), dataset["random_stored"], "x", GREEN,
         f"$n = {n}$ random directions"),
        (dataset["packed_coherence"], n, "D", NAVY, f"$n = {n}$, found by descent"),
    )  # fmt: skip
    for worst, count, marker, colour, label in points:
        x, y = np.broadcast_arrays(np.ravel(worst), np.ravel(count))
        ax.plot(x, y, marker, color=colour, mfc="white", ms=5, zorder=4, label=label)


def coherence(dataset: xr.Dataset, sets: str) -> xr.DataArray:
    """The largest |cos| of each set of directions."""
    high, low = dataset[f"{sets}_largest"], -dataset[f"{sets}_smallest"]
    return high.where(high > low, low)


def told(dataset: xr.Dataset) -> str:
    """What the panel shows: at the ε of the best set found, at the largest ε, and of networks."""
    m, n = dataset.sizes["hidden"], dataset.sizes["feature"]
    some = dataset["almost_orthogonal_count"]
    found, last = float(dataset["packed_coherence"]), dataset.isel(epsilon=-1)
    bound = dataset["most_directions"].sel(epsilon=found, method="nearest")
    more = dataset["epsilon"].values[(some > m).values]
    grows = f", more than a basis from ε = {number(more.min(), 2)} on" if len(more) else ""
    sparse = dataset.isel(density=int(dataset["density"].values.argmin())).sel(network="trained")
    stored, apart = sparse["cosine_stored"].values, coherence(sparse, "cosine").values
    return (
        f"(e) Unit vectors in {m} dimensions with all |cos| up to ε. Bounds allow at most "
        f"{number(bound, 4)} at ε = {number(bound['epsilon'], 2)}, next to where descent has found "
        f"{n} (ε = {number(found)}; Welch's bound alone ends at 1/√m); random directions prove "
        f"{number(last['almost_orthogonal_count'], 4)} at ε = {number(last['epsilon'])}{grows}. "
        f"The {between(stored)} features stored by trained networks at the lowest density have a "
        f"largest |cos| of {between(apart, 2)}, {n} random directions "
        f"{between(coherence(dataset, 'random').values, 2)}."
    )
