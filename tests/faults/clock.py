"""A clock for one host's processes, which can be put forward and back while they run.

The kernel lets nobody give some processes another time of day (a time namespace shifts only the clocks that no calendar
follows), and the machine's own clock is not ours to change. So the processes preload a library of 40 lines, which the C
compiler makes that minichat's installation needs anyway.
"""

import atexit
import struct
import subprocess
from contextlib import ExitStack
from functools import cache
from pathlib import Path

from folders import fast_folder
from launcher import Launcher

_SOURCE = Path(__file__).with_name("clock.c")
_FILE = "FAULTS_CLOCK"


class ShiftableClock:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.shift(0)
        self.variables = {**_preloading(), _FILE: str(self._file)}
        """The environment variables that give a process this clock."""

    def shift(self, seconds: int) -> None:
        """Set the clock that many seconds ahead of the right time."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("q", seconds))


@cache
def launcher() -> Launcher:
    """Return the launcher of all processes with such a clock. Each gets the file of its own."""
    started = Launcher(_preloading(), free=[_FILE])
    atexit.register(started.end)
    return started


@cache
def _preloading() -> dict[str, str]:
    opened = ExitStack()
    atexit.register(opened.close)
    library = opened.enter_context(fast_folder()) / "clock.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True)
    return {"LD_PRELOAD": str(library)}
