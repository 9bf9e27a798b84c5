"""Files that are there as a whole or not at all, for their owner alone."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path


class NotWritten(Exception):
    """The file can't be written here; the text is a sentence."""


class IsThere(NotWritten):
    """There is a file, and it was not to be replaced."""


@contextmanager
def draft(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """An empty file in the folder `path`.part; when the block ends, it is synced to the disk and becomes `path`.

    However the block or the process ends before, `path` is as it was, and what a killed process has left is cleared
    away by the next one. Raises NotWritten if `path` is there, unless it is a file to `replace`, or if another process
    is writing it; OSError if the disk does not take it.
    """
    _expect_room(path, replace)
    folder = path.with_name(f"{path.name}.part")
    folder.mkdir(mode=0o700, exist_ok=True)
    with _alone_in(folder):
        _clear(folder, path.name)
        try:
            file = folder / path.name
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            yield file
            _sync(file)
            _expect_room(path, replace)
            file.rename(path)
            _sync(path.parent)
        finally:
            _clear(folder, path.name)
            with suppress(OSError):  # somebody else has put something there
                folder.rmdir()


def _expect_room(path: Path, replace: bool) -> None:
    if path.exists() and not path.is_file():
        raise NotWritten(f"{path} is not a file.")
    if path.exists() and not replace:
        raise IsThere(f"{path} is there already.")


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise NotWritten(f"Another process is writing in {folder}.") from error
    finally:
        os.close(descriptor)


def _clear(folder: Path, name: str) -> None:
    """Remove the draft and what SQLite keeps beside it."""
    for left in folder.glob(f"{escape(name)}*"):
        left.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
