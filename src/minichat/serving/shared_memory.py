"""The folder in memory that the workers of one server share, for metrics and typing notices.

prometheus-client keeps one file per worker there (see `api.metrics`). The files of a dead worker stay, because the
metrics must keep its counts. Every process of the server holds a lock on the folder, so that the next server can detect
and remove the folder of a killed server.
"""

import fcntl
import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile, gettempdir, mkdtemp

from minichat.config import SHARED_MEMORY_DIR
from minichat.serving.metrics_files import release_space

FOLDER_PREFIX = "minichat-metrics-"
NEEDED_BYTES = 4 * 2**20
"""The space that must be free. A worker needs a tenth."""
UNLOCKED_SECONDS = 60
"""A younger folder without a lock may belong to a server that is starting. An older one is abandoned."""


class SharedMemory:
    """The folder of this server. Environment variables pass its name to the workers."""

    def __init__(self) -> None:
        """Create the folder in the first place that has room. Raises OSError if there is none."""
        self.folder = new_folder()
        self._lock = _locked(self.folder)
        os.environ[SHARED_MEMORY_DIR] = str(self.folder)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self.folder)  # prometheus-client's own name for it

    def forget_worker(self, pid: int) -> None:
        """Remove the metrics that describe a living worker, such as its requests in progress."""
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid)  # type: ignore[no-untyped-call]
        release_space(self.folder, pid)

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def new_folder(among: Iterable[Path] | None = None) -> Path:
    """Return a new folder in the first place that can be written and is not full. Raises OSError."""
    reasons = []
    for place in places() if among is None else among:
        if reason := reason_against(place):
            reasons.append(f"{place} can't be used: {reason}")
        else:
            _remove_abandoned(place)
            return Path(mkdtemp(prefix=FOLDER_PREFIX, dir=place))
    raise OSError("; ".join(reasons))


def reason_against(place: Path) -> str | None:
    """Return the reason why the workers can't share files in this folder, or None."""
    try:
        with TemporaryFile(prefix="minichat-", dir=place) as file:
            os.posix_fallocate(file.fileno(), 0, NEEDED_BYTES)
    except OSError as error:
        return error.strerror or str(error)
    return None


def places() -> Iterator[Path]:
    """Yield the folders in which the workers may share files, the best first."""
    yield Path("/dev/shm")  # noqa: S108 - names there are random
    with suppress(FileNotFoundError):  # no folder for temporary files can be written
        yield Path(gettempdir())


def _remove_abandoned(root: Path) -> None:
    for folder in root.glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):  # a server is using it, or it belongs to another user
            found = folder.lstat()
            if found.st_uid == os.geteuid() and time.time() - found.st_mtime > UNLOCKED_SECONDS:
                os.close(_locked(folder))
                shutil.rmtree(folder)


def _locked(folder: Path) -> int:
    """Return a descriptor that locks the folder for this process and its children. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
