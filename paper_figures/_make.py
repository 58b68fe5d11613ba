"""Making figures: data in, picture files and captions out, in several processes."""

import contextlib
import multiprocessing
import os
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from . import _manifest
from ._animate import animation
from ._draw import pictures


@dataclass(frozen=True)
class Made:
    """A figure that was written: its files and the seconds that it took."""

    name: str
    files: tuple[Path, ...]
    seconds: float


def make_all(names: Sequence[str], out: Path, data: Path) -> Iterator[Made]:
    """Makes every figure named, on as many processes as there are cores; in the order given."""
    work = partial(make, out=out, data=data)
    workers = min(len(names), os.cpu_count() or 1)
    if workers <= 1:
        yield from map(work, names)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        yield from pool.map(work, names)


def make(name: str, out: Path, data: Path) -> Made:
    """Draws one figure and writes NAME.png, NAME.pdf and NAME.txt, its caption.

    And NAME.gif where the module has `animate`, which gives the frames.
    """
    began = time.perf_counter()
    manifest = _manifest.load(data)
    picture = manifest.figure(name)
    datasets = [manifest.read(source) for source in picture.datasets]
    module = picture.load()
    files = {
        **pictures(module.draw(*datasets)),
        "txt": caption(manifest, name, module.caption(*datasets)).encode(),
    }
    if hasattr(module, "animate"):
        files["gif"] = animation(module.animate(*datasets))
    paths = [out / f"{name}.{suffix}" for suffix in files]
    for path, content in zip(paths, files.values(), strict=True):
        write(path, content)
    return Made(name, tuple(paths), time.perf_counter() - began)


def caption(manifest: _manifest.Manifest, name: str, text: str) -> str:
    """The caption of a figure, and the commands that computed its data."""
    lines = []
    for each in map(manifest.source, manifest.figure(name).datasets):
        lines.append(f"Data: {each.command} (seed {each.seed})\n")
        if each.measurement:
            lines.append(f"Measured by: {each.measurement}\n")
    return text + "\n\n" + "".join(lines)


def write(path: Path, content: bytes) -> None:
    """Writes aside, then renames: at any moment `path` is the old file, the new one or absent."""
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        aside.write_bytes(content)
        os.replace(aside, path)
    except OSError:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise
