"""Counts of stable states over the phase diagram, in numbers and for the terminal."""

from typing import Any

import numpy as np
import xarray as xr

from tms_physics.observables.phases import ACUTE, PHASE_NAMES


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """How many cells have how many minima, which phases these are, and how far above they lie."""
    good = dataset["result"].values == 0
    minima, ground = dataset["minima"].values[good], dataset["ground"].values[good] == 1
    stable, phase = dataset["stable"].values[good] == 1, dataset["phase"].values[good]
    above = stable & ~ground
    relative = dataset["excess"].values[good] / dataset["loss"].values[good][:, :1]
    return {
        "cells": int(good.size),
        "cells_without_states": int((~good).sum()),
        "cells_by_number_of_minima": {
            str(k): int((minima == k).sum()) for k in np.unique(minima).tolist()
        },
        "share_with_metastable_states": float(above.any(axis=1).mean()),
        "ground_cells": _by_phase(phase, ground),
        "metastable_cells": _by_phase(phase, above),
        "acute_ground_cells": int((ground & (phase == ACUTE)).any(axis=1).sum()),
        "lowest_state_a_saddle": int((stable[:, 0] == 0).sum()),
        "largest_relative_excess": float(relative[above].max(initial=0.0)),
        "median_relative_excess": float(np.median(relative[above])) if above.any() else 0.0,
    }


def _by_phase(phase: np.ndarray, chosen: np.ndarray) -> dict[str, int]:
    """Cells in which a chosen state has the phase."""
    return {
        name: int((chosen & (phase == code)).any(axis=1).sum())
        for code, name in enumerate(PHASE_NAMES)
        if (chosen & (phase == code)).any()
    }


def table(dataset: xr.Dataset) -> str:
    """The summary, a line each."""
    numbers = summary(dataset)
    counts = ", ".join(f"{k}: {n}" for k, n in numbers["cells_by_number_of_minima"].items())
    lines = [
        f"{numbers['cells']} cells, {numbers['cells_without_states']} of them without states",
        f"cells by number of minima   {counts}",
        f"with metastable states      {numbers['share_with_metastable_states']:.1%}",
    ]
    for name, n in numbers["metastable_cells"].items():
        lines.append(f"{name:>15} metastable in {n} cells")
    largest, median = numbers["largest_relative_excess"], numbers["median_relative_excess"]
    lines.append(f"relative excess: median {median:.3g}, largest {largest:.3g}")
    return "\n".join(lines)
