"""How tests run the programs of bench/."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from scale import scaled
from servers import child, environment

ROOT = Path(__file__).parents[1]


def bench(folder: Path, program: str, *args: str, **settings: str) -> str:
    """Run a program of bench/ to its end, and return its output."""
    command: list[str | Path] = [sys.executable, ROOT / "bench" / program, *args]
    streams: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with child(command, folder, env=environment(**settings), **streams) as process:
        try:
            said, errors = process.communicate(timeout=scaled(60, 1_800))
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)  # so that it ends the servers that it has started
            process.wait(20)
            raise
    assert process.returncode == 0, errors
    return str(said)
