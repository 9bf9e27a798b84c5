"""Measure the search for messages, on SQLite and PostgreSQL, as the number of messages grows.

    python bench/search.py [--databases sqlite,postgres] [--messages 10000,1000000] [--runs 12] [--sends 2000]
        [--only KIND] [--check] [--url URL [--pid PID]]

It fills a database with messages like those of a chat: in Latin, Cyrillic and Han, with frequent and rare words, in
1,000 rooms of very different sizes. Then it searches in this process, by the service of the API: as a user in one room,
in 20 and in 200, for each kind of query, with each combination of the filters `room`, `user` and `before`. A search
counts whole, with its rooms, authors and receipts. For each kind it prints:

* the median and the 99th percentile over all combinations, in milliseconds, with a `!` beyond the goals, which are 30
  and 100 among a million messages,
* the CPU time of this process and of PostgreSQL, as the minimum of the runs, which depends little on other load: the
  median of the combinations, and the most expensive one.

At the end it sends messages with the index and, in turn, without it. The databases are new ones in a temporary folder,
with the defaults of PostgreSQL (fsync on). With `--url`, the program measures that database, and fills it first if it
has no accounts. To fill a million messages takes about five minutes, and `--runs 12` takes ten minutes for each
database.
"""

import argparse
import random
import sys
import time
from bisect import bisect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import accumulate, islice, product
from pathlib import Path
from statistics import mean, median, quantiles
from tempfile import TemporaryDirectory
from typing import NamedTuple

from on_postgres import family, on_cpu

sys.path.append(str(Path(__file__).resolve().parents[1] / "tests"))  # it starts PostgreSQL as the tests do
from minichat.adapters.characters import UnicodeCharacters
from minichat.adapters.peewee import ChatDatabase, open_database
from minichat.adapters.peewee.engine.statements import Statement
from minichat.adapters.peewee.operations import message_filling, migrate
from minichat.adapters.peewee.stores.changes import change_store
from minichat.adapters.peewee.stores.message_index import begin_again
from minichat.adapters.peewee.stores.messages import (
    APPEND,
    INDEXED,
    PeeweeMessageStore,
    PostgresMessageStore,
)
from minichat.config import Settings
from minichat.domain.message_search import MessageFilter
from minichat.domain.model import SECOND, Message, Role, RoomKind
from minichat.domain.services import Services
from minichat.wiring import services_on
from postgres import running_postgres

SEED = 20_261_129
ROOMS = 1_000
AUTHORS = 200
SEEKERS = {1: 1, 20: 2, 200: 3}
"""The user who searches, by the number of their rooms. The first rooms are the busiest: see `ROOM_SHARES`."""
ROOM_SHARES = [0.30] + [0.01] * 19 + [0.25 / 180] * 180 + [0.26 / 800] * 800
OWN_ROOMS = max(SEEKERS)
"""The rooms after these have no seeker."""
FREQUENT_AUTHOR, RARE_AUTHOR = 4, 150
LIMIT = 50
TURN = 64
"""Number of successive sends with the index, and without it."""
GOAL_P50, GOAL_P99 = 30.0, 100.0
"""Milliseconds."""
STARTED = 1_790_000_000_000
BATCH = 5_000
ROOM_COLUMNS = (
    *("id", "name", "description", "kind", "is_private", "created_at", "active_at"),
    *("activity", "last_seq", "participants_count", "is_indexed"),
)

WORDS = 40_000
LATIN, CYRILLIC = "abcdefghijklmnopqrstuvwxyz", "абвгдежзийклмнопрстуфхцчшщыьэюя"
HAN = "一是不了人我在有他这中大来上国个到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天"

QUERIES = {
    "one letter": "a",
    "a rare letter": "ы",
    "common": "common",
    "common word's start": "comm",
    "rare": "zebra",
    "neither common nor rare": "medium",
    "one hit, long ago": "longago",
    "only elsewhere": "elsewhere",
    "common elsewhere, rare here": "elserare",
    "common until half-way": "former",
    "common from half-way on": "recent",
    "two that never meet": "leftish rightish",
    "three that never meet": "leftish common rightish",
    "three single letters": "a b c",
    "a letter and a rare word": "a zebra",
    "one Han character": "的",
    "three Han characters": "大中国",
    "an emoji": "👍",
    "no message has it": "qqqqqqqq",
    "200 characters": "x" * 200,
    "100 words": "of " + " ".join(map(chr, range(97, 123))) * 3,
}

SELECTIVE = {"rare", "one hit, long ago", "only elsewhere", "common elsewhere, rare here", "no message has it"}


class Vocabulary:
    """Words by Zipf's law, the short ones among the frequent ones."""

    def __init__(self, random_: random.Random) -> None:
        self._random = random_
        words: set[str] = set()
        while len(words) < WORDS:
            letters = LATIN if random_.random() < 0.6 else CYRILLIC
            words.add("".join(random_.choices(letters, k=min(12, max(1, round(random_.gauss(5.5, 2.2)))))))
        self._words = sorted(sorted(words), key=lambda word: random_.random() * (1 if len(word) > 3 else 0.3))
        self._weights = list(accumulate(1 / (rank + 5) for rank in range(WORDS)))

    def some(self) -> list[str]:
        """Return the words of one message: nine on average."""
        count = max(1, int(self._random.expovariate(1 / 9)))
        return self._random.choices(self._words, cum_weights=self._weights, k=count)


class MessageLine(NamedTuple):
    id: int
    room_id: int
    seq: int
    user_id: int
    content: str


def message_lines(count: int) -> Iterator[MessageLine]:
    """Yield messages in the order of their ids, always the same ones."""
    random_ = random.Random(SEED)  # noqa: S311 - test data
    words, shares = Vocabulary(random_), list(accumulate(ROOM_SHARES))
    last_seq = [0] * (ROOMS + 1)
    awaits_longago = True
    for number in range(1, count + 1):
        room = min(bisect(shares, random_.random() * shares[-1]) + 1, ROOMS)
        last_seq[room] = seq = last_seq[room] + 1
        author = 1 + int(min(AUTHORS - 1, random_.expovariate(1 / 15)))
        said = [*words.some(), *_marked_words(random_, number / count, room, seq)]
        if awaits_longago and room == 1 and number > count // 10:
            said.append("longago")
            awaits_longago = False
        random_.shuffle(said)
        yield MessageLine(number, room, seq, author, " ".join(said))


def _marked_words(random_: random.Random, age: float, room: int, seq: int) -> Iterator[str]:
    """Yield the words that the queries seek."""
    is_elsewhere = room > OWN_ROOMS
    for word, share in (
        ("common", 0.3),
        ("medium", 1e-3),
        ("zebra", 5e-5),
        ("👍🏽", 0.05),
        ("former", 0.3 if age < 0.5 else 0.0),
        ("recent", 0.3 if age > 0.5 else 0.0),
        ("elsewhere", 0.3 if is_elsewhere else 0.0),
        ("elserare", 0.3 if is_elsewhere else 1e-5),
    ):
        if random_.random() < share:
            yield word
    if random_.random() < 0.02:
        yield "".join(random_.choices(HAN + "的", k=8))
    if seq % 4 == 0:
        yield "leftish"
    if seq % 4 == 2:
        yield "rightish"


def fill(database: ChatDatabase, messages: int) -> None:
    """Fill an empty database: accounts, rooms, participants and messages. The search index follows."""
    migrate.upgrade(database)
    insert = database.dialect.insert_rows
    last_seq, newest = [0] * (ROOMS + 1), [0] * (ROOMS + 1)
    for line in message_lines(messages):
        last_seq[line.room_id], newest[line.room_id] = line.seq, line.id
    people = range(1, AUTHORS + 1)
    with database.writing():
        begin_again(database, is_empty=True)
        insert(
            database,
            "user",
            ("id", "username", "username_key", "password_hash", "joined_at", "is_indexed"),
            [(number, f"user{number}", f"user{number}", "", STARTED, True) for number in people],
        )
        insert(database, "room", ROOM_COLUMNS, [_room(number, last_seq, newest) for number in range(1, ROOMS + 1)])
        insert(
            database,
            "participant",
            ("room_id", "user_id", "role", "joined_seq", "seen_seq"),
            [
                (room, user, Role.MEMBER.value, 0, last_seq[room])
                for room in range(1, ROOMS + 1)
                for user in _participants(room)
            ],
        )
    lines = message_lines(messages)
    while batch := list(islice(lines, BATCH)):
        with database.writing():
            insert(
                database,
                "message",
                ("id", "room_id", "seq", "user_id", "content", "created_at"),
                [(*line, STARTED + line.id * SECOND) for line in batch],
            )
    with database.writing():
        for table, last in (("user", AUTHORS), ("room", ROOMS), ("message", messages)):
            database.dialect.continue_ids_after(database, table, last)
        begin_again(database, is_empty=False)
        database.dialect.refresh_statistics(database)


def _room(number: int, last_seq: Sequence[int], newest: Sequence[int]) -> tuple[object, ...]:
    """Return the values of `ROOM_COLUMNS`."""
    positions = (2 * newest[number], last_seq[number], len(_participants(number)))
    return (number, f"room {number}", "", RoomKind.GROUP.value, True, STARTED, STARTED, *positions, True)


def _participants(room: int) -> list[int]:
    """Return the users of the room: the seekers with at least as many rooms, and a few authors."""
    return [user for rooms, user in SEEKERS.items() if room <= rooms] + [FREQUENT_AUTHOR, RARE_AUTHOR]


def filters(newest_id: int) -> Iterator[tuple[str, MessageFilter]]:
    """Yield every combination of the filters."""
    authors = {"": None, "a frequent author": FREQUENT_AUTHOR, "a rare author": RARE_AUTHOR}
    positions = {"": None, "before the half": newest_id // 2, "before the end": newest_id - newest_id // 50}
    for room_id, (author, author_id), (position, before) in product((None, 1), authors.items(), positions.items()):
        name = ", ".join(filter(None, ("in a room" if room_id else "", author, position)))
        yield name or "no filter", MessageFilter(room_id, author_id, before)


class NoIndex:
    """An index that stores no words."""

    def words(self, room_id: int, user_id: int, content: str) -> str:
        return ""

    def add(self, message: Message) -> None:
        """Do nothing."""

    def refresh(self, message_ids: Collection[int]) -> None:
        """Do nothing."""


class UnindexedOnPostgres(PostgresMessageStore):
    """The messages on PostgreSQL, without their words."""

    def _prepare_append(self) -> None:
        self._append_at_once = Statement.of_text(self._database, APPEND.replace(f"{INDEXED},", ""))


class Target(NamedTuple):
    """A filled database."""

    database: ChatDatabase
    postgres: int | None
    """The process id of its server."""

    def cpu_ms(self) -> float:
        """Return the CPU time spent so far."""
        return time.process_time() * 1e3 + (on_cpu(family(self.postgres)) / 1e3 if self.postgres else 0.0)


class Figures(NamedTuple):
    """Milliseconds of one kind of query, over all combinations of the filters."""

    found: int
    p50: float
    p99: float
    cpu: float
    most_cpu: float
    slowest_filter: str
    reading: float
    """The CPU time to read the found messages with their authors and receipts."""

    @property
    def meets_goals(self) -> bool:
        return self.p50 < GOAL_P50 and self.p99 < GOAL_P99

    def line(self, kind: str, rooms: int) -> str:
        return (
            f"{kind:30}{rooms:>6}{self.found:>6}{self.p50:>8.1f}{self.p99:>8.1f}{self.cpu:>8.1f}{self.most_cpu:>8.1f}"
            f" {' ' if self.meets_goals else '!'} {self.slowest_filter}"
        )


Kind = tuple[str, int]
"""A kind of query, and the number of rooms."""


def searched(target: Target, services: Services, user_id: int, query: str, runs: int) -> Figures:
    """Measure a query with all filters in turn, after a warm-up."""
    search = services.message_search
    combinations = dict(filters(target.database.dialect.last_id(target.database, "message")))
    times: list[float] = []
    cpu, reading = dict.fromkeys(combinations, float("inf")), dict.fromkeys(combinations, float("inf"))
    found = 0
    for number in range(runs + 1):
        for name, within in combinations.items():
            spent, begun = target.cpu_ms(), time.perf_counter()
            page = search.search(user_id, query, LIMIT, within)
            if number:
                times.append((time.perf_counter() - begun) * 1e3)
                cpu[name] = min(cpu[name], target.cpu_ms() - spent)
                spent = target.cpu_ms()
                read_again(services, user_id, page.messages)
                reading[name] = min(reading[name], target.cpu_ms() - spent)
            elif within == MessageFilter():
                found = len(page.messages)
    slowest = max(cpu, key=lambda name: cpu[name])
    return Figures(
        found,
        median(times),
        quantiles(times, n=100)[-1],
        median(cpu.values()),
        cpu[slowest],
        slowest,
        median(reading.values()),
    )


def read_again(services: Services, user_id: int, found: Sequence[Message]) -> None:
    """Read what a search reads of the messages that it has found."""
    search = services.message_search
    with search.snapshot():
        messages = services.messaging.message_store.by_ids(message.id for message in found)
        search.detail_reader.of_messages([user_id], list(messages.values()))
        search.membership_store.receipts(user_id, {message.room_id for message in messages.values()})


def sending(target: Target, services: Services, sends: int) -> None:
    """Print the cost of a send with the index and without it. They alternate in turns, in rooms of all sizes.

    SQLite indexes several messages at once, so a turn with the index includes the messages of the turn without it.
    """
    database, author = target.database, services.message_search.detail_reader.user_store.get(FREQUENT_AUTHOR)
    assert author is not None
    kind: type[PeeweeMessageStore] = database.dialect.choose(sqlite=PeeweeMessageStore, postgres=UnindexedOnPostgres)
    store = kind(database, NoIndex(), change_store(database))
    both = (services.messaging, replace(services.messaging, message_store=store))
    times: tuple[list[float], list[float]] = ([], [])
    cpu = [0.0, 0.0]
    for number, line in enumerate(islice(message_lines(2 * sends), 2 * sends)):
        begun, spent = time.perf_counter(), target.cpu_ms()
        turn = number // min(TURN, sends) % 2
        both[turn].send(author, line.room_id, line.content)
        times[turn].append((time.perf_counter() - begun) * 1e3)
        cpu[turn] += target.cpu_ms() - spent
    message_filling.fill(database, UnicodeCharacters())
    with_index, without = times
    print(
        f"a send costs {median(with_index) - median(without):+.2f} ms at the median of {median(without):.2f}, "
        f"{mean(with_index) - mean(without):+.2f} on average of {mean(without):.2f}, "
        f"{(cpu[0] - cpu[1]) / sends:+.2f} of CPU time of {cpu[1] / sends:.2f}",
        flush=True,
    )


def measure(target: Target, services: Services, runs: int, kinds: Sequence[str]) -> dict[Kind, Figures]:
    """Print a table of all kinds of queries, and return it."""
    found: dict[Kind, Figures] = {}
    print(f"{'':30}{'rooms':>6}{'found':>6}{'p50 ms':>8}{'p99 ms':>8}{'CPU ms':>8}{'most':>8}   with")
    for kind, (rooms, user_id) in product(kinds, SEEKERS.items()):
        figures = found[kind, rooms] = searched(target, services, user_id, QUERIES[kind], runs)
        print(figures.line(kind, rooms), flush=True)
    return found


def growth(small: Mapping[Kind, Figures], large: Mapping[Kind, Figures]) -> None:
    """Print how much more the selective queries cost among more messages, without the reading of what they find.

    A word like "rare" has more messages among more, and to read them is no growth of the search.
    """
    print("\nmore CPU time among more messages, in ms, without the reading of the found messages:")
    for kind, rooms in (kind for kind in large if kind[0] in SELECTIVE):
        before, after = (table[kind, rooms].cpu - table[kind, rooms].reading for table in (small, large))
        print(f"{kind:30}{rooms:>6}{after - before:>+8.1f}{after / before:>8.2f} times")


@contextmanager
def filled(url: str, messages: int) -> Iterator[ChatDatabase]:
    """Open a database with that many messages; fill it if it is empty."""
    database = open_database(url)
    try:
        migrate.upgrade(database)
        if not database.execute_sql('SELECT 1 FROM "user" LIMIT 1').fetchone():
            report("filled", lambda: fill(database, messages))
            report("indexed", lambda: message_filling.fill(database, UnicodeCharacters()))
        yield database
    finally:
        database.close_connections()


def report(name: str, step: Callable[[], object]) -> None:
    """Run a step of the preparation, and print its time."""
    begun = time.monotonic()
    step()
    print(f"{name} in {time.monotonic() - begun:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--databases", default="sqlite,postgres")
    parser.add_argument("--messages", default="10000,1000000")
    parser.add_argument("--runs", type=int, default=12, help="searches for each combination of filters")
    parser.add_argument("--sends", type=int, default=2_000, help="messages to send, each with and without the index")
    parser.add_argument("--only", default="", metavar="KIND", help="the kinds of queries that begin so, or none")
    parser.add_argument("--check", action="store_true", help="fail if the last table misses the goals")
    parser.add_argument("--url", help="measure this database alone")
    parser.add_argument("--pid", type=int, help="the process of its PostgreSQL server, to measure its CPU time")
    given = parser.parse_args()
    kinds = [kind for kind in QUERIES if kind.startswith(given.only)]
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        sizes = [int(size) for size in given.messages.split(",")]
        targets: list[tuple[str, int | None, int]] = [(given.url, given.pid, sizes[-1])] if given.url else []
        for name, size in product(given.databases.split(",") if not given.url else (), sizes):
            if name == "sqlite":
                targets.append((f"sqlite:///{folder}/{size}.sqlite3", None, size))
            else:
                server = stack.enter_context(running_postgres())
                targets.append((server.url(), server.process.pid, size))
        tables: dict[str, dict[Kind, Figures]] = {}
        for url, pid, size in targets:
            name = url.partition(":")[0]
            print(f"\n{name}, {size:,} messages", flush=True)
            with filled(url, size) as database:
                services, target = services_on(database, Settings.defaults(folder)), Target(database, pid)
                table = measure(target, services, given.runs, kinds)
                if given.sends:
                    sending(target, services, given.sends)
            if name in tables:
                growth(tables[name], table)
            tables[name] = table
        if given.check and not all(figures.meets_goals for table in tables.values() for figures in table.values()):
            sys.exit("Some figures, marked with !, miss the goals.")


if __name__ == "__main__":
    main()
