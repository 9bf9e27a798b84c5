"""The standard streams of a command: a full disk, a closed pipe or a missing stream never looks like another failure.

Standard output raises its own error, which no handler of a database's or a file's errors catches. Standard error drops
text that it can't write, because there is no other place to report it. This module uses only the standard library.
"""

import io
import os
import select
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TextIO


class OutputFailed(Exception):
    """Standard output can't be written."""

    def __init__(self, error: OSError) -> None:
        super().__init__(f"Standard output can't be written: {error.strerror}.")
        self.is_closed_pipe = isinstance(error, BrokenPipeError)


@contextmanager
def guarded() -> Iterator[None]:
    """Guard `sys.stdout` and `sys.stderr` in the block. They write UTF-8, and to a terminal in its own encoding."""
    _reserve_descriptors()
    before = sys.stdout, sys.stderr
    sys.stdout = _guarded(sys.stdout, _Output, 1)
    sys.stderr = _guarded(sys.stderr, _Errors, 2)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


class _Output(io.FileIO):
    """A file that raises OutputFailed once, then drops everything, so that the end of the process stays silent."""

    _has_failed = False

    def write(self, data: Any, /) -> int:
        if self._has_failed:
            return len(memoryview(data))
        try:
            return _write(self, data)
        except OSError as error:
            self._has_failed = True
            raise OutputFailed(error) from error


class _Errors(io.FileIO):
    """A file that drops data that it can't write."""

    def write(self, data: Any, /) -> int:
        with suppress(OSError):
            return _write(self, data)
        return len(memoryview(data))


def _write(file: io.FileIO, data: Any) -> int:
    # A pipe does not block if the process at its other end has chosen so, for example Node.
    while (written := io.FileIO.write(file, data)) is None:
        select.select([], [file], [])
    return written


def _guarded(stream: TextIO | None, kind: type[io.FileIO], descriptor: int) -> TextIO:
    """Return a guarded stream in the place of `stream`, or `stream` itself if it is no file, as in tests."""
    if stream is not None:
        try:
            stream.flush()
            descriptor = stream.fileno()
        except (OSError, ValueError):
            return stream
    is_terminal = os.isatty(descriptor)
    return io.TextIOWrapper(
        io.BufferedWriter(kind(descriptor, "wb", closefd=False)),
        encoding=stream.encoding if stream is not None and is_terminal else "utf-8",
        errors="backslashreplace",
        line_buffering=is_terminal or kind is _Errors,
    )


def _reserve_descriptors() -> None:
    """Open the closed ones of the first three descriptors, so that no database or lock file gets their numbers."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:  # it gets the lowest free number, and reading from or writing to it fails as before
            os.set_inheritable(os.open(os.devnull, os.O_RDONLY if descriptor else os.O_WRONLY), True)
