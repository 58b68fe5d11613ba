"""Writing results: the dataset, its summary and its figure, each whole or not at all."""

import importlib
import io
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ._provenance import Record
from ._store import write_atomically

if TYPE_CHECKING:
    import xarray as xr


def write_dataset(dataset: "xr.Dataset", record: Record, path: Path) -> "xr.Dataset":
    """Writes the dataset with its provenance, and returns it as a reader will see it."""
    import xarray as xr

    provenance = {
        "simulation": record.simulation,
        "config": json.dumps(record.config),
        "versions": json.dumps(record.versions),
        "device": record.device,
    }
    data = bytes(dataset.assign_attrs(provenance).to_netcdf(engine="h5netcdf"))
    write_atomically(path, data)
    return xr.load_dataset(io.BytesIO(data), engine="h5netcdf")


def write_summary(summary: Mapping[str, Any], record: Record, seconds: float, path: Path) -> None:
    """Writes the numbers of a run; what is not finite becomes null, as JSON has no word for it."""
    content = vars(record) | {"seconds": round(seconds, 3), "summary": summary}
    write_atomically(path, (json.dumps(_plain(content), indent=2) + "\n").encode())


def write_figure(module: str, dataset: "xr.Dataset", stem: Path) -> None:
    """Draws with `module.draw` and writes PNG and PDF."""
    from paper_figures._draw import pictures

    figure = importlib.import_module(module).draw(dataset)
    for suffix, content in pictures(figure).items():
        write_atomically(stem.with_suffix(f".{suffix}"), content)


def _plain(value: Any) -> Any:
    """Numbers and arrays of numpy, JAX or xarray as Python's, recursively."""
    if isinstance(value, Mapping):
        return {str(name): _plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "__array__"):
        return _plain(np.asarray(value).tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value
