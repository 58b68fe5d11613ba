"""Hard cases of the population loss, by tag: where closed forms cancel, kinks meet, scales part."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

Array = np.ndarray


class Case(NamedTuple):
    """Parameters of one loss: W (2, n), b (n,), importance (n,), density (n,)."""

    W: Array
    b: Array
    importance: Array
    density: Array


def cases(n: int) -> dict[str, Case]:
    """All cases for n features, by tag; fewer where rational arithmetic is slow."""
    rng = np.random.default_rng(n)
    return {f"{tag}-{n}": case for tag, case in _cases(n, rng)}


def _random(n: int, rng: np.random.Generator) -> Case:
    W, b = rng.normal(size=(2, n)), rng.normal(scale=0.4, size=n)
    return Case(W, b, rng.uniform(0.2, 2.0, n), rng.uniform(0.02, 1.0, n))


def _dyadic(n: int, rng: np.random.Generator) -> Array:
    """Weights whose Gram matrix is free of rounding."""
    return rng.integers(-6, 7, size=(2, n)) / 4


def _cases(n: int, rng: np.random.Generator) -> Iterator[tuple[str, Case]]:
    for k in range(4):
        yield f"random{k}", _random(n, rng)
    yield "zeros", _random(n, rng)._replace(W=np.zeros((2, n)))
    yield "nothing", _random(n, rng)._replace(W=np.zeros((2, n)), b=np.zeros(n))
    yield "aligned", _random(n, rng)._replace(W=np.abs(rng.normal(size=(2, n))))
    yield from _special_columns(n, rng)
    yield from _scales(n, rng)
    yield from _kinks(n, rng)
    yield from _densities(n, rng)
    yield "one unimportant", _with_entry(_random(n, rng), "importance", 0.0)


def _special_columns(n: int, rng: np.random.Generator) -> Iterator[tuple[str, Case]]:
    yield "dead column", _with_column(_random(n, rng), 0.0)
    if n > 1:
        for tag, factor in (("duplicate", 1.0), ("antipode", -1.0), ("near-antipode", -1 + 1e-9)):
            case = _random(n, rng)
            yield tag, _with_column(case, factor * case.W[:, 1])
            yield f"{tag} b=0", _with_column(case, factor * case.W[:, 1])._replace(b=np.zeros(n))


def _nearly_orthogonal(n: int, size: float) -> Array:
    angles = size * np.arange(n) + np.pi / 2 * (np.arange(n) % 2)
    return np.stack([np.cos(angles), np.sin(angles)])


def _scales(n: int, rng: np.random.Generator) -> Iterator[tuple[str, Case]]:
    tiny = (1e-3, 1e-6, 1e-9, 1e-12, 1e-300) if n < 5 else (1e-3, 1e-6, 1e-12)
    for size in tiny:
        case = _random(n, rng)
        yield f"tiny column {size:g}", _with_column(case, size * case.W[:, 0])
        if n > 1:
            angles = size * np.arange(n) + np.pi / 2 * (np.arange(n) % 2)
            yield (
                f"tiny angles {size:g}",
                case._replace(W=np.stack([np.cos(angles), np.sin(angles)])),
            )
        case = _random(n, rng)
        yield f"tiny weights {size:g}", case._replace(W=size * case.W)
        yield f"tiny biases {size:g}", case._replace(b=size * case.b)
    for size in (1e2, 1e4):
        case = _random(n, rng)
        yield f"large weights {size:g}", case._replace(W=size * case.W)
        yield f"large column {size:g}", _with_column(case, size * case.W[:, 0])
        yield f"large biases {size:g}", case._replace(b=size * case.b)
    spread = np.geomspace(1e-4, 1e4, n)
    yield "all scales", _random(n, rng)._replace(W=spread * rng.normal(size=(2, n)))


def _kinks(n: int, rng: np.random.Generator) -> Iterator[tuple[str, Case]]:
    yield "b=0", _random(n, rng)._replace(b=np.zeros(n))
    for tag, share in (("first", 0), ("all", 1)):
        W = _dyadic(n, rng)
        gram = W.T @ W
        b = -np.sum(gram, axis=1) if share else -gram[:, 0]
        yield f"kink of {tag}", _random(n, rng)._replace(W=W, b=b)
    W = np.abs(_dyadic(n, rng)) + 0.25
    yield "kink at the corner", _random(n, rng)._replace(W=W, b=-np.sum(W.T @ W, axis=1))
    yield (
        "kink at the corner from above",
        _random(n, rng)._replace(W=W, b=np.nextafter(-np.sum(W.T @ W, axis=1), 0.0)),
    )


def _densities(n: int, rng: np.random.Generator) -> Iterator[tuple[str, Case]]:
    for density in (1.0, 1e-4):
        yield f"p={density:g}", _random(n, rng)._replace(density=np.full(n, density))
    yield "unequal p", _random(n, rng)._replace(density=np.geomspace(1e-4, 1.0, n))


def _with_column(case: Case, column: Array | float) -> Case:
    W = case.W.copy()
    W[:, 0] = column
    return case._replace(W=W)


def _with_entry(case: Case, field: str, value: float) -> Case:
    entries = getattr(case, field).copy()
    entries[0] = value
    return case._replace(**{field: entries})
