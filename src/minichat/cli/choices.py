"""A choice whose values are known to a module that a command imports when it runs."""

from collections.abc import Callable, Iterable
from functools import cached_property

import click


class LateChoice(click.Choice[str]):
    """click's choice, which asks for its values at their first use."""

    def __init__(self, values: Callable[[], Iterable[str]]) -> None:
        """`values` imports the module and returns the values."""
        self._values = values
        self.case_sensitive = True

    @cached_property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]  # click assigns it
        return tuple(self._values())
