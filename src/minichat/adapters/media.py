"""Uploaded pictures as files in one folder, each under a random name.

A database row names a picture only after its file is complete and synced to the disk. A file never changes under its
name. Links, pipes, devices and folders count as missing pictures: reading them could block a worker, or reveal a file
outside of the folder. This module does not look into the pictures.
"""

import errno
import logging
import os
import re
import secrets
import stat
import time
from collections.abc import Container, Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from minichat.atomic_files import write_file
from minichat.domain.avatars import NAME
from minichat.domain.errors import Unavailable

log = logging.getLogger(__name__)

_WHOLE, _DRAFT = ".webp", ".draft"
_IS_NAME = re.compile(NAME)
_IS_FILE = re.compile(rf"({NAME})(?:{_WHOLE}|{_DRAFT})")


_IRREGULAR = {errno.ELOOP, errno.ENXIO, errno.EISDIR}
"""The errors of opening a link, a socket or a folder."""


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file, but no link. Opening a pipe would wait for its writer."""
    return os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)


class MediaUnavailable(Unavailable):
    """The folder can't be used, or its disk is full. Commands name the folder and not the database in this case."""


class FileMedia:
    def __init__(self, folder: Path) -> None:
        """Create `folder` and its parent at the first use, accessible to their owner only."""
        self._folder = folder

    def add(self, data: bytes) -> str:
        name = secrets.token_urlsafe(16)
        self.put(name, data)
        return name

    def put(self, name: str, data: bytes) -> None:
        """Store a picture under a name that no other picture has. Raises MediaUnavailable."""
        try:
            self._write(name, data)
        except OSError as error:
            self.remove(name)
            raise MediaUnavailable(f"a picture can't be stored: {error}") from error

    def read(self, name: str) -> bytes | None:
        if not _IS_NAME.fullmatch(name):
            return None
        try:
            with open(self._path(name, _WHOLE), "rb", opener=_open_without_waiting) as file:
                return file.read() if stat.S_ISREG(os.fstat(file.fileno()).st_mode) else None
        except FileNotFoundError:
            return None
        except OSError as error:
            if error.errno in _IRREGULAR:
                return None
            raise MediaUnavailable(f"a picture can't be read: {error}") from error

    def remove(self, name: str) -> None:
        if not _IS_NAME.fullmatch(name):
            return
        for ending in (_WHOLE, _DRAFT):
            try:
                self._path(name, ending).unlink(missing_ok=True)
            except NotADirectoryError:
                return
            except OSError as error:
                log.warning("An unused picture can't be removed; `minichat prune` will try again: %s", error)

    def names(self) -> Iterable[tuple[str, int]]:
        now = time.time()
        try:
            with suppress(FileNotFoundError), os.scandir(self._folder) as files:
                for file in files:
                    found = _IS_FILE.fullmatch(file.name)
                    if found and file.is_file(follow_symlinks=False):
                        with suppress(FileNotFoundError):  # another process removed it
                            yield found[1], round((now - file.stat().st_mtime) * 1000)
        except OSError as error:
            raise MediaUnavailable(str(error)) from error

    def copy_to(self, other: "FileMedia") -> set[str]:
        """Copy the pictures that `other` lacks; return the names of all pictures. Raises MediaUnavailable.

        A picture never changes under its name, so an earlier copy stays valid.
        """
        names = set()
        for name, _ in self.names():
            if not other.has(name):
                data = self.read(name)
                if data is None:  # another process removed it, or an upload was interrupted
                    continue
                other.remove(name)  # the draft of an interrupted copy
                other.put(name, data)
            names.add(name)
        return names

    def keep_only(self, kept: Container[str]) -> None:
        """Remove all pictures except those with these names. Raises MediaUnavailable."""
        for name in [name for name, _ in self.names() if name not in kept]:
            self.remove(name)

    def has(self, name: str) -> bool:
        try:
            return stat.S_ISREG(self._path(name, _WHOLE).lstat().st_mode)
        except OSError:
            return False

    def prepare(self) -> None:
        """Make the folder, and check that a file can be written there. Raises MediaUnavailable."""
        try:
            self._make_folder()
            with TemporaryFile(dir=self._folder):
                pass
        except OSError as error:
            raise MediaUnavailable(str(error)) from error

    def _path(self, name: str, ending: str) -> Path:
        return self._folder / f"{name}{ending}"

    def _make_folder(self) -> None:
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _write(self, name: str, data: bytes) -> None:
        self._make_folder()
        write_file(self._path(name, _WHOLE), data, draft=self._path(name, _DRAFT))
