"""Progress bars of long commands, on standard error if it is a terminal. A pipe or a file gets none."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import click

CLEAR_LINE = "\r\x1b[K"


class Bar:
    """Shows how much is done, from the first `update` on. All amounts have the same unit."""

    def __init__(self, label: str, *, is_shown: bool) -> None:
        self._label = label
        self._is_shown = is_shown
        self._bar: Any = None

    def update(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        if not self._is_shown:
            return
        if self._bar is None:
            self._bar = click.progressbar(length=total, label=self._label, file=sys.stderr)
            self._bar.__enter__()
        self._bar.length = total
        self._bar.update(done - self._bar.pos)

    def print_above(self, line: str) -> None:
        """Print a line on standard output, which may be the same terminal. The next `update` draws the bar again."""
        if self._bar is not None:
            sys.stderr.write(CLEAR_LINE)
            sys.stderr.flush()
        click.echo(line)

    def complete(self) -> None:
        """Show that all is done: the last step reports no progress of its own."""
        if self._bar is not None:
            self._bar.update(self._bar.length - self._bar.pos)

    def end(self) -> None:
        """Leave the line of the bar."""
        if self._bar is not None:
            self._bar.__exit__(None, None, None)


@contextmanager
def progress_bar(label: str) -> Iterator[Bar]:
    """Yield a bar that ends with the block. It is full if no exception ends the block."""
    bar = Bar(label, is_shown=sys.stderr is not None and sys.stderr.isatty())
    try:
        yield bar
        bar.complete()
    finally:
        bar.end()
