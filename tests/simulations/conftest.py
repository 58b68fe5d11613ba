"""Simulations call the library in whole programs; its types are checked by its own tests."""

from pathlib import Path

import pytest


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test here is `no_hook`: the checks would cost a seventh of the time."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker("no_hook")
