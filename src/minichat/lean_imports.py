"""Imports of libraries without the parts that minichat does not use, for a fast start and small workers.

This module knows no library.
"""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import Any

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


@contextmanager
def deferred(module: str) -> Iterator[None]:
    """Let libraries import this module in the block without loading it. Their first use loads it."""
    if module in sys.modules:
        yield
        return
    # `importlib.util.LazyLoader` would load it at the second import.
    stand_in = sys.modules[module] = _DeferredModule(module)
    try:
        yield
    finally:
        stand_in.step_aside()


class _DeferredModule(ModuleType):
    """Stands in for a module until the first use of an attribute."""

    def __getattr__(self, name: str) -> Any:
        self.step_aside()
        return getattr(import_module(self.__name__), name)

    def step_aside(self) -> None:
        """Let the module be imported."""
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]


@contextmanager
def deferred_patterns() -> Iterator[None]:
    """Let libraries define regular expressions in the block without compiling them. Their first use compiles them."""
    re.compile = _DeferredPattern  # type: ignore[assignment]  # libraries use the methods of the result alone
    try:
        yield
    finally:
        re.compile = _compile


_compile = re.compile


class _DeferredPattern:
    """A regular expression that compiles itself at its first use."""

    def __init__(self, *definition: Any, **options: Any) -> None:
        self._definition = definition
        self._options = options

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):  # Python looks for special attributes of what a class contains
            raise AttributeError(name)
        return getattr(_compile(*self._definition, **self._options), name)  # `re` remembers the compiled pattern
