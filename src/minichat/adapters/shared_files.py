"""Files that the processes of one host share, and a folder for them that disappears with its last user.

Other users of the host can write to the system's temporary folder. So the files are in a folder that only this user can
enter; links and the folders of others are refused. This module does not read the files.
"""

import atexit
import fcntl
import logging
import os
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

log = logging.getLogger(__name__)

OpenFile = Callable[[Path], int]
"""A function that opens or creates a file, and returns its descriptor. Raises OSError."""

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_ATTEMPTS = 100
"""How often to create a folder that other processes remove at the same moment."""


def open_file(path: Path) -> int:
    """Open a file of this user alone; create it if it is missing."""
    return os.open(path, _FILE, 0o600)


def open_or_replace(open_: OpenFile, path: Path, use: str) -> int:
    """Open the file or, if that fails, a file in the memory of this process; log the reason."""
    try:
        return open_(path)
    except OSError as error:
        log.warning("the workers of this host can't share %s, so each has its own: %s", use, error)
        return os.memfd_create(f"minichat-{path.name}")


class TemporaryFolder:
    """A folder in the temporary folder of this user. It exists while a process uses it."""

    def __init__(self, name: str) -> None:
        """The processes that pass the same name share the folder, which the first `open` creates."""
        self._name = name
        self._lock = threading.Lock()
        self._place = Path()
        self._parent, self._folder, self._pid = -1, -1, 0

    def open(self, path: Path) -> int:
        """Open the file of that name in the folder; create it if it is missing. Raises OSError."""
        with self._lock:
            if self._pid != os.getpid():  # a lock taken before a fork would belong to both processes
                self._enter()
                atexit.register(self._leave)
            return os.open(path.name, _FILE, 0o600, dir_fd=self._folder)

    def _enter(self) -> None:
        """Create the folder and lock it, so that no other process removes it."""
        reasons = []
        for place in _places():
            try:
                self._parent, self._folder = _locked(place, self._name)
            except OSError as error:
                reasons.append(error)
            else:
                self._place, self._pid = place, os.getpid()
                return
        raise reasons[-1]

    def _leave(self) -> None:
        """Remove the folder if this process is its last user, and folders that killed processes have left."""
        with self._lock:
            if self._pid != os.getpid():
                return
            self._pid = 0
            fcntl.flock(self._folder, fcntl.LOCK_UN)
            os.close(self._folder)
            with suppress(OSError):
                for name in _names(self._parent):
                    _remove_unused(self._parent, name)
                self._place.rmdir()  # fails if other processes use it
            os.close(self._parent)


def _places() -> Iterator[Path]:
    """Yield the possible parents of the folder, the best first."""
    if runtime := os.environ.get("XDG_RUNTIME_DIR"):
        yield Path(runtime) / "minichat"
    yield Path(gettempdir()) / f"minichat-{os.geteuid()}"


def _locked(place: Path, name: str) -> tuple[int, int]:
    """Return descriptors of `place` and of its folder `name`, with a shared lock. Raises OSError."""
    for _ in range(_ATTEMPTS):
        with suppress(FileExistsError):
            place.mkdir(mode=0o700)
        try:
            parent = os.open(place, _FOLDER)
        except FileNotFoundError:  # another process has just removed it
            continue
        folder = -1
        try:
            _expect_own(parent, place)
            with suppress(FileExistsError):
                os.mkdir(name, 0o700, dir_fd=parent)
            folder = os.open(name, _FOLDER, dir_fd=parent)
            fcntl.flock(folder, fcntl.LOCK_SH)  # waits only while another process removes it
            if os.path.samestat(os.fstat(folder), os.stat(name, dir_fd=parent, follow_symlinks=False)):
                return parent, folder
        except FileNotFoundError:
            pass
        except BaseException:
            _close(folder, parent)
            raise
        _close(folder, parent)
    raise FileNotFoundError(f"other processes remove {place / name} again and again")


def _close(*descriptors: int) -> None:
    for descriptor in descriptors:
        if descriptor >= 0:
            os.close(descriptor)


def _expect_own(descriptor: int, place: Path) -> None:
    found = os.fstat(descriptor)
    if found.st_uid != os.geteuid() or stat.S_IMODE(found.st_mode) & 0o077:
        raise PermissionError(f"{place} belongs to another user, or other users can enter it")


def _names(folder: int) -> list[str]:
    with os.scandir(folder) as entries:
        return [entry.name for entry in entries]


def _remove_unused(parent: int, name: str) -> None:
    """Remove a folder that no process has locked."""
    with suppress(OSError):  # it is in use, or another process has removed it
        folder = os.open(name, _FOLDER, dir_fd=parent)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
            for file in _names(folder):
                os.unlink(file, dir_fd=folder)
            os.rmdir(name, dir_fd=parent)
        finally:
            os.close(folder)
