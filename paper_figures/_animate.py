"""Animations: the frames of one figure, in a GIF."""

import io
from collections.abc import Iterable, Iterator

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from ._draw import STYLE

_COLOURS = 64  # of an animation
_PAUSE = 1500  # milliseconds for which the first and the last frame stand
_STEP = 80


def animation(frames: Iterable[Figure]) -> bytes:
    """A GIF of the frames: the same bytes whenever it is made.

    `frames` gives one figure again and again and changes in between what is marked as animated;
    the rest is drawn once. One palette serves all, made of the first and the last frame.
    """
    with mpl.rc_context(fname=STYLE):
        images = list(_images(frames))
    both = np.concatenate([np.asarray(images[0]), np.asarray(images[-1])])
    palette = Image.fromarray(both).quantize(_COLOURS, Image.Quantize.MAXCOVERAGE)
    first, *rest = [each.quantize(palette=palette, dither=Image.Dither.NONE) for each in images]
    times = [_PAUSE, *[_STEP] * (len(rest) - 1), _PAUSE] if rest else [_PAUSE]
    buffer = io.BytesIO()
    options = {"save_all": True, "append_images": rest, "duration": times, "loop": 0}
    first.save(buffer, format="GIF", optimize=False, **options)
    return buffer.getvalue()


def _images(frames: Iterable[Figure]) -> Iterator[Image.Image]:
    """What is not animated is drawn with the first frame, and what is anew in each."""
    canvas = background = None
    for figure in frames:
        if canvas is None:
            canvas = FigureCanvasAgg(figure)
            canvas.draw()
            background = canvas.copy_from_bbox(figure.bbox)
        canvas.restore_region(background)
        moving = figure.findobj(lambda artist: artist.get_animated())
        for artist in sorted(moving, key=lambda artist: artist.get_zorder()):
            artist.draw(canvas.get_renderer())
        yield Image.fromarray(np.asarray(canvas.buffer_rgba())[..., :3].copy())
