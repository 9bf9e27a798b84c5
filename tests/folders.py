"""Folders for the files of tests, in memory where the machine has room for them there.

SQLite and PostgreSQL wait for the disk at each commit. Tests need no durability, because they never crash the machine.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

IN_MEMORY = Path("/dev", "shm")
NEEDED_BYTES = 2 * 2**30


def memory_parent() -> Path | None:
    """The folder in memory, or None where there is none with enough room: None is the system's temporary folder."""
    if not os.access(IN_MEMORY, os.W_OK) or shutil.disk_usage(IN_MEMORY).free < NEEDED_BYTES:
        return None
    return IN_MEMORY


@contextmanager
def fast_folder() -> Iterator[Path]:
    """A new folder, in memory if possible, until the block ends."""
    folder = Path(mkdtemp(prefix="minichat-test-", dir=memory_parent()))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)
