"""Write files atomically, with permissions for their owner only.

Each file is written under a draft's name, synced to the disk, and then renamed. Settings, adapters and commands use
this module. It uses only the standard library and knows nothing of the rest of minichat.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from glob import escape
from pathlib import Path


class NotWritten(Exception):
    """The file can't be written here; the text is a sentence for the operator."""


class FileIsThere(NotWritten):
    """The file exists, and the caller did not ask to replace it."""


def write_file(path: Path, data: bytes, *, draft: Path, is_exclusive: bool = False) -> None:
    """Write `data` to `path`. A process that is killed during this may leave `draft`, in the same folder.

    With `is_exclusive`, only the first of several writers succeeds; this requires a file system with hard links.
    Raises FileExistsError if `draft` exists, or if `path` exists and `is_exclusive`; OSError if the disk fails.
    """
    descriptor = _create(draft)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(descriptor)
        if is_exclusive:
            path.hardlink_to(draft)  # fails if `path` exists, whereas renaming would replace it
        else:
            draft.rename(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync(path.parent)


@contextmanager
def atomic_file(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield an empty file in the folder `path`.part. The block fills it, directly or by another program.

    When the block ends, the file is synced and renamed to `path`. If the block fails or the process is killed, `path`
    stays unchanged, and the next call removes the leftovers. Raises NotWritten if another process is writing `path`, or
    if `path` exists and may not be replaced; OSError if the disk fails.
    """
    _check_free(path, replace)
    folder = path.with_name(f"{path.name}.part")
    folder.mkdir(mode=0o700, exist_ok=True)
    with _locked(folder):
        _remove_drafts(folder, path.name)
        try:
            draft = folder / path.name
            os.close(_create(draft))
            yield draft
            _sync(draft)
            _check_free(path, replace)
            draft.rename(path)
            _sync(path.parent)
        finally:
            _remove_drafts(folder, path.name)
            with suppress(OSError):  # another program has put a file there
                folder.rmdir()


def _create(draft: Path) -> int:
    return os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _check_free(path: Path, replace: bool) -> None:
    if path.exists() and not path.is_file():
        raise NotWritten(f"{path} is not a file.")
    if path.exists() and not replace:
        raise FileIsThere(f"{path} exists already.")


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise NotWritten(f"Another process is writing in {folder}.") from error
    finally:
        os.close(descriptor)


def _remove_drafts(folder: Path, name: str) -> None:
    """Remove the draft and the files that SQLite keeps beside it."""
    for left in folder.glob(f"{escape(name)}*"):
        left.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
