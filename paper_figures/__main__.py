"""All figures from the committed data: `python -m paper_figures [NAME ...] [--out DIR]`.

Exit codes: 0 done; 1 a simulation or the disk gave out; 2 refused before anything was done.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from . import _manifest
from ._cli import Parser, UsageError, try_writing
from ._manifest import DATA, Manifest, ManifestError

if TYPE_CHECKING:
    from ._make import Made


def _parser(manifest: Manifest) -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m paper_figures",
        description="Draws figures from the committed data: NAME.pdf, NAME.png and NAME.txt, the "
        "caption.",
        epilog=f"Figures: {', '.join(manifest.figures)}. Datasets: {', '.join(manifest.datasets)}.",
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures to draw; without, all")
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results/figures"),
        metavar="DIR",
        help="folder for the pictures (default: %(default)s)",
    )
    parser.add_argument(
        "--rebuild",
        metavar="DATASET",
        help="compute this dataset again and replace its file and its entry in the manifest, then "
        "draw the figures named, or those made from it",
    )
    parser.add_argument(
        "--run",
        type=Path,
        metavar="DIR",
        help="with --rebuild: take the dataset from the --out folder of a run that is done",
    )
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit code."""
    try:
        return _program(argv)
    except (UsageError, ManifestError) as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:
        print(f"Cannot write {error.filename}: {error.strerror}.", file=sys.stderr)
        return 1


def _program(argv: Sequence[str] | None) -> int:
    manifest = _manifest.load(DATA)
    options = _parser(manifest).parse_args(argv)
    for name in options.names:
        manifest.figure(name)
    if options.run is not None and options.rebuild is None:
        raise UsageError("Argument `--run` needs `--rebuild` with the name of a dataset.")
    _writable(options.out)
    names = options.names or list(manifest.figures)
    if options.rebuild is not None:
        manifest.source(options.rebuild)
        _writable(DATA)
        if code := _rebuild(options.rebuild, options.run):
            return code
        names = options.names or manifest.drawn_from(options.rebuild)
    from ._make import make_all

    began = time.perf_counter()
    made = list(make_all(list(dict.fromkeys(names)), options.out, DATA))
    print(table(made, options.out, time.perf_counter() - began))
    return 0


def _rebuild(name: str, run: Path | None) -> int:
    from ._rebuild import RunError, adopt, rebuild

    try:
        rebuild(name, DATA) if run is None else adopt(name, run, DATA)
    except RunError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _writable(folder: Path) -> None:
    """Makes the folder and writes in it, so that a bad one is named before anything is drawn."""
    try:
        try_writing(folder)
    except (OSError, ValueError) as error:  # ValueError: a path with a null byte
        reason = getattr(error, "strerror", None) or error
        raise UsageError(f"Folder {folder} must be writable, but is not: {reason}.") from None


def table(made: "Sequence[Made]", out: Path, seconds: float) -> str:
    """A line for each figure: its files with their sizes, and the time it took."""
    wide = max([len(each.name) for each in made], default=0)
    lines = []
    for each in made:
        sizes = ", ".join(
            f"{path.suffix[1:]} {path.stat().st_size / 1e3:.0f} kB" for path in each.files
        )
        lines.append(f"{each.name:{wide}}  {sizes:40}  {each.seconds:5.1f} s")
    return "\n".join([*lines, f"{len(made)} figures in {out}, {seconds:.1f} s."])


if __name__ == "__main__":
    sys.exit(main())
