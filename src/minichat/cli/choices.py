"""Types of arguments: ids, and choices whose values are in a module that a command imports when it runs."""

from collections.abc import Callable, Iterable
from functools import cached_property

import click

ID = click.IntRange(1, 2**53 - 1)
"""An id of anything. Larger numbers are none (see `model.MAX_ID`), and a database can't compare them."""


class LateChoice(click.Choice[str]):
    """click's choice, which asks for its values at their first use."""

    def __init__(self, values: Callable[[], Iterable[str]]) -> None:
        """`values` imports the module and returns the values."""
        self._values = values
        self.case_sensitive = True

    @cached_property
    def choices(self) -> tuple[str, ...]:  # type: ignore[override]  # click assigns it
        return tuple(self._values())
