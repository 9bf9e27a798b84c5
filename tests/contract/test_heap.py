"""The memory of a worker: freed memory goes back to the system, and the collection of garbage stops nobody for long."""

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


COLLECTING = """
import gc
import weakref
from minichat.serving.heap import collect_rarely

class Part:
    other = None

def cycle():
    one, two = Part(), Part()
    one.other, two.other = two, one
    return weakref.ref(one)

collect_rarely()
full = []
gc.callbacks.append(lambda phase, info: full.append(phase) if info["generation"] == 2 else None)
streams = [[[] for _ in range(60)] for _ in range(10_000)]
during = len(full)
garbage = [cycle() for _ in range(100_000)]
print(during, sum(one() is not None for one in garbage))
"""


def test_thousands_of_streams_cause_no_full_collection_and_garbage_is_still_collected() -> None:
    answer = subprocess.run([sys.executable, "-c", COLLECTING], check=True, capture_output=True, text=True)
    full, uncollected = map(int, answer.stdout.split())
    assert full == 0  # each would look at all streams, and stop the worker for a tenth of a second
    assert uncollected <= 10_000
