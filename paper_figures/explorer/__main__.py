"""One page to explore the data: `python -m paper_figures.explorer [--out DIR]`.

Exit codes: 0 done; 2 refused before anything was written.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from .._cli import Parser, UsageError
from .._manifest import DATA, ManifestError

NAME = "explorer.html"


def main(argv: Sequence[str] | None = None) -> int:
    """Writes the page and returns the exit code."""
    try:
        path = _write(_parser().parse_args(argv))
    except (UsageError, ManifestError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"Wrote {path}, {path.stat().st_size / 1e6:.2f} MB: open it in a browser.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = Parser(
        prog="python -m paper_figures.explorer",
        description="Writes DIR/explorer.html: the phase diagram of two features, five features "
        "in the plane and Thomson's problem, to explore by hand. It needs no network.",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("results/explorer"),
        metavar="DIR",
        help="folder for the page (default: %(default)s)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        default=DATA,
        metavar="DIR",
        help="folder of the datasets and their manifest (default: the committed one)",
    )
    return parser


def _write(options: argparse.Namespace) -> Path:
    from .._make import write
    from ._build import build

    text, folder = build(options.data), options.out
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write(folder / NAME, text.encode())
    except OSError as error:
        reason = error.strerror or error
        raise UsageError(f"Folder {folder} must be writable, but is not: {reason}.") from None
    return folder / NAME


if __name__ == "__main__":
    sys.exit(main())
