"""For all tests: what pytest itself needs."""

import gc


def pytest_collection_finish() -> None:
    """Leave the twelve thousand collected tests, which stay, out of each search for garbage."""
    gc.collect()
    gc.freeze()
