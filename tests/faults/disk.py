"""A small disk for one run that a fault can fill and free."""

import os
import resource
import shutil
import subprocess
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

SIZE = 1024**3
SLACK = 64 * 1024


class Disk:
    """A tmpfs: a full disk is one whose size hardly exceeds its content."""

    kind = "tmpfs"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self, _pids: Collection[int]) -> None:
        self._resize(shutil.disk_usage(self.folder).used + SLACK)

    def make_room(self, _pids: Collection[int]) -> None:
        self._resize(SIZE)

    def _resize(self, size: int) -> None:
        subprocess.run(["mount", "-o", f"remount,size={size}", self.folder], check=True)


class Quota(Disk):
    """Without permission to mount: RLIMIT_FSIZE stops the processes' files from growing, as a full disk does."""

    kind = "RLIMIT_FSIZE, as mounting a tmpfs is not permitted here"

    def fill(self, pids: Collection[int]) -> None:
        _limit_files(pids, max(path.stat().st_size for path in self.folder.rglob("*")) + SLACK)

    def make_room(self, pids: Collection[int]) -> None:
        _limit_files(pids, resource.RLIM_INFINITY)


def _limit_files(pids: Collection[int], size: int) -> None:
    for pid in pids:
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, hard))


@contextmanager
def small_disk(tell: Callable[[str], object]) -> Iterator[Disk]:
    """Yield a new disk. `tell` gets a sentence if RLIMIT_FSIZE replaces it."""
    with TemporaryDirectory(prefix="minichat-disk-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the user of PostgreSQL enters it, too
        mount = ["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=755", "tmpfs", str(folder)]
        if os.geteuid() != 0 or subprocess.run(mount, check=False, capture_output=True).returncode:
            tell(f"The full disk is {Quota.kind}.")
            yield Quota(folder)
            return
        try:
            yield Disk(folder)
        finally:
            subprocess.run(["umount", "--lazy", folder], check=True)
