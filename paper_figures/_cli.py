"""What the command lines of this package share: a mistake gets one sentence."""

import argparse
import tempfile
from pathlib import Path
from typing import NoReturn


class UsageError(Exception):
    """The command line is wrong; the text is one sentence."""


class Parser(argparse.ArgumentParser):
    """Raises `UsageError` where argparse would print its usage and exit."""

    def error(self, message: str) -> NoReturn:
        """One sentence, without the usage."""
        raise UsageError(f"{message[:1].upper()}{message[1:]}.")


def try_writing(folder: Path) -> None:
    """Makes the folder and writes in it, under a name of its own; OSError where it cannot."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryFile(dir=folder):
        pass
