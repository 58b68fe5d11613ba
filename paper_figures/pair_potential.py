"""Two particles: energy and torque over their angle in the sparse limit, beside Coulomb's."""

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ._draw import NAVY, OCHRE, SKY, STYLE
from ._words import listed, number

_LOOK = ((NAVY, "-"), (OCHRE, (0, (5, 1.5))), (SKY, (0, (5, 1, 1, 1))))
_DOTTED = (0, (1, 1))
_SCALED = 45.0  # degrees, where Coulomb's energy is as large as that of unit particles


def draw(dataset: xr.Dataset) -> Figure:
    """Energies; torques; the exact pair at a finite density, obtuse angles enlarged."""
    with mpl.rc_context(fname=STYLE):
        figure = Figure(figsize=(9.8, 3.7), layout="constrained")
        energy, torque, exact = figure.subplots(1, 3)
        for ax, name in ((energy, "energy"), (torque, "torque")):
            _curves(ax, dataset, name)
        energy.set(ylabel="$E(\\theta)$ in $\\lim L/p$")
        energy.set_title("(a) energy of a pair")
        energy.legend(loc="upper right")
        torque.set(ylabel="$-dE/d\\theta$")
        torque.set_title("(b) torque: opens the angle")
        _exact(exact, dataset)
        for ax in (energy, torque, exact):
            ax.set(xlabel="angle $\\theta$ (degrees)", xlim=(0, 180), xticks=range(0, 181, 45))
    return figure


def caption(dataset: xr.Dataset) -> str:
    """What the panels show; from which angle each pair does not interact."""
    angle = dataset["angle"].values
    silent = dataset["pair_energy"].values <= 1e-15
    reach = [
        f"{name}: {number(angle[np.argmax(row)], 2)}°"
        for name, row in zip(dataset["particles"].values, silent, strict=True)
    ]
    p, exact = float(dataset.attrs["pair_density"]), dataset["pair_exact"].values
    return (
        "Two features as particles on a circle, over their angle. (a) Energy in the sparse limit, "
        "2v(l² cos θ, b) with v(g, b) = ∫₀¹ ReLU(g x + b)² dx, for unit norms and no bias (ReLU², "
        "2 cos²θ/3) and at the norm l and bias b of pentagon and hexagon; Coulomb's 1/distance "
        f"beside it, scaled to the same value at {number(_SCALED)}°. The model's force is soft at "
        "contact and of "
        f"finite range, from here on none ({listed(reach)}); Coulomb's is singular and acts at all "
        f"angles. (b) Torque -dE/dθ. (c) The exact loss of two unit features without biases at p = "
        f"{number(p)}: acute angles cost in the order p of L, obtuse ones in the order p², the "
        f"antipodal pair {number(exact[-1] / exact[0], 2)} of the parallel one, in units of L/p."
    )


def _curves(ax: Axes, dataset: xr.Dataset, name: str) -> None:
    angle, values = dataset["angle"].values, dataset[f"pair_{name}"].values
    for (colour, dashes), label, row in zip(
        _LOOK, dataset["particles"].values, values, strict=True
    ):
        ax.plot(angle, row, color=colour, ls=dashes, lw=1.8, label=str(label))
    scale = _scale(dataset)
    ax.plot(angle, scale * dataset[f"coulomb_{name}"].values, color="black", ls=_DOTTED, lw=1.3,
            label="Coulomb, scaled")  # fmt: skip
    ax.axvline(90, color="0.6", lw=0.7, zorder=0)
    ax.set_ylim(0, 1.15 * values.max())


def _scale(dataset: xr.Dataset) -> float:
    """What Coulomb's energy is multiplied by."""
    at = dataset.isel(particles=0).interp(angle=_SCALED)
    return float(at["pair_energy"] / at["coulomb_energy"])


def _exact(ax: Axes, dataset: xr.Dataset) -> None:
    angle, p = dataset["angle"].values, float(dataset.attrs["pair_density"])
    limit = dataset["pair_energy"].values[0]
    ax.plot(angle, dataset["pair_exact"], color=NAVY, lw=1.8, label=f"exact, $p = {p:g}$")
    ax.plot(angle, limit, color="black", ls=_DOTTED, lw=1.4, label="$p \\to 0$")
    ax.axvline(90, color="0.6", lw=0.7, zorder=0)
    ax.set(ylabel="$L/p$ of unit features, no bias", ylim=(0, 1.15 * limit.max()))
    ax.set_title("(c) exact at finite density")
    ax.legend(loc="upper right")
    inset = ax.inset_axes((0.5, 0.3, 0.46, 0.36))
    obtuse = angle >= 85
    inset.plot(angle[obtuse], dataset["pair_exact"].values[obtuse], color=NAVY, lw=1.6)
    inset.plot(angle[obtuse], limit[obtuse], color="black", ls=_DOTTED, lw=1.2)
    inset.set(xlim=(85, 180), xticks=(90, 135, 180), ylim=(0, None))
    inset.tick_params(labelsize=6)
    inset.set_title("obtuse", fontsize=7, weight="normal", loc="center", pad=2)
