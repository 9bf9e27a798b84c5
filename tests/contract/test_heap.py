"""Freed memory goes back to the system, although blocks in use lie behind it."""

import subprocess
import sys

PROGRAM = """
import os
from minichat.serving.heap import free_memory_returner

def resident_bytes():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

blocks = [bytes(20_000) for _ in range(5_000)]
full = resident_bytes()
blocks = blocks[::100]
free_memory_returner()()
print(full - resident_bytes())
"""


def test_freed_memory_between_blocks_in_use_is_returned() -> None:
    answer = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True, text=True)
    assert int(answer.stdout) > 50_000_000
