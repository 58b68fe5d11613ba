"""What all figures share: the style sheet, the palette, and pictures as bytes."""

import io
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.collections import PolyCollection
from matplotlib.figure import Figure

STYLE = Path(__file__).parent / "style.mplstyle"

# Told apart by the colour-blind. In grey NAVY is dark and the other three are alike, so give these
# a marker, a hatching or dashes of their own as well.
NAVY, OCHRE, GREEN, SKY = "#123a6d", "#c9762b", "#7a9e3a", "#5b93cc"


def pictures(figure: Figure) -> dict[str, bytes]:
    """The figure as a PNG and a PDF file, by suffix: the same bytes whenever it is drawn.

    They hold no date and no program version. Each canvas draws once (`savefig` does so twice), and
    the PDF has the layout of the PNG.
    """
    # it remarks on the dates of a font that formulas use
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    png, pdf, dpi = io.BytesIO(), io.BytesIO(), figure.dpi
    with mpl.rc_context(fname=STYLE):
        FigureCanvasAgg(figure).print_png(png, metadata={"Software": None})
        figure.set_layout_engine("none")
        FigureCanvasPdf(figure).print_pdf(pdf, metadata=_PDF)
        figure.set_dpi(dpi)  # the canvas has set that of a PDF
    return {"png": png.getvalue(), "pdf": pdf.getvalue()}


_PDF: dict[str, Any] = {"Creator": None, "Producer": None, "CreationDate": None}


def boxes(
    ax: Axes, box: Sequence[tuple[float, float, float, float]], colours: Sequence[str], lw: object
) -> None:
    """Boxes (left, bottom, width, height), thousands as one artist; `lw` is one width or all."""
    left, bottom, width, height = np.reshape(box, (-1, 4)).T
    x = np.stack([left, left + width, left + width, left], axis=1)
    y = np.stack([bottom, bottom, bottom + height, bottom + height], axis=1)
    corners = list(np.stack([x, y], axis=2))
    style: dict[str, Any] = {"facecolors": list(colours), "edgecolors": "#555555", "linewidths": lw}
    ax.add_collection(PolyCollection(corners, **style))
    ax.autoscale_view()
