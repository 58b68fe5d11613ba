"""The option `--full` of simulations whose default is smaller than the paper's experiment."""

import dataclasses
from collections.abc import Mapping
from typing import Any


def enlarge(config: Any, sizes: Mapping[str, Any]) -> None:
    """Gives those fields of a frozen config that have their defaults the sizes of the paper."""
    for field in dataclasses.fields(config):
        if field.name in sizes and getattr(config, field.name) == field.default:
            object.__setattr__(config, field.name, sizes[field.name])
