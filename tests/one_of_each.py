"""A plugin for pytest that runs each test function once, with its first parameters."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the repetitions of test functions."""
    first = {item.nodeid.partition("[")[0]: item for item in reversed(items)}
    kept = {id(item) for item in first.values()}
    config.hook.pytest_deselected(items=[item for item in items if id(item) not in kept])
    items[:] = [item for item in items if id(item) in kept]
