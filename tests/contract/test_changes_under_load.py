"""The change log under concurrent writers: a reader never passes an uncommitted change.

Writers and readers run in separate processes, with greenlets, which share commits like in a worker, or with threads.
"""

import json
import random
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from builders import undone
from contract.backends import sqlite_in
from minichat.domain.errors import Unavailable
from minichat.domain.model import Change, ChangeKind

WORKER = """
from gevent import monkey
monkey.patch_all()
"""
STORY = """
import sys
sys.path[:0] = {path!r}
from contract.test_changes_under_load import write_and_read
write_and_read(*map(int, sys.argv[1:]))
"""
# Number of concurrent writers in each process, and of transactions per writer: 2,000 in total.
PROCESSES = ((WORKER, 32, 25), (WORKER, 32, 25), ("", 8, 50))
MOST_AT_ONCE = 7


def write_and_read(process: int, writers: int, each: int) -> None:
    """Write in many greenlets or threads while a reader follows the log, until the file `over` exists; print both."""
    committed: list[Any] = []
    seen: list[Any] = []
    with sqlite_in(Path.cwd()) as backend:

        def write(writer):
            chance = random.Random(writer)
            for number in range(each):
                serial = (process * writers + writer) * each + number
                length = chance.randint(1, 5)
                if transact(backend.ports, process, serial, length, chance):
                    committed.append((serial, length))

        reader = threading.Thread(target=follow, args=(backend.ports, seen))
        threads = [threading.Thread(target=write, args=(writer,)) for writer in range(writers)]
        for thread in (reader, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        told("written")
        reader.join()
        told({"committed": committed, "seen": seen})


def transact(ports, process, serial, length, chance):
    """Record the given number of changes in one transaction, some of them slowly; return whether it commits."""
    fails, is_slow = chance.random() < 0.2, chance.random() < 0.2
    try:
        with undone(ports) if fails else ports.transaction():
            for number in range(length):
                ports.change_store.record(Change(ChangeKind.MESSAGE_READ, process, serial, seq=number))
                if is_slow:
                    ports.change_store.after(ports.change_store.ends().first, 100)
                    time.sleep(0)  # lets others go first, in the middle
    except Unavailable:
        return False  # which promises that nothing was written
    return not fails


def follow(ports, seen):
    """Read until the writers have finished and the log has no further change."""
    found: list[Any] = []
    is_over = False
    while found or not is_over:
        is_over = Path("over").exists()  # before reading, so that this read returns everything
        found = ports.change_store.after(seen[-1] if seen else ports.change_store.ends().first, MOST_AT_ONCE)
        seen.extend(position for position, _ in found)
        if not found:
            time.sleep(0.001)


def told(what: object) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def test_two_thousand_mixed_transactions_hide_no_change_from_a_reader_of_the_log(tmp_path):
    with sqlite_in(tmp_path) as backend, ExitStack() as running:
        processes = [
            running.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", patch + STORY.format(path=sys.path), f"{number}", f"{writers}", f"{each}"],
                    cwd=tmp_path,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            for number, (patch, writers, each) in enumerate(PROCESSES)
        ]
        assert [process.stdout.readline() for process in processes if process.stdout] == ['"written"\n'] * len(
            PROCESSES
        )
        (tmp_path / "over").touch()
        stories = [json.loads(process.communicate(timeout=20)[0]) for process in processes]
        log = backend.ports.change_store.after(backend.ports.change_store.ends().first, 10_000)
    positions = [list(position) for position, _ in log]
    assert positions == sorted(positions)
    for story in stories:
        assert story["seen"] == positions
    # The log holds exactly the committed transactions, each complete and without others in between.
    pieces = []
    for _, change in log:
        if change.seq == 0:
            pieces.append((change.room_id, change.at, 0))
        process, serial, length = pieces[-1]
        assert (change.room_id, change.at, change.seq) == (process, serial, length)
        pieces[-1] = (process, serial, length + 1)
    committed = [
        (number, serial, length) for number, story in enumerate(stories) for serial, length in story["committed"]
    ]
    assert sorted(pieces) == sorted(committed)
    assert len(committed) > 1_000
