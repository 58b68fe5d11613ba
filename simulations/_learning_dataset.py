"""Assembles the labelled dataset of the learning dynamics: paths, plateaus, theory beside them."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from theory import growth

from ._learning_cells import size
from ._learning_training import TRAINERS
from ._networks import Size

if TYPE_CHECKING:
    from .learning_dynamics import Config

Rows = Mapping[str, np.ndarray]
_STORED = 0.5  # ‖W_i‖² above which a feature counts as stored
_TIME = {"units": "1/curvature"}
_RATE = {"units": "curvature"}


def build(config: "Config", flow: Rows, trained: Rows) -> xr.Dataset:
    """The path of the flow, its plateaus, and the two trainings from the same start."""
    own = size(config)
    one = {name: values[0] for name, values in flow.items()}
    path = {
        "loss": ("time", one["energies"], {"long_name": "exact loss of the flow", "units": "loss"}),
        "dimensionality": _per_feature(("time",), one["states"], own, "D_i", dimensionality),
        "norm": _per_feature(("time",), one["states"], own, "norm |W_i|", norms),
        "speed": ("time", one["speeds"], {"long_name": "gradient norm"}),
        "end_state": ("parameter", one["end"], {"long_name": "W by rows, then b"}),
        "result": ((), one["result"], {"long_name": "0 where the flow did not fail"}),
    }
    beside = ("trainer", "kept")
    path |= {
        "trained_time": (beside, trained["times"], {"long_name": "learning rate x steps"}),
        "trained_loss": (beside, trained["energies"], {"long_name": "exact loss", "units": "loss"}),
        "trained_norm": _per_feature(beside, trained["states"], own, "norm |W_i|", norms),
        "trained_dimensionality": _per_feature(
            beside, trained["states"], own, "D_i", dimensionality
        ),
        "trained_result": ("trainer", trained["result"], {"long_name": "0 where finite"}),
    }
    coordinates = {
        "time": ("time", one["times"], {"long_name": "time of the flow"} | _TIME),
        "trainer": ("trainer", list(TRAINERS)),
        "importance": ("feature", own.importance, {"long_name": "importance", "units": "1"}),
    }
    return xr.Dataset(path | _plateaus(config, one), coordinates)


def _plateaus(config: "Config", one: Rows) -> dict[str, tuple]:
    """One row a plateau."""
    count, own = int(one["plateaus"]), size(config)
    ends, saddles = one["ends"][:, :count], one["saddle_saddle"][:count]
    here = {name[7:]: values[:count] for name, values in one.items() if name.startswith("saddle_")}
    state = norms(saddles, own) ** 2 > _STORED
    rates = np.array([theory_rate(config, stored) for stored in state]).reshape(count, 2)
    texts = {
        "gradient": "gradient norm at the polished saddle",
        "moved": "distance from the slowest state to the saddle",
        "amplitude": "distance from the saddle along its unstable directions at the entry",
        "leaving_share": "share of the way to the leaving state in the unstable directions",
        "index": "unstable directions on the side where the plateau is left",
        "index_entering": "unstable directions on the side where it is entered",
    }
    data: dict[str, tuple] = {
        name: ("plateau", here[name], {"long_name": text}) for name, text in texts.items()
    }
    for k, name in enumerate(("entered", "slowest", "left")):
        data[name] = ("plateau", ends[k], {"long_name": f"time {name}"} | _TIME)
    exit_side = {"long_name": "unstable eigenvalues, side of the exit"} | _RATE
    entry_side = {"long_name": "unstable eigenvalues, side of the entry"} | _RATE
    text = {"long_name": "predicted length, to the measured speed at the exit"} | _TIME
    free = {"long_name": "predicted length, to the speed of a free growth at its exit"} | _TIME
    return data | {
        "length": ("plateau", ends[2] - ends[0], {"long_name": "measured length"} | _TIME),
        "predicted": ("plateau", here["predicted"], text),
        "predicted_free": ("plateau", here["predicted_free"], free),
        "eigenvalues": (("plateau", "direction"), here["eigenvalues"], exit_side),
        "eigenvalues_entering": (
            ("plateau", "direction"),
            here["eigenvalues_entering"],
            entry_side,
        ),
        "saddle_state": (("plateau", "parameter"), saddles, {"long_name": "W by rows, then b"}),
        "saddle_dimensionality": _per_feature(("plateau",), saddles, own, "D_i", dimensionality),
        "saddle_norm": _per_feature(("plateau",), saddles, own, "norm |W_i|", norms),
        "free_rate": ("plateau", rates[:, 0], {"long_name": "4 I v, orthogonal"} | _RATE),
        "paired_rate": ("plateau", rates[:, 1], {"long_name": "2 v (I_j - I_i r*)"} | _RATE),
    }


def theory_rate(config: "Config", stored: np.ndarray) -> tuple[float, float]:
    """Largest free and paired rate (`theory.growth`) of the dropped features.

    Free only where fewer than m are stored, paired only where any is; NaN else. For stored features
    that are orthonormal and not yet paired: later plateaus have no such formula.
    """
    importance, p = size(config).importance, config.density
    kept, dropped = importance[stored], importance[~stored]
    free = paired = np.nan
    if len(dropped) and len(kept) < config.hidden:
        free = float(growth.free_rate(dropped.max(), p))
    if len(dropped) and 0 < len(kept) <= config.hidden:
        paired = float(growth.paired_rate(dropped.max(), kept.min(), p))
    return free, paired


def _weights(states: np.ndarray, own: Size) -> np.ndarray:
    return states[..., : own.m * own.n].reshape(*states.shape[:-1], own.m, own.n)


def norms(states: np.ndarray, own: Size) -> np.ndarray:
    """‖W_i‖ (..., n) of rows (..., N)."""
    return np.linalg.norm(_weights(states, own), axis=-2)


def dimensionality(states: np.ndarray, own: Size) -> np.ndarray:
    """D_i = ‖W_i‖⁴/Σ_j (W_i·W_j)² (..., n); 0 where W_i = 0."""
    W = _weights(states, own)
    gram = np.swapaxes(W, -1, -2) @ W
    total = np.sum(gram**2, axis=-1)
    square = np.diagonal(gram, axis1=-2, axis2=-1) ** 2
    return np.where(total > 0, square / np.where(total > 0, total, 1.0), 0.0)


def _per_feature(dims: tuple, states: np.ndarray, own: Size, text: str, of) -> tuple:
    return ((*dims, "feature"), of(states, own), {"long_name": text, "units": "1"})
