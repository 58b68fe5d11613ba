"""Computing a dataset again: run its command, keep what figures need, note where it came from."""

import dataclasses
import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import h5py
import xarray as xr

from . import _manifest
from ._make import write
from ._manifest import Manifest, ManifestError, Source

_KEPT = ("versions", "source", "device", "seconds")  # of the record, beside the seed
_LEVEL = 9
_LEAST = 512  # bytes of an array below which compressing it makes it larger


class RunError(RuntimeError):
    """The simulation did not finish; the text is one sentence."""


def rebuild(name: str, data: Path) -> None:
    """Runs the command of a dataset in a process of its own and adopts what it wrote."""
    source = _manifest.load(data).source(name)
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", f"simulations.{source.simulation}", *source.options]
        code = subprocess.call([*command, "--out", folder])
        if code:
            raise RunError(f"The run of dataset {name!r} ended with exit code {code}.")
        adopt(name, Path(folder), data)


def adopt(name: str, run: Path, data: Path) -> None:
    """Takes a dataset from the --out folder of a run: its file and its entry are replaced."""
    manifest = _manifest.load(data)
    source = manifest.source(name)
    record, dataset = finished(run, source.simulation)
    content = compressed(pruned(dataset, source))
    entry = dataclasses.replace(source, sha256=_manifest.checksum(content), **record)
    write(data / source.file, content)
    changed = Manifest(data, {**manifest.datasets, name: entry}, manifest.figures)
    write(data / "manifest.json", _manifest.text(changed).encode())


def finished(run: Path, simulation: str) -> tuple[dict[str, Any], xr.Dataset]:
    """The record and the dataset of a run that is done."""
    record, data = (run / f"{simulation}.{suffix}" for suffix in ("json", "nc"))
    try:
        return _record(record.read_bytes(), record), _dataset(data.read_bytes(), data)
    except FileNotFoundError as error:
        raise ManifestError(f"Folder {run} holds no finished run: no {error.filename}.") from None
    except OSError as error:
        raise ManifestError(f"Cannot read {error.filename}: {error.strerror}.") from None


def _record(content: bytes, path: Path) -> dict[str, Any]:
    try:
        record = json.loads(content)
        seed = record["config"]["seed"]
        return {"seed": seed} | {name: record[name] for name in _KEPT}
    except (ValueError, KeyError, TypeError):
        raise ManifestError(f"File {path} is not the record of a run, but damaged.") from None


def _dataset(content: bytes, path: Path) -> xr.Dataset:
    try:
        with h5py.File(io.BytesIO(content), "r") as file:  # h5netcdf would print a traceback
            file.visititems(_attributes)
        return xr.load_dataset(io.BytesIO(content), engine="h5netcdf")
    except Exception:  # HDF5 raises many kinds
        raise ManifestError(f"File {path} is not a dataset of a run, but damaged.") from None


def _attributes(_: str, item: h5py.HLObject) -> None:
    dict(item.attrs)


def pruned(dataset: xr.Dataset, source: Source) -> xr.Dataset:
    """The variables that the entry keeps, with their coordinates and all attributes."""
    if source.keep is None:
        return dataset
    unknown = [name for name in source.keep if name not in dataset]
    if unknown:
        raise ManifestError(f"Simulation {source.simulation} has no variable {unknown[0]!r}.")
    return dataset[list(source.keep)]


def compressed(dataset: xr.Dataset) -> bytes:
    """A netCDF file with every larger array of numbers compressed without loss."""
    encoding = {
        name: {"zlib": True, "complevel": _LEVEL, "shuffle": True}
        for name, array in dataset.variables.items()
        if array.dtype.kind in "biuf" and array.nbytes >= _LEAST
    }
    plain = dataset.drop_encoding()
    return bytes(plain.to_netcdf(engine="h5netcdf", encoding=encoding))
