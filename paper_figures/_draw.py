"""What all figures share: the style sheet, the palette, and pictures as bytes."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

STYLE = Path(__file__).parent / "style.mplstyle"

# Told apart by the colour-blind; in grey all but OCHRE and GREEN, so give those two a marker, a
# hatching or dashes of their own as well.
NAVY, OCHRE, GREEN, SKY = "#123a6d", "#c9762b", "#7a9e3a", "#5b93cc"

# Without dates and program versions the same figure is the same file.
_NO_METADATA: dict[str, dict[str, Any]] = {
    "png": {"Software": None},
    "pdf": {"Creator": None, "Producer": None, "CreationDate": None},
}


def pictures(figure: Figure) -> dict[str, bytes]:
    """The figure as a PNG and a PDF file, by suffix: the same bytes whenever it is drawn."""
    files = {}
    with mpl.rc_context(fname=STYLE):
        for suffix, metadata in _NO_METADATA.items():
            buffer = io.BytesIO()
            figure.savefig(buffer, format=suffix, metadata=metadata)
            figure.set_layout_engine("none")  # it is laid out, once for both
            files[suffix] = buffer.getvalue()
    return files


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
