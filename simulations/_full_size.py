"""The option `--full` of simulations whose default is smaller than the paper's experiment."""

import dataclasses
from collections.abc import Mapping
from typing import Any


def enlarge(config: Any, sizes: Mapping[str, Any]) -> None:
    """Gives the fields of a frozen config the sizes of the paper, where they have their defaults."""
    for field in dataclasses.fields(config):
        if field.name in sizes and getattr(config, field.name) == field.default:
            object.__setattr__(config, field.name, sizes[field.name])
