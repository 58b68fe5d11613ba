"""What all figures share: the style sheet, the palette, and pictures as bytes."""

import io
from pathlib import Path
from typing import Any

import matplotlib as mpl
from matplotlib.figure import Figure

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
