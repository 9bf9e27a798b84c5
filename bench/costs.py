"""Measure the costs that `docs/scaling.md` shows and `bench/capacity.py` computes with.

    python bench/costs.py [--postgres] [--seconds 2] [--streams 400] [--messages 300] [--rows 100000]

It starts `minichat serve` with one worker on a new SQLite file, or on a PostgreSQL with its defaults, on this machine.
It prints the cost of a request, a delivery and an open stream, for the worker and the database. A separate process
measures the hub's work per change. The last figures are the sizes of rows on disk with all their indexes.

Times are CPU times, so they depend little on other load. The program needs wrk (Debian's package `wrk`).
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing
from itertools import chain
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from live import Crowd, heard_of, listening, resident_kib
from on_postgres import HERE, REQUESTS, Spent, Target, minichat, name_of, sample, settings

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))
from postgres import RunningPostgres, running_postgres
from servers import environment, run

PEOPLE = 50
STREAMS_EACH = 20
ROUNDS = 3
USERS = 2_051
ROOMS = 50
UUID = "'a3bb189e-8bf9-3888-9912-' || (100000000000 + i)"
CONTENT = "'Shall we meet at the station at half past seven, or is that too early? ' || i"
BROWSER = "'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36'"
IP = "'203.0.113.7'"
ROWS = {
    "message": f"""(room_id, seq, user_id, content, created_at, client_id)
        SELECT 1 + i % 50, 10000000 + i / 50, 1 + i % 50, {CONTENT}, 1790000000000 + i, {UUID}""",
    "change": """(kind, room_id, at, user_id, message_id)
        SELECT 'message.created', 1 + i % 50, 1790000000000 + i, 1 + i % 50, i""",
    "participant": """(room_id, user_id, role, joined_seq)
        SELECT 1 + i % 50, 51 + i / 50, 'member', 0""",
    "session": f"""(user_id, created_at, last_used_at, expires_at, user_agent, ip, network)
        SELECT 1 + i % 50, 1790000000000 + i, 1790000000000 + i, 1792592000000 + i, {BROWSER}, {IP}, {IP}
    """,
}
"""SQL for rows like those of a busy chat: messages of 70 characters with a UUID as `client_id`, in 50 rooms in turn;
`i` counts the rows.
"""
COUNTED = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})"
FILL = COUNTED + " INSERT INTO {table} {rows} FROM n"


def least(found: Iterable[Spent]) -> Spent:
    return min(found, key=sum)


def of_requests(target: Target, seconds: int) -> Iterator[str]:
    """Measure requests over eight connections; return the minimum, since other load only adds to it."""
    for kind, request in REQUESTS.items():
        sample(target, request, 1)
        found = [sample(target, request, seconds) for _ in range(ROUNDS)]
        yield least(Spent(one.worker, one.database) for one in found).line(kind)


def of_streams(target: Target, streams: int, messages: int) -> Iterator[str]:
    """Measure an open stream and a delivered message."""
    port, workers = target.server.port, target.server.workers
    with listening(port, []) as crowd:
        nobody = least(delivering(crowd, target, messages) for _ in range(ROUNDS))
    tokens = [token_of(target, 1 + number) for number in range(-(-streams // STREAMS_EACH))]
    with listening(port, tokens[:1]) as crowd:  # the first stream also pays for one-time set-up
        alone = least(delivering(crowd, target, messages) for _ in range(ROUNDS))
        before = target.spent()
        crowd.rest(3)
        yield target.spent().since(before, 3).line("one idle second of the hub")
        held_before = resident_kib(workers)
    yield nobody.since(Spent(0, 0), messages).line("a message without listeners")
    yield alone.since(nobody, messages).line("… and one listener, additionally")
    before = target.spent()
    with listening(port, (tokens * STREAMS_EACH)[:streams]) as crowd:
        yield target.spent().since(before, streams).line("opening a stream")
        crowd.rest(1)
        held = resident_kib(workers) - held_before
        all_of_them = least(delivering(crowd, target, messages) for _ in range(ROUNDS))
        yield all_of_them.since(alone, messages * (streams - 1)).line("a delivery")
    yield f"{'a stream that is open':40}{held / streams:8.1f} KiB"


def delivering(crowd: Crowd, target: Target, messages: int) -> Spent:
    """Measure that many messages, sending included."""
    before = target.spent()
    times, _, _ = heard_of(crowd, (target.server.port, 1, [target.token], 100), messages)
    assert len(times) == messages * len(crowd.streams), "some were not delivered"
    return target.spent().since(before)


def token_of(target: Target, user: int) -> str:
    form = {"username": f"user{user}", "password": "demo-password-1"}
    token: str = target.server.call("POST", "/api/auth/login/", form).json["tokens"]["access"]
    return token


def of_rows(url: str, postgres: RunningPostgres | None, count: int) -> Iterator[str]:
    """Measure the size of a row on disk, with its index entries."""
    for table, rows in ROWS.items():
        before = size_of(url, postgres)
        execute(url, postgres, FILL.format(count=count, table=table, rows=rows))
        yield f"{f'a row of {table}':40}{(size_of(url, postgres) - before) / count:8.0f} bytes"


def of_the_disk(folder: Path) -> Iterator[str]:
    """Measure a sync to disk: the wait of a commit."""
    times = []
    with (folder / "synced").open("wb", buffering=0) as file:
        for _ in range(200):
            file.write(bytes(8_192))
            began = time.perf_counter()
            os.fdatasync(file)
            times.append(time.perf_counter() - began)
    yield f"{'a wait for the disk':40}{median(times) * 1e6:8.0f} µs"


def size_of(url: str, postgres: RunningPostgres | None) -> int:
    """Return the database's size in bytes."""
    if postgres is not None:
        return int(str(postgres.execute("SELECT pg_database_size(current_database())", name_of(url))[0][0]))
    return int(execute(url, None, "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size")[0][0])


def execute(url: str, postgres: RunningPostgres | None, statement: str) -> list[Any]:
    if postgres is not None:
        return postgres.execute(statement, name_of(url))
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection, connection:
        return connection.execute(statement).fetchall()


def filled(folder: Path, url: str, postgres: RunningPostgres | None) -> str:
    """Fill the database of the URL, and vacuum it as a running server would over time."""
    sizes = ["--users", str(USERS), "--rooms", str(ROOMS), "--members", str(PEOPLE), "--messages", "1000"]
    for command in (["db", "upgrade"], ["demo", *sizes]):
        done = run(folder, *command, **settings(url))
        assert done.returncode == 0, done.stderr
    if postgres is not None:
        postgres.execute("VACUUM (ANALYZE)", name_of(url))
    return url


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--postgres", action="store_true", help="on PostgreSQL instead of SQLite")
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--streams", type=int, default=400)
    parser.add_argument("--messages", type=int, default=300)
    parser.add_argument("--rows", type=int, default=100_000)
    given = parser.parse_args()
    with TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        postgres = stack.enter_context(running_postgres()) if given.postgres else None
        url = filled(folder, postgres.url() if postgres else f"sqlite:///{folder}/minichat.sqlite3", postgres)
        with minichat(folder, url, postgres, workers=1) as target:
            for said in chain(of_requests(target, given.seconds), of_streams(target, given.streams, given.messages)):
                print(said, flush=True)
        database = [str(postgres.process.pid)] if postgres else []
        done = subprocess.run(  # noqa: S603
            [sys.executable, HERE / "hub_costs.py", str(given.messages), *database],
            cwd=folder,
            env=environment(**settings(url)),
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        print(done.stdout, end="", flush=True)
        for said in chain(of_rows(url, postgres, given.rows), of_the_disk(folder)):
            print(said, flush=True)


if __name__ == "__main__":
    main()
