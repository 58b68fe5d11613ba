"""Columns of W in the plane, drawn as arrows or as particles."""

import numpy as np
from matplotlib.axes import Axes

from ._draw import NAVY, OCHRE

REACH = 1.35  # half the width of the plane shown


def plane(ax: Axes, reach: float = REACH) -> None:
    """Axes of equal scale without a frame, with the unit circle."""
    angle = np.linspace(0, 2 * np.pi, 121)
    ax.plot(np.cos(angle), np.sin(angle), color="0.75", ls=(0, (5, 1.5)), lw=0.8, zorder=0)
    ax.plot(0, 0, "+", color="0.6", ms=6, zorder=0)
    ax.set(xlim=(-reach, reach), ylim=(-reach, reach), aspect="equal", xticks=[], yticks=[])
    ax.spines[:].set_visible(False)


def spokes(W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """One broken line from the origin to each column of W (2, n) and back."""
    x, y = (np.stack([np.zeros(W.shape[1]), row, np.full(W.shape[1], np.nan)]) for row in W)
    return x.T.ravel(), y.T.ravel()


def particles(ax: Axes, W: np.ndarray, odd: int | None = None) -> None:
    """Each column of W (2, n) a particle; the odd one filled otherwise and square."""
    ax.plot(*spokes(W), color="0.5", lw=1.1, zorder=1)
    plain = np.arange(W.shape[1]) != odd
    ax.plot(*W[:, plain], "o", color=NAVY, mec="black", ms=7, ls="none", zorder=3)
    if odd is not None:
        ax.plot(*W[:, odd], "s", color=OCHRE, mec="black", ms=7.5, zorder=4)
