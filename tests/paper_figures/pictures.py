"""The committed figures, each drawn once, and their pixels."""

import functools
import sys
from pathlib import Path

import matplotlib as mpl
import matplotlib.image
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from paper_figures import _manifest
from paper_figures._draw import STYLE

MANIFEST = _manifest.load()
REFERENCES = Path(__file__).resolve().parents[1] / "data" / "figures"
DPI = 50


@functools.cache
def figure(name: str) -> Figure:
    at = MANIFEST.figure(name)
    return at.load().draw(*map(MANIFEST.read, at.datasets))


def caption(name: str) -> str:
    at = MANIFEST.figure(name)
    return at.load().caption(*map(MANIFEST.read, at.datasets))


def pixels(drawn: Figure) -> np.ndarray:
    """Levels of grey (height, width) in [0, 1], laid out and drawn at a low resolution."""
    canvas = FigureCanvasAgg(drawn)
    with mpl.rc_context(fname=STYLE):
        drawn.set_dpi(DPI)
        canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].mean(axis=-1) / 255


def texts(drawn: Figure) -> str:
    """All words in a figure, in one string."""
    found = drawn.findobj(lambda artist: hasattr(artist, "get_text"))
    return "\n".join(artist.get_text() for artist in found)


def reference(name: str) -> np.ndarray:
    """The committed pixels of a figure."""
    return mpl.image.imread(REFERENCES / f"{name}.png")


def main(names: list[str]) -> None:
    """Commits the pixels of these figures anew: `python -m tests.paper_figures.pictures NAME`."""
    for name in names:
        levels = np.round(255 * pixels(figure(name))).astype(np.uint8)
        Image.fromarray(levels).save(REFERENCES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(sys.argv[1:])
