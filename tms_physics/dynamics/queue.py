"""Starts that wait for a free lane: the loop around `lanes.advanced`, in bounded memory."""

from collections.abc import Callable
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from .._checks import check_callable, check_scalar_valued
from ..spaces import Space
from . import lanes as batch

_ROUNDS = 25  # steps between two looks at which lanes have ended
_TOLERANCE = {"float64": 1e-8, "float32": 1e-4}  # of ‖∇E‖ over its scale: the basin is known
MOST = 5000  # evaluations of a start
_PADS = 8


class Problem(NamedTuple):
    """An energy of n particles in a space, padded with particles without charge to one of few
    shapes; `slopes(X, charges)` for lanes, `energy(X, charges)` for one state."""

    slopes: Callable[..., Any]
    energy: Callable[..., Array]
    space: Space
    n: int
    charges: Array


def problem(energy: Any, space: Space, n: int) -> Problem:
    """`energy` as lanes need it: with `slopes` and `charged` of its own, or by derivatives."""
    check_callable(energy=energy)
    if hasattr(energy, "slopes") and hasattr(energy, "charged"):
        size = padded(n)
        charges = (jnp.arange(size) < n).astype(jnp.result_type(float))
        return Problem(energy.slopes, energy.charged, space, n, charges)
    like = jax.ShapeDtypeStruct((space.dimension, n), jnp.result_type(float))
    check_scalar_valued("energy", energy, like)
    alone = _Uncharged(energy)
    return Problem(alone.slopes, alone.charged, space, n, jnp.ones(n))


class _Uncharged:
    """A plain function of X; equal to another of the same function, so programs are shared."""

    def __init__(self, energy: Callable[[Array], Array]) -> None:
        self.energy = energy

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Uncharged) and self.energy == other.energy

    def __hash__(self) -> int:
        return hash(self.energy)

    def charged(self, X: Array, charges: Array) -> Array:
        return self.energy(X)

    def slopes(self, X: Array, charges: Array) -> tuple[Array, Array]:
        return jax.vmap(jax.value_and_grad(self.energy), in_axes=-1, out_axes=(0, -1))(X)


def padded(n: int) -> int:
    """The least multiple of 8 (of 16 from 64 on) that is at least n."""
    step = _PADS if n <= 64 else 2 * _PADS
    return -(-n // step) * step


class Ends(NamedTuple):
    """Ends of descents: numbers of the starts, states (K, d, N), energies, scales of ∇E, ‖∇E‖
    over its scale, evaluations."""

    number: np.ndarray
    X: np.ndarray
    energy: np.ndarray
    scale: np.ndarray
    relative: np.ndarray
    evaluations: np.ndarray


@runtime_checkable
class Supply(Protocol):
    """Where starts come from and ends go to."""

    def give(self, count: int) -> tuple[np.ndarray, np.ndarray]:
        """At most `count` numbers and starts (count, d, N); none when there are no more now."""
        ...

    def take(self, ends: Ends) -> None: ...


def lanes_by_default() -> int:
    """64 on a CPU, where they stay in its cache; 4,096 elsewhere."""
    return 64 if jax.default_backend() == "cpu" else 4096


def descend_all(
    at: Problem, supply: Supply, *, lanes: int | None = None, tolerance: float | None = None
) -> None:
    """Keeps all lanes busy until the supply has no more starts and all lanes have ended."""
    width = lanes or lanes_by_default()
    d, size = at.space.dimension, at.charges.shape[0]
    state = batch.empty(d, size, width)
    goal = _TOLERANCE[state.X.dtype.name] if tolerance is None else tolerance
    owner = np.full(width, -1)
    starts = np.zeros((d, size, width), state.X.dtype)
    while True:
        free = np.flatnonzero(owner < 0)
        numbers, new = supply.give(len(free)) if len(free) else (free, starts[:0])
        fresh = free[: len(numbers)]
        owner[fresh] = numbers
        starts[:, :, fresh] = np.moveaxis(new, 0, -1) if len(fresh) else 0.0
        if np.all(owner < 0):
            return
        filling = np.isin(np.arange(width), fresh)
        state = batch.advanced(
            state, jnp.asarray(starts), jnp.asarray(filling), at.charges,
            slopes=at.slopes, space=at.space, tolerance=jnp.asarray(goal),
            most=jnp.asarray(MOST), rounds=jnp.asarray(_ROUNDS),
        )  # fmt: skip
        over = np.flatnonzero(np.asarray(state.ended) & (owner >= 0))
        if len(over):
            supply.take(_ends(state, owner[over], over))
            owner[over] = -1


def _ends(state: batch.Lanes, index: np.ndarray, over: np.ndarray) -> Ends:
    pick = np.asarray(state.X)[:, :, over]
    numbers = (state.energy, state.scale, state.relative, state.evaluations)
    return Ends(index, np.moveaxis(pick, -1, 0), *(np.asarray(a)[over] for a in numbers))
