"""The gallery of all figures, `docs/figures.md`: `python -m paper_figures.gallery [DIR]`.

Writes the page and a PNG of each figure into the folder, `docs` by default.
"""

import sys
import tempfile
import textwrap
from pathlib import Path

from . import _manifest
from ._make import make_all, write
from ._manifest import Manifest

_HEAD = """# Figures

All figures, each drawn from committed data by one command: `python3 run.py -m paper_figures` makes
PDF, PNG and captions of all of them, `python3 run.py -m paper_figures NAME` of one. The numbers in
the captions are taken from the data. The data are those of the runs named below each figure, as
[the manifest](../paper_figures/data/manifest.json) records them with versions and device;
`--rebuild DATASET` runs such a command again. Seconds are those of these runs, most of them on two
cores shared with much other work. This page is written by
`python3 run.py -m paper_figures.gallery`.
"""


def page(manifest: Manifest) -> str:
    """The text of the page."""
    return "\n".join([_HEAD, *(section(manifest, name) for name in manifest.figures)])


def section(manifest: Manifest, name: str) -> str:
    """A figure, its caption, and the commands that draw it and that computed its data."""
    figure = manifest.figure(name)
    caption = figure.load().caption(*(manifest.read(source) for source in figure.datasets))
    commands = [f"python3 run.py -m paper_figures {name}"]
    for source in map(manifest.source, figure.datasets):
        command = source.command.replace("python", "python3 run.py", 1)
        commands.append(f"{command}   # {source.seconds:.0f} s on {source.device}")
    return "\n".join(
        [
            f"## {name}",
            "",
            f"![{name}]({name}.png)",
            "",
            textwrap.fill(caption, 100, break_long_words=False, break_on_hyphens=False),
            "",
            "```",
            *commands,
            "```",
            "",
        ]
    )


def main(folder: Path = Path("docs")) -> None:
    """Writes the page and the pictures."""
    manifest = _manifest.load()
    with tempfile.TemporaryDirectory() as scratch:
        for made in make_all(list(manifest.figures), Path(scratch), manifest.folder):
            files = {path.suffix: path for path in made.files}
            shown = files.get(".gif", files[".png"])
            write(folder / shown.name, shown.read_bytes())
    write(folder / "figures.md", page(manifest).encode())


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
