"""Progress bars of long commands, on standard error if it is a terminal. A pipe or a file gets none."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

import click

CLEAR_LINE = "\r\x1b[K"


class Bar:
    """A bar that shows how much is done. All amounts have the same unit."""

    def __init__(self, bar: "click._termui_impl.ProgressBar[int]", *, is_shown: bool) -> None:
        self._bar = bar
        self.is_shown = is_shown

    def update(self, done: int, total: int) -> None:
        """Show that `done` of `total` are done."""
        self._bar.length = total
        self._bar.update(done - self._bar.pos)

    def print_above(self, line: str) -> None:
        """Print a line on standard output, which may be the same terminal."""
        if self.is_shown:
            sys.stderr.write(CLEAR_LINE)
            sys.stderr.flush()
        click.echo(line)
        if self.is_shown:
            self._bar.render_progress()


@contextmanager
def progress_bar(label: str) -> Iterator[Bar]:
    """Show a bar until the block ends, if standard error is a terminal."""
    is_shown = sys.stderr is not None and sys.stderr.isatty()
    with click.progressbar(length=1, label=label, file=sys.stderr, hidden=not is_shown) as bar:
        yield Bar(bar, is_shown=is_shown)
