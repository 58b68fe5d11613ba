"""A config from the JSON of its record, which may have been altered since."""

import types
import typing
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, TypeVar

from ._options import Options

C = TypeVar("C", bound=Options)


def restore(kind: type[C], out: Path, record: Mapping[str, Any]) -> C:
    """The config with these options; raises TypeError or ValueError where they do not fit."""
    options, kinds = tuples(record), typing.get_type_hints(kind)
    for name, value in options.items():
        if name in kinds and not fits(value, kinds[name]):
            raise ValueError(
                f"Argument `{name}` must be of type {_word(kinds[name])}, but is {value!r}."
            )
    return kind(out=out, **options)


def tuples(value: Any) -> Any:
    """JSON has lists where a config has tuples."""
    if isinstance(value, dict):
        return {name: tuples(item) for name, item in value.items()}
    return tuple(map(tuples, value)) if isinstance(value, list) else value


def fits(value: Any, kind: Any) -> bool:
    """Whether a value is of the type that an option is declared with."""
    origin, inside = typing.get_origin(kind), typing.get_args(kind)
    if origin is Literal:
        return value in inside
    if origin in (types.UnionType, typing.Union):
        return any(fits(value, part) for part in inside)
    if origin is tuple:
        return isinstance(value, tuple) and _each_fits(value, inside)
    return type(value) in ((int, float) if kind is float else (kind,))


def _each_fits(values: tuple[Any, ...], kinds: tuple[Any, ...]) -> bool:
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(values)
    return len(values) == len(kinds) and all(map(fits, values, kinds))


def _word(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type) and not typing.get_args(kind) else str(kind)
