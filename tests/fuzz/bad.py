"""Bad values by the kind of argument that they are given to, and what a refusal must look like."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

NAN, INF = float("nan"), float("inf")
HUGE = 10**13  # as many bytes are more than any machine of ours has
SENTENCE = re.compile(r"Argument `(\w+)`[^\n]* must [^\n]*\.")

NOT_NUMBERS = (
    *("text", b"bytes", "", "0.5", 1j, True, object(), {"a": 1}, {1.0}, lambda: 0.5, dict),
    *([[1.0], [1.0, 2.0]], [None], ["0.5"], [True], [0.5, 1j], slice(2)),
    *(np.array("x"), np.array([0.5, None], object), np.array([True]), np.array([0.5 + 1j])),
    *(np.array(["0.5"]), np.datetime64("2022-09-14"), np.zeros(1, [("x", float)])),
)
NOT_FINITE = (NAN, INF, -INF, np.float32(NAN), np.array(NAN), [0.5, NAN], np.full((2, 2), INF))
NOT_SCALAR = ([0.5, 0.5], np.full(1, 0.5), np.full((2, 2), 0.5), [], np.zeros((0, 3)))
NOT_COUNTS = (
    *(-1, -HUGE, 0.5, 1.5, -2.0, 2.0, NAN, INF, "1", "many", b"2", None, 1j, True, False),
    *([], [2], (2, 3), np.ones(2), np.array([2]), object(), {}, lambda: 2, np.float64(3.0), int),
)
NOT_ROWS_OF_4 = (
    *(None, 0, "text", [], [0, 0], [-1], [4], [0.5], [[0]], [True], [NAN], [None], ["0"]),
    *([[0], [0, 1]], object(), {}, np.ones(2), np.array([0, 10**18])),
)
NOT_FUNCTIONS = (None, 0, 1.5, NAN, "text", [], np.ones(2), object(), {}, True)


@dataclass(frozen=True)
class Kind:
    """What an argument takes. `bad` values it never takes; of the others, numbers that `holds`.

    `shape` is "any", or what a number must have: () for one number.
    """

    bad: tuple[Any, ...]
    holds: Callable[[float], bool] | None = None
    scalar: bool = True
    example: float = 0.5

    def strategy(self) -> st.SearchStrategy[Any]:
        """Values that are bad: the listed ones, text, and where numbers are taken, others."""
        choices = [st.sampled_from(self.bad), st.text(max_size=20), st.complex_numbers()]
        if self.holds is not None:
            holds = self.holds
            wrong = st.floats(width=64).filter(lambda x: not holds(x))
            choices += [wrong, wrong.map(np.float64)]
            shapes = st.sampled_from([(1,), (2,), (2, 1), (2, 2)])
            choices += [hnp.arrays(float, shapes, elements=wrong)]
        return st.one_of(choices)

    def optional(self) -> "Kind":
        """The same where None is the default."""
        kept = tuple(value for value in self.bad if value is not None)
        return Kind(kept, self.holds, self.scalar, self.example)


def _numbers(rule: Callable[[float], bool], wrong: tuple[Any, ...], example: float) -> Kind:
    return Kind((*NOT_NUMBERS, None, *NOT_FINITE, *NOT_SCALAR, *wrong), rule, True, example)


def _arrays(rule: Callable[[float], bool], wrong: tuple[Any, ...], example: float) -> Kind:
    inside = tuple(np.array([example, value]) for value in wrong)
    return Kind((*NOT_NUMBERS, None, *NOT_FINITE, *wrong, *inside), rule, False, example)


def _in_unit(x: float) -> bool:
    return 0 < x <= 1


def _positive(x: float) -> bool:
    return 0 < x < INF


def _nonnegative(x: float) -> bool:
    return 0 <= x < INF


_OUT = (0, -0.0, -0.1, 1.2, -1, 2, 10**400, -(10**400), 1e300)
_NOT_POSITIVE = (0, -0.0, -1e-300, -1, -5e8, 10**400)
_NEGATIVE = (-1e-300, -1, -5e8, 10**400)
DENSITY, DENSITIES = (make(_in_unit, _OUT, 0.5) for make in (_numbers, _arrays))
POSITIVE, POSITIVES = (make(_positive, _NOT_POSITIVE, 0.5) for make in (_numbers, _arrays))
NONNEGATIVE, NONNEGATIVES = (make(_nonnegative, _NEGATIVE, 0.5) for make in (_numbers, _arrays))
REAL, REALS = (make(lambda x: abs(x) < INF, (10**400,), 0.5) for make in (_numbers, _arrays))


def interval(low: float, high: float) -> Kind:
    """One number between two others."""
    outside = (low - 1, high + 1, -(10**400))
    return _numbers(lambda x: low <= x <= high, outside, (low + high) / 2)


def count(least: int = 1, *others: Any) -> Kind:
    """An integer of at least `least`."""
    return Kind((*NOT_COUNTS, *range(-2, least), *others))


def size(least: int = 1, *others: Any) -> Kind:
    """An integer of at least `least` that sets how much memory is used."""
    return count(least, HUGE, 10**30, np.int64(HUGE), *others)


FUNCTION = Kind(NOT_FUNCTIONS)


@dataclass(frozen=True)
class Case:
    """A public function, arguments that it takes (made where needed) and their kinds."""

    name: str
    call: Callable[..., Any]
    good: Mapping[str, Any] = field(default_factory=dict)
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    broadcasts: tuple[str, ...] = ()
    names: frozenset[str] | None = None

    def arguments(self) -> frozenset[str]:
        """Names that a refusal may have."""
        return self.names or frozenset(inspect.signature(self.call).parameters)

    def own_arguments(self) -> frozenset[str]:
        """Of the call itself, `self` bound."""
        return frozenset(inspect.signature(self.call).parameters)

    def bad(self) -> Iterator[dict[str, Any]]:
        """Every listed bad call: one argument wrong, or two arrays that do not fit each other."""
        for name, kind in self.kinds.items():
            for value in kind.bad:
                yield {**self.good, name: value}
        for first, second in zip(self.broadcasts, self.broadcasts[1:], strict=False):
            low, high = self.kinds[first].example, self.kinds[second].example
            yield {**self.good, first: np.full(2, low), second: np.full(3, high)}


def called(function: Callable[..., Any], arguments: Mapping[str, Any]) -> Any:
    """The call; keys "*0", "*1", ... are positional."""
    named = {name: value for name, value in arguments.items() if not name.startswith("*")}
    first = [arguments[name] for name in sorted(arguments.keys() - named.keys())]
    return function(*first, **named)


def complaint(case: Case, arguments: Mapping[str, Any]) -> str:
    """What is wrong with how a bad call was met; empty if it was refused as it should be."""
    try:
        answer = called(case.call, arguments)
    except ValueError as error:
        said = SENTENCE.fullmatch(text := str(error))
        if said and said[1] in case.arguments():
            return ""
        return f"{_shown(case, arguments)} says: {text!r:.200}"
    except Exception as error:
        return f"{_shown(case, arguments)} raises {type(error).__name__}: {error!s:.160}"
    return f"{_shown(case, arguments)} gives {answer!r:.80}"


def _shown(case: Case, arguments: Mapping[str, Any]) -> str:
    wrong = {k: v for k, v in arguments.items() if case.good.get(k, arguments) is not v}
    return f"{case.name}({', '.join(f'{k}={v!r:.60}' for k, v in wrong.items())})"
