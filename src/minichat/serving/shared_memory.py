"""The folder in memory that the workers of one server share, for metrics and typing notices.

prometheus-client keeps one file per worker there (see `api.metrics`). The files of a dead worker stay, because the
metrics must keep its counts. Every process of the server holds a lock on the folder, so that the next server can detect
and remove the folder of a killed server.
"""

import fcntl
import os
import shutil
import time
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp

from minichat.config import SHARED_MEMORY_DIR

IN_MEMORY = next((path for path in [Path("/dev/shm")] if path.is_dir()), None)  # noqa: S108 - names there are random
FOLDER_PREFIX = "minichat-metrics-"
UNLOCKED_SECONDS = 60
"""A younger folder without a lock may belong to a server that is starting. An older one is abandoned."""


class SharedMemory:
    """The folder of this server. Environment variables pass its name to the workers."""

    def __init__(self) -> None:
        root = IN_MEMORY or Path(gettempdir())
        _remove_abandoned(root)
        self.folder = Path(mkdtemp(prefix=FOLDER_PREFIX, dir=root))
        self._lock = _locked(self.folder)
        os.environ[SHARED_MEMORY_DIR] = str(self.folder)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(self.folder)  # prometheus-client's own name for it

    def forget_worker(self, pid: int) -> None:
        """Remove the metrics that describe a living worker, such as its requests in progress."""
        from prometheus_client.multiprocess import mark_process_dead

        mark_process_dead(pid)  # type: ignore[no-untyped-call]

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


def _remove_abandoned(root: Path) -> None:
    for folder in root.glob(f"{FOLDER_PREFIX}*"):
        with suppress(OSError):  # a server is using it, or it belongs to another user
            if abs(time.time() - folder.stat().st_mtime) > UNLOCKED_SECONDS:
                os.close(_locked(folder))
                shutil.rmtree(folder)


def _locked(folder: Path) -> int:
    """Return a descriptor that locks the folder for this process and its children. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor
