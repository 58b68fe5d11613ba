"""Claims on the angles of more features than dimensions: almost orthogonal, and of which sign."""

from typing import Any

import xarray as xr

from ._claims import claim, spread
from ._directions_scores import both, extremes

_WITHIN = 0.3  # |cos| of which theory counts directions


def almost_orthogonal(dataset: xr.Dataset) -> list[dict[str, Any]]:
    _, sparse = extremes(dataset)
    m = dataset.sizes["hidden"]
    p = f"p = {float(sparse['density']):g}"
    over = sparse["cosine_mean_square"] / sparse["cosine_least_mean_square"]
    value, interval = both(over)
    chance = float((dataset["random_mean_square"] / dataset["random_least_mean_square"]).min())
    found = [
        claim(
            f"{p}: mean of cos² of stored features over Welch's bound; agrees if below every set "
            f"of random directions ({chance:.4g} or more)",
            value,
            paper="almost orthogonal",
            agrees=bool((over < chance).all()),
            interval=interval,
        )
    ]
    bound, packed = (float(dataset[f"{name}_coherence"]) for name in ("welch", "packed"))
    for name, ends, agrees in (
        ("largest", f"at most {packed:.3f}", bool((sparse["cosine_largest"] <= packed).all())),
        ("smallest", f"at least -{packed:.3f}", bool((sparse["cosine_smallest"] >= -packed).all())),
    ):
        value, interval = both(sparse[f"cosine_{name}"])
        random = spread(dataset[f"random_{name}"].values)
        assert random is not None
        found.append(
            claim(
                f"{p}: {name} cos of stored features; agrees if {ends}, the largest |cos| of as "
                f"many lines that descent finds (Welch's bound {bound:.3f}; sets of random "
                f"directions {random[0]:.3f} to {random[1]:.3f})",
                value,
                paper="almost orthogonal",
                agrees=agrees,
                interval=interval,
            )
        )
    if _WITHIN in dataset["epsilon"].values:
        at = dataset.sel(epsilon=_WITHIN)
        counts = [float(at[name]) for name in ("almost_orthogonal_count", "most_directions")]
        found.append(
            claim(
                f"directions in {m} dimensions with all |cos| <= {_WITHIN}: random ones prove so "
                "many, and bounds allow no more than; what exp(m) says depends on ε",
                counts,
                paper="exp(m)",
                agrees=None,
            )
        )
    return found


def signs(dataset: xr.Dataset) -> list[dict[str, Any]]:
    """ReLU filters negative sums: does it show in the cosines, sparse and dense?"""
    dense, sparse = extremes(dataset)
    high = float((1 - dataset["random_positive"]).max())
    least = float(dataset["random_skewness"].min())
    negative, alike = 1 - sparse["cosine_positive"], 1 - dense["cosine_positive"]
    skewness, over = sparse["cosine_skewness"], sparse["coupling_over_threshold"]
    mean = sparse["mean_direction"]
    few, all_on = (f"p = {float(at['density']):g}: " for at in (sparse, dense))
    return [
        _line(
            f"{few}share of Σcos² in negative cosines; agrees if above every set of random "
            f"directions ({high:.3f})",
            negative,
            "negative interference is cheaper",
            negative > high,
        ),
        _line(
            f"{all_on}share of Σcos² in negative cosines; agrees if not above every set of random "
            f"directions ({high:.3f})",
            alike,
            None,
            alike <= high,
        ),
        _line(
            f"{few}mean of cos³ over (mean of cos²)^1.5; agrees if below every set of random "
            f"directions ({least:.3f})",
            skewness,
            "negative interference is cheaper",
            skewness < least,
        ),
        _line(
            f"{few}largest G_ij, i ≠ j, over -b_i, up to which ReLU is silent if one other feature "
            "is active; agrees if at most 1.05",
            over,
            None,
            over <= 1.05,
        ),
        _line(
            f"{few}share of (1, ..., 1)/√n in the row space of W, 0 where ΣW_i = 0; agrees if at "
            "most 0.01 (random directions: m/n)",
            mean,
            None,
            mean <= 0.01,
        ),
    ]


def _line(
    sentence: str, values: xr.DataArray, paper: str | None, agrees: xr.DataArray
) -> dict[str, Any]:
    """Networks without the number, NaN, neither agree nor disagree."""
    known = values.notnull()
    verdict = bool(agrees.where(known, True).all()) if bool(known.any()) else None
    value, interval = both(values)
    return claim(sentence, value, paper=paper, agrees=verdict, interval=interval)
