#!/usr/bin/env python3
"""Python in this project's own environment, which is made at the first call.

    python3 run.py -m simulations.phase_boundary     the main job
    python3 run.py -m tests                          the tests

Everything after `run.py` goes to the interpreter of `.venv`. The environment holds the package
(editable) and its tests' tools in the exact versions of `constraints/`, and is made again
whenever those, `pyproject.toml` or the Python that runs this file change. Standard library only.
"""

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "made-from"
BIN = VENV / ("Scripts" if os.name == "nt" else "bin")
VERSION = f"{sys.version_info.major}.{sys.version_info.minor}"


def constraints() -> Path | None:
    """The tested versions for this Python; None where no file was made for it."""
    path = ROOT / "constraints" / f"py{VERSION.replace('.', '')}.txt"
    return path if path.exists() else None


def ingredients() -> str:
    """A fingerprint of all that the environment is made from."""
    files = [ROOT / "pyproject.toml", constraints()]
    digest = hashlib.sha256(f"{sys.base_prefix} {VERSION} {ROOT}".encode())
    for path in filter(None, files):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def make() -> None:
    """Makes the environment from nothing; the stamp is written last, so a broken one is remade."""
    print(f"Making {VENV} with Python {VERSION} (once, a few minutes) ...", file=sys.stderr)
    try:
        venv.create(VENV, clear=True, with_pip=True)
    except subprocess.CalledProcessError:
        sys.exit("This Python cannot make environments: install its venv and ensurepip modules.")
    command = [str(BIN / "python"), "-m", "pip", "install", "--quiet"]
    if (file := constraints()) is not None:
        command += ["-c", str(file)]
    else:
        print(f"No tested versions for Python {VERSION}: taking the newest.", file=sys.stderr)
    command += ["-e", f"{ROOT}[test]"]
    if code := subprocess.call(command):
        sys.exit(code)
    STAMP.write_text(ingredients())


def main() -> None:
    if sys.version_info < (3, 11):
        sys.exit(f"tms_physics needs Python 3.11 or newer, but this is {VERSION}.")
    if not STAMP.exists() or STAMP.read_text() != ingredients():
        make()
    command = [str(BIN / "python"), *sys.argv[1:]]
    if os.name == "nt":
        sys.exit(subprocess.call(command))
    os.execv(command[0], command)


if __name__ == "__main__":
    main()
