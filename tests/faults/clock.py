"""A clock for one host's processes, which can be put forward and back while they run.

The kernel lets nobody give some processes another time of day (a time namespace shifts only the clocks that no calendar
follows), and the machine's own clock is not ours to change. So the processes preload a library of 40 lines, which the C
compiler makes that minichat's installation needs anyway.
"""

import struct
import subprocess
from pathlib import Path

_SOURCE = Path(__file__).with_name("clock.c")


class ShiftableClock:
    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self.shift(0)
        library = folder / "clock.so"
        subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", library, _SOURCE, "-ldl"], check=True)
        self.variables = {"LD_PRELOAD": str(library), "FAULTS_CLOCK": str(self._file)}
        """Return the environment variables that give a process this clock."""

    def shift(self, seconds: int) -> None:
        """Set the clock that many seconds ahead of the right time."""
        with self._file.open("r+b" if self._file.exists() else "wb") as file:
            file.write(struct.pack("q", seconds))
