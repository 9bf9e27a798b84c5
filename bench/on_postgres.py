"""Measure requests on PostgreSQL: against bare Flask with the same SQL, or as the database grows.

    python bench/on_postgres.py [--rounds 5] [--seconds 3] [--messages 100000] [--only me,send] [--growth]

It starts a PostgreSQL with its defaults (fsync on) and `minichat serve` with two workers, on this machine, and sends
requests over eight connections. The targets alternate in each round, so that a slow moment of the machine affects
all of them. It prints medians of the rounds and of their ratios, and CPU times, which depend little on other load.

* Without `--growth` the peer is `bare_psycopg.py` on copies of the same database, once with two gevent workers and once
  with two workers of four threads. The ratio refers to the faster one. The program first checks that all targets give
  the same answers.
* With it, minichat runs on databases of 1,000, 100,000 and 5,000,000 messages, all in one room.

The program needs wrk (Debian's package `wrk`).
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import jwt

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent / "tests"))  # it starts servers as the tests do
from postgres import RunningPostgres, running_postgres  # noqa: E402
from servers import SECRET, Answer, RunningServer, run, serving  # noqa: E402

CONNECTIONS = 8
ROOMS = 50
MEMBERS = 10
TEXT = "Shall we meet at the station at half past seven, or is that too early?"
BARE_KEY = "what the tokens of the bare one are signed with"
BARE = {"bare, gevent": ("--worker-class", "gevent"), "bare, threads": ("--worker-class", "gthread", "--threads", "4")}
SIZES = (1_000, 100_000, 5_000_000)
GOALS = {"me": 0.7, "rooms": 0.7, "history": 0.7, "send": 0.6, "send, with client_id": 0.6, "send, to 50 rooms": 0.6}
REQUESTS = {
    "me": 'return wrk.format("GET", "/api/auth/me/")',
    "rooms": 'return wrk.format("GET", "/api/chat/rooms/?limit=50")',
    "history": 'return wrk.format("GET", "/api/chat/rooms/1/history/?limit=50&mark_read=false")',
    "send": "return send(1, '')",
    "send, with client_id": """return send(1, ', "client_id": "' .. begun .. "-" .. count .. '"')""",
    "send, to 50 rooms": f"return send(count % {ROOMS} + 1, '')",
}
"""The requests as lines of wrk scripts: `count` numbers the requests, `begun` identifies the run."""
SCRIPT = """
local count, begun = 0, os.getenv("BEGUN")
wrk.headers["Authorization"] = "Bearer " .. os.getenv("TOKEN")
wrk.headers["Content-Type"] = "application/json"
local function send(room, more)
  local body = '{"room": ' .. room .. ', "content": "' .. os.getenv("TEXT") .. '"' .. more .. "}"
  return wrk.format("POST", "/api/chat/messages/", nil, body)
end
function request()
  count = count + 1
  %s
end
"""


class Spent(NamedTuple):
    """CPU time, in µs."""

    worker: float
    database: float

    def since(self, before: "Spent", count: float = 1) -> "Spent":
        """Return the time spent per item."""
        return Spent((self.worker - before.worker) / count, (self.database - before.database) / count)

    def line(self, name: str) -> str:
        """Format the figure as a line."""
        line = f"{name:40}{self.worker:8.1f} µs of the worker"
        return f"{line}, {self.database:8.1f} µs of the database" if self.database > 0.05 else line


class Target(NamedTuple):
    """A measured server, the token for its requests, and its PostgreSQL process if it has one."""

    server: RunningServer
    token: str
    postgres: RunningPostgres | None

    def spent(self) -> Spent:
        """Return the CPU time of its workers and of PostgreSQL so far."""
        return Spent(on_cpu(self.server.workers), on_cpu(family(self.postgres.process.pid)) if self.postgres else 0.0)


def family(pid: int) -> list[int]:
    """Return a process and its children."""
    return [pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]


def on_cpu(pids: Sequence[int]) -> float:
    """Return the CPU time of the processes, in µs."""
    spent = 0.0
    for pid in pids:
        with suppress(OSError):  # the process has just ended
            spent += time.clock_gettime(~pid << 3 | 2) * 1e6  # the clock that clock_getcpuclockid(3) names
    return spent


class Sample(NamedTuple):
    """Figures of one run: requests per second, milliseconds, and CPU time per request."""

    rate: float
    p50: float
    p99: float
    worker: float
    database: float


def sample(target: Target, request: str, seconds: int) -> Sample:
    """Send the requests over eight connections for that long."""
    with TemporaryDirectory() as folder:
        script = Path(folder) / "requests.lua"
        script.write_text(SCRIPT % request)
        options = ["--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s", "--latency"]
        before = target.spent()
        output = subprocess.run(  # noqa: S603
            [shutil.which("wrk") or "wrk", *options, "--script", script, f"http://127.0.0.1:{target.server.port}"],
            env={**os.environ, "TOKEN": target.token, "TEXT": TEXT, "BEGUN": str(time.monotonic_ns())},
            capture_output=True,
            check=True,
            text=True,
        ).stdout
    assert "Non-2xx" not in output, f"some answers were errors:\n{output}\n{target.server.said}"
    done = re.search(r"^\s+(\d+) requests in", output, re.MULTILINE)
    rate = re.search(r"^Requests/sec:\s+([\d.]+)", output, re.MULTILINE)
    assert done, output
    assert rate, output
    spent = target.spent().since(before, int(done[1]))
    return Sample(float(rate[1]), milliseconds(output, "50%"), milliseconds(output, "99%"), *spent)


def milliseconds(output: str, name: str) -> float:
    """Read a percentile from wrk's output."""
    found = re.search(rf"^\s+{name}\s+([\d.]+)(us|ms|s)\s*$", output, re.MULTILINE)
    assert found, output
    return float(found[1]) * {"us": 0.001, "ms": 1, "s": 1_000}[found[2]]


Samples = dict[str, list[Sample]]
"""Samples by target, one per round."""


def measured(targets: Mapping[str, Target], only: Sequence[str], rounds: int, seconds: int) -> dict[str, Samples]:
    """Measure each kind of request on each target in turn, after a warm-up."""
    found: dict[str, Samples] = {kind: {name: [] for name in targets} for kind in only}
    for kind in only:
        for target in targets.values():
            sample(target, REQUESTS[kind], 1)
    for number in range(rounds):
        # The order changes as well: pending disk writes of one target slow down the next.
        order = list(targets.items())[:: -1 if number % 2 else 1]
        for kind in only:
            for name, target in order:
                found[kind][name].append(sample(target, REQUESTS[kind], seconds))
    return found


def ratio(samples: Samples, name: str, base: str) -> float:
    """Return the rate of one target relative to another."""
    return median(one.rate / other.rate for one, other in zip(samples[name], samples[base], strict=True))


def middle(samples: Sequence[Sample]) -> Sample:
    """Return the median of each figure."""
    return Sample(*(median(values) for values in zip(*samples, strict=True)))


def table(found: Mapping[str, Samples]) -> Iterator[str]:
    """Format a header and one line per kind of request and target."""
    yield f"{'':24}{'':16}{'requests/s':>12}{'p50 ms':>8}{'p99 ms':>8}{'µs of workers':>15}{'of the database':>17}"
    for kind, samples in found.items():
        for name, of_one in samples.items():
            rate, p50, p99, worker, database = middle(of_one)
            yield f"{kind:24}{name:16}{rate:>12.0f}{p50:>8.1f}{p99:>8.1f}{worker:>15.0f}{database:>17.0f}"


def settings(url: str) -> dict[str, str]:
    return {
        "database_url": url,
        "secret_key": SECRET,
        "allowed_hosts": "127.0.0.1",
        "rate_limits": "off",
        "log_level": "warning",
    }


@contextmanager
def minichat(folder: Path, url: str, postgres: RunningPostgres | None, workers: int = 2) -> Iterator[Target]:
    """Start minichat on that database; user 1 sends the requests."""
    folder.mkdir(exist_ok=True)
    with serving(folder, "--workers", str(workers), **settings(url)) as server:
        found = server.call("POST", "/api/auth/login/", {"username": "user1", "password": "demo-password-1"})
        assert found.status == 200, found
        yield Target(server, found.json["tokens"]["access"], postgres)


@contextmanager
def bare(
    folder: Path, url: str, postgres: RunningPostgres, session_id: int, workers: Sequence[str]
) -> Iterator[Target]:
    """Start the bare peer on that database, with these workers; user 1 sends the requests."""
    folder.mkdir(exist_ok=True)
    claims = {"sub": "1", "sid": session_id, "exp": int(time.time()) + 86_400}
    options = ["--workers", "2", "--pythonpath", str(HERE), "--no-control-socket", "bare_psycopg:app"]
    with serving(folder, *workers, *options, program="gunicorn", database_url=url, token_key=BARE_KEY) as server:
        yield Target(server, jwt.encode(claims, BARE_KEY), postgres)


def filled(folder: Path, postgres: RunningPostgres, messages: int) -> str:
    """Create a database with that many messages in room 1; return its URL."""
    url = postgres.url()
    sizes = ["--users", str(ROOMS), "--rooms", str(ROOMS), "--members", str(MEMBERS)]
    for command in (["db", "upgrade"], ["demo", *sizes, "--messages", str(min(messages, SIZES[0]))]):
        done = run(folder, *command, **settings(url))
        assert done.returncode == 0, done.stderr
    grow(postgres, url, messages)
    return url


def name_of(url: str) -> str:
    """Return the database of the URL."""
    return urlsplit(url).path.removeprefix("/")


def grow(postgres: RunningPostgres, url: str, messages: int) -> None:
    """Fill room 1 up to that many messages like those of `minichat demo`, then vacuum."""
    name = name_of(url)
    for statement in (
        f"""
        INSERT INTO message (room_id, seq, user_id, content, created_at, is_indexed)
        SELECT 1, r.last_seq + n, 1 + (r.last_seq + n - 1) % {MEMBERS},
            'message number ' || (r.last_seq + n) || ' ' || repeat('word ', 12), r.active_at, true
        FROM room r CROSS JOIN generate_series(1, {messages} - r.last_seq) AS n WHERE r.id = 1
        """,  # noqa: S608 - numbers
        f"UPDATE room SET last_seq = {messages} WHERE id = 1",  # noqa: S608
        f"UPDATE participant SET seen_seq = {messages} WHERE room_id = 1",  # noqa: S608
        "VACUUM (ANALYZE, FREEZE)",
        "CHECKPOINT",
    ):
        postgres.execute(statement, name)


def beside_the_bare_one(postgres: RunningPostgres, folder: Path, given: argparse.Namespace) -> None:
    """Print minichat's figures and those of the bare peer."""
    url = filled(folder, postgres, given.messages)
    with minichat(folder / "minichat", url, postgres) as target:
        session_id = jwt.decode(target.token, options={"verify_signature": False})["sid"]
    copies = {name: postgres.url(template=name_of(url)) for name in BARE}
    with ExitStack() as stack:
        targets = {
            name: stack.enter_context(bare(folder / name, same, postgres, session_id, BARE[name]))
            for name, same in copies.items()
        }
        targets["minichat"] = stack.enter_context(minichat(folder / "minichat", url, postgres))
        check_alike(list(targets.values()))
        print("All give the same answers.", flush=True)
        if given.check:
            return
        found = measured(targets, given.only, given.rounds, given.seconds)
    print(*table(found), sep="\n")
    print("\nminichat's rate relative to the faster bare peer, by wall clock and by CPU time:")
    for kind, samples in found.items():
        by_rate = min(ratio(samples, "minichat", name) for name in BARE)
        cpu = {name: sum(middle(of_one)[-2:]) for name, of_one in samples.items()}
        by_cpu = min(cpu[name] for name in BARE) / cpu["minichat"]
        print(f"{kind:24}{by_rate:.2f} (goal {GOALS[kind]}){by_cpu:8.2f}")


def check_alike(targets: Sequence[Target]) -> None:
    """Fail unless all targets give the same answers, except for host names and last-seen times."""
    message = {"room": 2, "content": TEXT, "client_id": "the first"}
    for method, path, body in (
        ("GET", "/api/auth/me/", None),
        ("GET", "/api/chat/rooms/?limit=50", None),
        ("GET", "/api/chat/rooms/1/history/?limit=50&mark_read=false", None),
        ("POST", "/api/chat/messages/", message),
    ):
        answers = [bare_of_time(one.server.call(method, path, body, one.token), one.server.port) for one in targets]
        for answer in answers[1:]:
            assert answer == answers[0], f"the answers to {path} differ:\n{answer}\n{answers[0]}"


def bare_of_time(answer: Answer, port: int) -> tuple[int, Any]:
    text = answer.body.decode().replace(f":{port}/", "/")
    return answer.status, json.loads(re.sub(r'"(is_online|last_seen|timestamp)":("[^"]*"|\w+)', r'"\1":null', text))


def by_size(postgres: RunningPostgres, folder: Path, given: argparse.Namespace) -> None:
    """Print the growth of request costs and of disk usage with the number of messages."""
    sizes = [size for size in SIZES if size <= given.most]
    urls = {f"{size:,}": filled(folder, postgres, size) for size in sizes}
    with ExitStack() as stack:
        targets = {name: stack.enter_context(minichat(folder / name, url, postgres)) for name, url in urls.items()}
        found = measured(targets, given.only, given.rounds, given.seconds)
    print(*table(found), sep="\n")
    least, *others = urls
    print("\ncost relative to the smallest database, by wall clock and by CPU time:")
    for kind, samples in found.items():
        cpu = {name: sum(middle(of_one)[-2:]) for name, of_one in samples.items()}
        for name in others:
            print(f"{kind:24}{name:16}{1 / ratio(samples, name, least):.2f}{cpu[name] / cpu[least]:8.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--only", default="me,rooms,history,send", metavar="KIND,KIND")
    parser.add_argument("--check", action="store_true", help="only check that all give the same answers")
    parser.add_argument("--growth", action="store_true", help="measure minichat as the database grows")
    parser.add_argument("--most", type=int, default=SIZES[-1], help="the largest number of messages, with --growth")
    given = parser.parse_args()
    given.only = [kind for kind in REQUESTS if kind.startswith(tuple(given.only.split(",")))]
    if not given.only:
        parser.error(f"the kinds are {', '.join(REQUESTS)}")
    if shutil.which("wrk") is None and not given.check:
        sys.exit("wrk is missing; install the package wrk.")
    with TemporaryDirectory() as folder, running_postgres() as postgres:
        (by_size if given.growth else beside_the_bare_one)(postgres, Path(folder), given)


if __name__ == "__main__":
    main()
