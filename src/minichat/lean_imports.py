"""Imports of libraries without the optional packages that they would load, for a fast start and small workers.

This module knows no library.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

_ABSENT = object()


@contextmanager
def without(package: str) -> Iterator[None]:
    """Import libraries in the block as if this optional package were not installed. Afterwards it can be imported."""
    present = sys.modules.get(package, _ABSENT)
    sys.modules[package] = None  # type: ignore[assignment]  # Python's way to say so: an import raises ImportError
    try:
        yield
    finally:
        if present is _ABSENT:
            del sys.modules[package]
        else:
            sys.modules[package] = present  # type: ignore[assignment]  # a module again
