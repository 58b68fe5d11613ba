"""The pictures of the gallery are those that today's programs draw from the committed data.

All figures are drawn once, in other processes than those that drew the gallery. Where the tested
versions of the libraries are installed the bytes are the same: this holds for every figure that a
rerun gives them again. Elsewhere, letters may be set differently, and pictures are compared.
"""

import platform
import re
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from paper_figures import _manifest, nonuniform
from paper_figures._draw import pictures
from paper_figures._make import make_all
from paper_figures._manifest import checksum

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
MANIFEST = _manifest.load()
DRAWING = ("matplotlib", "numpy", "pillow", "contourpy")
BLOCK = 16  # pixels on a side
SAME = 0.02  # difference of the mean level of grey of a block, of [0, 1]
FEW = 0.01  # share of blocks that may differ by more


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The file of each figure that the gallery shows."""
    out = tmp_path_factory.mktemp("figures")
    made = make_all(list(MANIFEST.figures), out, MANIFEST.folder)
    files = {each.name: {path.suffix: path for path in each.files} for each in made}
    return {name: paths.get(".gif", paths[".png"]) for name, paths in files.items()}


def as_the_gallery() -> bool:
    """The platform and the versions with which the gallery is drawn."""
    if (sys.platform, platform.machine()) != ("linux", "x86_64"):
        return False
    name = f"py{sys.version_info.major}{sys.version_info.minor}.txt"
    pins = (ROOT / "constraints" / name).read_text(encoding="utf-8")
    found = dict(re.findall(r"^(\w+)==(\S+)", pins, re.MULTILINE))
    return all(version(each) == found[each] for each in DRAWING)


def blocks(image: Image.Image) -> np.ndarray:
    """Mean levels of grey of squares, in [0, 1]."""
    grey = np.asarray(image.convert("L"), float) / 255
    high, wide = (size // BLOCK for size in grey.shape)
    return grey[: high * BLOCK, : wide * BLOCK].reshape(high, BLOCK, wide, BLOCK).mean((1, 3))


def apart(first: Path, second: Path) -> float:
    """Share of blocks that differ, in the frames of an animation or in the one picture."""
    with Image.open(first) as one, Image.open(second) as other:
        pairs = zip(ImageSequence.Iterator(one), ImageSequence.Iterator(other), strict=True)
        shares = [np.mean(np.abs(blocks(a) - blocks(b)) > SAME) for a, b in pairs]
    return float(max(shares))


@pytest.mark.parametrize("name", MANIFEST.figures)
def test_the_gallery_shows_what_is_drawn(name: str, drawn: dict[str, Path]) -> None:
    """Else: `python3 run.py -m paper_figures.gallery`."""
    shown = DOCS / drawn[name].name
    if as_the_gallery():
        assert checksum(drawn[name].read_bytes()) == checksum(shown.read_bytes())
    else:
        assert apart(drawn[name], shown) <= FEW


def test_other_data_are_seen_without_bytes(tmp_path: Path) -> None:
    shown = DOCS / "nonuniform.png"
    assert apart(shown, shown) == 0
    dataset = MANIFEST.read("nonuniform")
    dataset["loss"] = 1.05 * dataset["loss"]
    other = tmp_path / "other.png"
    other.write_bytes(pictures(nonuniform.draw(dataset))["png"])
    assert apart(other, shown) > FEW
