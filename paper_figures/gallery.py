"""The gallery of all figures, `docs/figures.md`: `python -m paper_figures.gallery [DIR]`.

Writes the page and a PNG of each figure into the folder, `docs` by default.
"""

import sys
import tempfile
import textwrap
from pathlib import Path

from . import _manifest
from ._make import make_all, write
from ._manifest import Manifest, Source

_HEAD = """# Figures

All figures, each drawn from committed data by one command: `python3 run.py -m paper_figures` makes
PDF, PNG and captions of all of them, `python3 run.py -m paper_figures NAME` of one. The numbers in
the captions are taken from the data; those of the literature carry their source, and where a figure
is smaller than the one of the paper its caption says so. The data are those of the runs named below
each figure, as [the manifest](../paper_figures/data/manifest.json) records them with versions and
device; `--rebuild DATASET` runs such a command again, but not the benchmark that measured what one
of them copies. Seconds are those of these runs, most of them on two cores shared with much other
work. This page is written by `python3 run.py -m paper_figures.gallery`.
"""


def page(manifest: Manifest) -> str:
    """The text of the page."""
    return "\n".join([_HEAD, *(section(manifest, name) for name in manifest.figures)])


def section(manifest: Manifest, name: str) -> str:
    """A figure, its caption, and the commands that draw it and that computed its data."""
    figure = manifest.figure(name)
    module = figure.load()
    caption = module.caption(*(manifest.read(source) for source in figure.datasets))
    shown = f"{name}.gif" if hasattr(module, "animate") else f"{name}.png"
    commands = [f"python3 run.py -m paper_figures {name}"]
    for source in map(manifest.source, figure.datasets):
        commands += [_run(line) for line in _lines(source)]
    return "\n".join(
        [
            f"## {name}",
            "",
            f"![{name}]({shown})",
            "",
            textwrap.fill(caption, 100, break_long_words=False, break_on_hyphens=False),
            "",
            "```",
            *commands,
            "```",
            "",
        ]
    )


def _lines(source: Source) -> list[str]:
    """The command that computed a dataset; where it only copies, the one that measured before."""
    if source.measurement:
        return [f"{source.measurement}   # measures", f"{source.command}   # copies what it wrote"]
    return [f"{source.command}   # {source.seconds:.0f} s on {source.device}"]


def _run(command: str) -> str:
    return command.replace("python", "python3 run.py", 1)


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
