"""A plugin for pytest that runs each test function once, with its first parameters."""

import pytest


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Deselect the repetitions of test functions."""
    first: dict[str, pytest.Item] = {}
    repeated = [item for item in items if first.setdefault(item.nodeid.partition("[")[0], item) is not item]
    config.hook.pytest_deselected(items=repeated)
    items[:] = first.values()
