"""Uploaded pictures as files in one folder, each under a random name.

A name that a row may hold leads to a complete file that is on the disk: a file is written as a draft, synced and only
then given its name.
"""

import logging
import os
import re
import secrets
import time
from collections.abc import Container, Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

from minichat.domain.avatars import NAME
from minichat.domain.errors import Unavailable

log = logging.getLogger(__name__)

_WHOLE, _DRAFT = ".webp", ".draft"
_IS_NAME = re.compile(NAME)
_IS_FILE = re.compile(rf"({NAME})(?:{_WHOLE}|{_DRAFT})")


class MediaUnavailable(Unavailable):
    """The folder is not to be used, or full: for an operator it is another matter than the database."""


class FileMedia:
    def __init__(self, folder: Path) -> None:
        """`folder` and the one around it are made on first use, for their owner alone."""
        self._folder = folder

    def add(self, data: bytes) -> str:
        name = secrets.token_urlsafe(16)
        self.put(name, data)
        return name

    def put(self, name: str, data: bytes) -> None:
        """Keep a picture under a name that is no other's. Raises MediaUnavailable."""
        try:
            self._write(name, data)
        except OSError as error:
            self.remove(name)
            raise MediaUnavailable(f"a picture can't be kept: {error}") from error

    def read(self, name: str) -> bytes | None:
        if not _IS_NAME.fullmatch(name):
            return None
        try:
            return self._path(name, _WHOLE).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
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
                log.warning("a picture that nobody shows any more stays for now: %s", error)

    def names(self) -> Iterable[tuple[str, int]]:
        now = time.time()
        try:
            with suppress(FileNotFoundError), os.scandir(self._folder) as files:
                for file in files:
                    if found := _IS_FILE.fullmatch(file.name):
                        with suppress(FileNotFoundError):  # removed meanwhile
                            yield found[1], round((now - file.stat().st_mtime) * 1000)
        except OSError as error:
            raise MediaUnavailable(str(error)) from error

    def copy_to(self, other: "FileMedia") -> set[str]:
        """Copy the pictures that `other` lacks; return the names of all. Raises MediaUnavailable.

        A picture never changes under its name, so what was copied once stays right.
        """
        names = set()
        for name, _ in self.names():
            if not other.has(name):
                data = self.read(name)
                if data is None:  # removed meanwhile, or never finished
                    continue
                other.remove(name)  # the draft of a copy that was broken off
                other.put(name, data)
            names.add(name)
        return names

    def keep_only(self, kept: Container[str]) -> None:
        """Remove all pictures but those of these names. Raises MediaUnavailable."""
        for name in [name for name, _ in self.names() if name not in kept]:
            self.remove(name)

    def has(self, name: str) -> bool:
        return self._path(name, _WHOLE).exists()

    def prepare(self) -> None:
        """Make the folder and try whether a file can be kept there. Raises MediaUnavailable."""
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
        draft = self._path(name, _DRAFT)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._path(name, _WHOLE))
        folder_itself = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder_itself)
        finally:
            os.close(folder_itself)
