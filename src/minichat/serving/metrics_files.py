"""The files in which a worker counts for Prometheus, made safe for a full disk.

prometheus-client maps sparse files. The kernel kills a process (SIGBUS) that writes to such a mapping while the disk is
full, and `/dev/shm` is small in containers. So the space of a file is reserved when it is created. This module knows
only the form of these files.
"""

import logging
import os
import sys
from contextlib import suppress
from pathlib import Path

log = logging.getLogger(__name__)

HEADER_BYTES = 8
"""Size of a file without counts. The library can't read a smaller one."""
RESERVED_BYTES = 256 * 1024
"""Space for the counts of all routes; a file that outgrows it would be sparse again."""


def reserve_space() -> None:
    """Let this process reserve the space of its files. Call it before the first metric exists."""
    from prometheus_client import values
    from prometheus_client.mmap_dict import MmapedDict

    class Reserved(MmapedDict):
        def __init__(self, filename: str, read_mode: bool = False) -> None:
            super().__init__(_reserved(Path(filename)), read_mode)  # type: ignore[no-untyped-call]

    values.MmapedDict = Reserved  # type: ignore[attr-defined]  # the library offers no other way


def _reserved(file: Path) -> str:
    """Return the file with its space reserved; if the disk is full, a file in the memory of this process."""
    try:
        with file.open("ab") as created:
            os.posix_fallocate(created.fileno(), 0, RESERVED_BYTES)
    except OSError as error:
        log.warning("the metrics leave out some counts of this worker, which has no room for %s: %s", file.name, error)
        file.unlink(missing_ok=True)
        return f"/proc/self/fd/{os.memfd_create(file.name)}"
    return str(file)


def release_space(folder: Path, pid: int) -> None:
    """Cut the files of a worker that has ended to their content, which the metrics keep."""
    for file in folder.glob(f"*_{pid}.db"):
        with suppress(OSError), file.open("r+b") as opened:
            used = int.from_bytes(opened.read(4), sys.byteorder)  # 0 if the worker was killed while it created the file
            opened.truncate(max(used, HEADER_BYTES))
