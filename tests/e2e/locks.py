"""The kernel's view of the locks around a SQLite database, and of the state of a process."""

import fcntl
import os
import struct
from pathlib import Path


def holder_of_the_write_lock(database: Path) -> int:
    """Return the process that holds SQLite's write lock (byte 120 of the -shm file), or 0."""
    with open(f"{database}-shm", "rb+") as file:  # noqa: PTH123 - not a path but a name with an ending
        asked = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 120, 1, 0)
        kind, *_, pid = struct.unpack("hhqqi4x", fcntl.fcntl(file, fcntl.F_GETLK, asked))
    return 0 if kind == fcntl.F_UNLCK else pid


def holder_of_the_turn(database: Path) -> int | None:
    """Return the process that holds minichat's lock for writers, or None."""
    number = Path(f"{database}-turns").stat().st_ino
    for line in Path("/proc/locks").read_text().splitlines():
        _, kind, _, _, pid, file, *_ = line.replace("-> ", "").split()
        if kind == "FLOCK" and file.endswith(f":{number}"):
            return int(pid)
    return None


def state_of(pid: int) -> str:
    """Return the kernel's letter for the state: T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
