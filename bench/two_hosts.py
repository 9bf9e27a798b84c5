"""Measure the delay of messages to the readers of two hosts that share a PostgreSQL and a Redis.

    python bench/two_hosts.py [--readers 500] [--rate 2] [--seconds 20]

It starts a PostgreSQL with its defaults (fsync on), a Redis, and `minichat serve` with two workers twice, as two hosts:
each keeps to itself what the workers of a host share. All use this machine, on loopback only. Each host has so many
readers of one room, in a process of their own: see `readers.py`. Messages go to the first host.

For each host it prints the time from just before a message is sent to its arrival at each reader, in ms. The CPU times
are those of the workers, of PostgreSQL and of the readers, in µs for each delivery.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import fan_out
from fan_out import FILLING, GRACE, PEOPLE, Chat, percentile
from on_postgres import family, on_cpu, settings
from readers import Readers

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))  # it starts servers as the tests do
from postgres import RunningPostgres, running_postgres
from servers import run, run_program, running_redis, serving

HOSTS = ("first host", "second host")
GOAL_P50, GOAL_P99 = 60, 120
"""Milliseconds, at each host."""


@contextmanager
def two_hosts(folder: Path) -> Iterator[tuple[list[Chat], RunningPostgres]]:
    """Serve a chat with the people of `fan_out.py` on two hosts."""
    with ExitStack() as running:
        postgres = running.enter_context(running_postgres())
        shared = settings(postgres.url()) | {"redis_url": running.enter_context(running_redis(folder)).url}
        sizes = ("--users", f"{PEOPLE}", "--members", f"{PEOPLE}", "--rooms", "2", "--messages", "1")
        for command in (("db", "upgrade"), ("demo", *sizes)):
            done = run(folder, *command, **shared)
            assert done.returncode == 0, done.stderr
        tokens = run_program(folder, sys.executable, fan_out.__file__, "--tokens", **shared).stdout.split()
        chats = []
        for name in HOSTS:
            own = folder / name.replace(" ", "-")
            own.mkdir()
            server = running.enter_context(serving(own, "--workers", "2", **shared))
            chats.append(Chat(server.port, server.workers, tokens))
        yield chats, postgres


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--readers", type=int, default=500, help="on each host")
    parser.add_argument("--rate", type=float, default=2, help="messages a second")
    parser.add_argument("--seconds", type=float, default=20)
    given = parser.parse_args()
    with TemporaryDirectory() as folder, two_hosts(Path(folder)) as (chats, postgres):
        readers = [Readers(chat.port, chat.streams(given.readers)) for chat in chats]
        processes = [pid for chat in chats for pid in chat.pids]
        time.sleep(2)  # until the streams have caught up
        chats[0].say(f"{time.monotonic_ns()} {FILLING}")
        for one in readers:
            one.heard(given.readers, GRACE)
        count = max(1, int(given.seconds * given.rate))
        began, workers, database = time.monotonic(), on_cpu(processes), on_cpu(family(postgres.process.pid))
        for number in range(count):
            time.sleep(max(0.0, began + number / given.rate - time.monotonic()))
            chats[0].say(f"{time.monotonic_ns()} {FILLING}")
        heard = [one.heard(count * given.readers, GRACE) for one in readers]
        workers, database = on_cpu(processes) - workers, on_cpu(family(postgres.process.pid)) - database
        for one in readers:
            one.close()
    for name, (delays, _) in zip(HOSTS, heard, strict=True):
        p50, p99 = percentile(delays, 0.5), percentile(delays, 0.99)
        missing = count * given.readers - len(delays)
        print(f"{name:12} p50 {p50:6.1f} (goal {GOAL_P50}), p99 {p99:6.1f} (goal {GOAL_P99}), {missing} missing")
    deliveries = sum(len(one.delays) for one in heard)
    reading = sum(one.cpu_seconds for one in heard) * 1e6
    spent = (round(total / deliveries, 1) for total in (workers, database, reading))
    print("µs for each delivery: {} of the workers, {} of PostgreSQL, {} of the readers".format(*spent))


if __name__ == "__main__":
    main()
