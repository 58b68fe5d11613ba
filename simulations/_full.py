"""The paper's sizes: what `--full` puts in place of options that were left at their defaults."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from ._options import Options


def resolve(config: Options, sizes: Mapping[str, Any]) -> None:
    """Sets each option in `sizes` that has its default; called by a config while it is made."""
    defaults = {field.name: field.default for field in dataclasses.fields(config)}
    for name, value in sizes.items():
        if getattr(config, name) == defaults[name]:
            object.__setattr__(config, name, value)
