"""Vulnerability in numbers: the claims of the paper, theory beside them, and every density."""

from typing import Any

import numpy as np
import xarray as xr

from theory.adversarial import frame_vulnerability

from ._adversarial_dataset import ATTACKS, KINDS
from ._claims import claim, lines, spread

RISE = 3.0  # the paper's
CORRELATED = 0.9  # the least correlation that is called high
TRACKS = 1.5  # the largest factor, up or down, between vulnerability and 1/D*
PARALLEL = (0.8, 1.25)  # slopes of logarithms that count as 1
_FOLLOWS = 1.25  # the factor of `follows_up_to`
_SPARSE = 0.1  # densities from here on have a vulnerability of first order
_WORDS = {
    "all inputs": "one attack on a feature for all inputs",
    "feature": "the best attack on a feature for each input",
    "worst": "the worst attack found for each input",
}
_NAMES = {"trained": "networks trained with AdamW", "minimum": "minima of the exact loss"}


def summary(dataset: xr.Dataset) -> dict[str, Any]:
    """Claims first, then a line for each density."""
    return {
        "features": dataset.sizes["feature"],
        "dimensions": dataset.sizes["hidden"],
        "claims": claims(dataset),
        "networks_that_converged": int(dataset["converged"].sum()),
        "follows_up_to_features_per_dimension": {
            attack: follows_up_to(dataset.sel(kind="minimum", attack=attack)) for attack in ATTACKS
        },
        "densities": [_density(dataset.isel(density=k)) for k in range(dataset.sizes["density"])],
    }


def claims(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """What the paper says of each attack on each kind of network, then what theory says."""
    found = []
    for kind in reversed(KINDS):
        for attack in ATTACKS:
            at = dataset.sel(kind=kind, attack=attack)
            start = f"{_NAMES[kind]}, {_WORDS[attack]}: "
            found += [line(at, start) for line in (_rise, _correlation, _tracks, _slope)]
    return found + _theory(dataset.sel(kind="minimum"))


def _rise(at: xr.Dataset, start: str) -> dict[str, Any]:
    """The largest vulnerability of a seed over its own at the densest inputs."""
    values = _vulnerability(at)
    ratio = values.max(0) / values[0]
    sentence = (
        f"{start}vulnerability rises, largest over that of the densest (mean and range of seeds); "
        f"agrees if more than {RISE:g} times in all, disagrees if in none"
    )
    agrees = True if np.min(ratio) > RISE else False if np.max(ratio) <= RISE else None
    return claim(sentence, float(np.mean(ratio)), paper=RISE, agrees=agrees, interval=spread(ratio))


def _correlation(at: xr.Dataset, start: str) -> dict[str, Any]:
    """Pearson's, over the densities, for each seed."""
    values, dense = _vulnerability(at), at["features_per_dimension"].values[_order(at)]
    each = np.array([np.corrcoef(v, d)[0, 1] for v, d in zip(values.T, dense.T, strict=True)])
    sentence = (
        f"{start}highly correlated with features per dimension 1/D*, linear correlation over "
        f"densities (mean and range of seeds); agrees if above {CORRELATED} in all"
    )
    agrees = bool(np.min(each) > CORRELATED)
    return claim(sentence, float(np.mean(each)), paper="high", agrees=agrees, interval=spread(each))


def _tracks(at: xr.Dataset, start: str) -> dict[str, Any]:
    """Vulnerability over 1/D*, at the density at which that is furthest from 1."""
    ratio = _vulnerability(at) / at["features_per_dimension"].values[_order(at)]
    mean = ratio.mean(1)
    furthest = mean[np.argmax(np.abs(np.log(mean)))]
    sentence = (
        f"{start}vulnerability closely tracks 1/D*: their ratio where it is furthest from 1 (mean "
        f"of seeds; range of all networks); agrees if within a factor {TRACKS:g} everywhere"
    )
    agrees = bool(np.max(np.abs(np.log(mean))) <= np.log(TRACKS))
    return claim(sentence, furthest, paper=1, agrees=agrees, interval=spread(ratio.ravel()))


def follows_up_to(at: xr.Dataset) -> float | None:
    """The largest 1/D* up to which vulnerability over 1/D* (means of seeds) stays within 1.25."""
    dense = at["features_per_dimension"].values[_order(at)].mean(1)
    off = np.abs(np.log(_vulnerability(at).mean(1) / dense)) > np.log(_FOLLOWS)
    first = int(np.argmax(off)) if off.any() else len(off)
    return float(dense[:first].max()) if first else None


def _slope(at: xr.Dataset, start: str) -> dict[str, Any]:
    each = slopes(at)
    low, high = PARALLEL
    sentence = (
        f"{start}slope of log vulnerability against log 1/D* (mean and range of seeds); agrees if "
        f"in [{low:g}, {high:g}] in all"
    )
    agrees = bool(np.min(each) >= low and np.max(each) <= high)
    return claim(sentence, float(np.mean(each)), paper=1, agrees=agrees, interval=spread(each))


def slopes(at: xr.Dataset) -> np.ndarray:
    """d log v/d log(1/D*) (seed,), by least squares over the densities."""
    x = np.log(at["features_per_dimension"].values[_order(at)])
    y = np.log(np.maximum(_vulnerability(at), 1e-12))
    x, y = x - x.mean(0), y - y.mean(0)
    return np.sum(x * y, axis=0) / np.sum(x * x, axis=0)


def frames(at: xr.Dataset) -> np.ndarray:
    """c/D*² (density, seed) of tight frames, with the c and the D* of each network."""
    star = 1 / at["features_per_dimension"].values
    return frame_vulnerability(star, np.clip(at["answering"].values, 1e-12, 1.0))


def _theory(at: xr.Dataset) -> list[dict[str, Any]]:
    """Theory for the minima; the paper has none."""
    values = at["vulnerability"]
    together, feature = (values.sel(attack=name).values for name in ATTACKS[:2])
    sparse = at["density"].values <= _SPARSE
    return [
        _within("all inputs: over c/D*² of tight frames", together / frames(at), 2 / 3, 1.5),
        _within(
            f"feature, p <= {_SPARSE:g}: over that of one open output",
            (feature / at["one_output"].values)[sparse],
            2 / 3,
            1.5,
        ),
        _within(
            f"feature, p <= {_SPARSE:g}: half the norm, over the whole",
            (at["halved"].values / feature)[sparse],
            1.5,
            2.0,
        ),
        _within("all attacks: over their upper bound", values.max("attack") / at["bound"], 0, 1),
    ]


def _within(words: str, ratio: Any, low: float, high: float) -> dict[str, Any]:
    """Whether the ratio is in an interval for every network."""
    ratio = np.asarray(ratio)
    sentence = (
        f"minima of the exact loss, {words} (mean and range of all networks); agrees if in "
        f"[{low:.3g}, {high:.3g}] in all"
    )
    agrees = bool(np.min(ratio) >= low and np.max(ratio) <= high)
    return claim(sentence, float(np.mean(ratio)), paper=None, agrees=agrees, interval=spread(ratio))


def _order(at: xr.Dataset) -> np.ndarray:
    """Densest first."""
    return np.argsort(-at["density"].values)


def _vulnerability(at: xr.Dataset) -> np.ndarray:
    """(density, seed), densest first."""
    return at["vulnerability"].values[_order(at)]


def _density(at: xr.Dataset) -> dict[str, Any]:
    return {"density": float(at["density"]), "radius": float(at["radius"].mean())} | {
        kind: _numbers(at.sel(kind=kind)) for kind in KINDS
    }


def _numbers(at: xr.Dataset) -> dict[str, Any]:
    values = at["vulnerability"]
    return {
        "features_per_dimension": _mean(at["features_per_dimension"]),
        "loss": _mean(at["loss"]),
        "vulnerability": {attack: values.sel(attack=attack).values.tolist() for attack in ATTACKS},
        "largest_standard_error": float(at["standard_error"].max()),
        "feature_with_half_the_norm": _mean(at["halved"]),
        "theory": {"frame": float(frames(at).mean())}
        | {name: _mean(at[name]) for name in ("one_output", "bound")},
        "answering_share": _mean(at["answering"]),
        "open_share": _mean(at["open_share"]),
        "first_order_share": _mean(at["first_order"]),
    }


def _mean(values: xr.DataArray) -> float:
    return float(values.mean())


def table(dataset: xr.Dataset) -> str:
    """The claims, then vulnerabilities of the minima over the density."""
    numbers = summary(dataset)
    out = lines(numbers["claims"])
    for entry in numbers["densities"]:
        row = entry["minimum"]
        means = ", ".join(f"{k} {np.mean(v):.3g}" for k, v in row["vulnerability"].items())
        stars = row["features_per_dimension"]
        out.append(f"p = {entry['density']:6.4f}: 1/D* = {stars:6.3f}, vulnerability {means}")
    return "\n".join(out)
