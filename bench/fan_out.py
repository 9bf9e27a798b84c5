"""How many machines a chat takes: fan-out and the tailing of the log, simulated for as many users as you like.

    python bench/fan_out.py [--users 10000,1000000,100000000] [--samples 20000]

Messages are drawn one by one: how large their rooms are, who in them is online, and over which workers these are
spread. What each step takes is measured (`costs.py --postgres`, `Costs`), what people do is assumed (`Traffic`).
Chance begins anew each time, so the tables are always the same; docs/scaling.md shows them.
"""

import argparse
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random
from typing import NamedTuple

DAY = 86_400
KIB, GB, TB = 2**10, 10**9, 10**12
LOOKS = 10
"""How many seconds pass between two looks at who is online."""
LEASE = 30
"""After how many seconds it is written anew that somebody is online."""


@dataclass(frozen=True)
class Costs:
    """Measured, in µs on a core if nothing else is said; `_db` is what the database takes besides."""

    send: float = 1_330
    send_db: float = 630
    read: float = 1_770
    """A page of rooms or of messages."""
    read_db: float = 700
    deliver: float = 24
    """From the hub to the socket."""
    tail: float = 4.3
    """A change that is read and concerns nobody here."""
    tail_db: float = 0.5
    write: float = 430
    """A message that somebody here hears of."""
    write_db: float = 190
    write_receipt: float = 14
    look: float = 0.2
    """At one who is online, by each worker."""
    come_and_go: float = 120
    """To find out whom it concerns that somebody comes or goes, by each worker."""
    stream: float = 28 * KIB
    """Bytes of a worker's memory; so is the next."""
    membership: float = 318
    message_row: float = 490
    """Bytes on the disk with all indexes; so is the next."""
    change_row: float = 226


@dataclass(frozen=True)
class Traffic:
    """Assumed: what people do in the busiest hour of a day."""

    online: float = 0.1
    """Which share of them has a stream open."""
    streams: float = 1.2
    """How many each of these has open."""
    stay: float = 600
    """For how many seconds they stay."""
    messages_a_day: float = 20
    peak: float = 3
    """How much more is written in the busiest hour than on average."""
    pages: float = 3
    """How many pages of rooms or messages are fetched for each message that is written."""
    direct: float = 0.6
    """Which share of the messages is written in direct chats."""
    looking: float = 0.3
    """Which share of those online who get a message has its room open, so that a receipt goes out."""
    rooms: int = 20
    """How many rooms somebody is in."""
    direct_rooms: float = 0.75
    """Which share of these are direct chats."""
    least: int = 3
    """Groups have so many participants at least and `most` at most, and a heavy tail: see `group_size`."""
    most: int = 5_000
    tail: float = 1.5


@dataclass(frozen=True)
class Machines:
    """Assumed: what a host is, and how much of it is used at the peak."""

    cores: int = 8
    load: float = 0.6
    streams: int = 5_000
    """How many a worker takes."""
    database_cores: int = 16
    database_load: float = 0.5
    database_disk: float = 4 * TB
    years: float = 3
    """For how long messages are kept."""
    change_days: float = 7
    hint: float = 10
    """µs to send or to take a hint that names a room."""


COSTS, TRAFFIC, MACHINES = Costs(), Traffic(), Machines()


class Drawn(NamedTuple):
    """A message: how many of its room are online, its author among them, and how many streams these have open."""

    online: int
    streams: int


def group_size(rng: Random) -> int:
    """How large the group is in which somebody writes: a group has a chance for each of its participants."""
    power = 1 - TRAFFIC.tail
    low, high = TRAFFIC.least**power, TRAFFIC.most**power
    return int((low + rng.random() * (high - low)) ** (1 / power))


def some_of(rng: Random, count: int, share: float) -> int:
    """How many of them, each with that chance."""
    if count < 100:
        return sum(rng.random() < share for _ in range(count))
    return min(count, max(0, round(rng.gauss(count * share, math.sqrt(count * share * (1 - share))))))


def draw(rng: Random, size: int) -> Drawn:
    online = 1 + some_of(rng, size - 1, TRAFFIC.online)
    return Drawn(online, online + some_of(rng, online, TRAFFIC.streams - 1))


def messages(samples: int) -> list[Drawn]:
    rng = Random(1)  # noqa: S311 - chance is no secret here
    return [draw(rng, 2 if rng.random() < TRAFFIC.direct else group_size(rng)) for _ in range(samples)]


class Design(NamedTuple):
    """How a worker hears of changes."""

    name: str
    is_by_room: bool = False
    """Each partition of the log is tailed once, and what tails it hints at the workers where somebody is in the room;
    as it is now, each worker reads every change, and looks itself at all who are online.
    """
    tells_authors: bool = False
    """A receipt is told to the author of what was read; as it is now, to all in the room."""


DESIGNS = (Design("as it is"), Design("by room", is_by_room=True), Design("and receipts to authors", True, True))


class Share(NamedTuple):
    """What one message amounts to, on average."""

    receipts: float
    """Changes are one more."""
    deliveries: float
    events: float
    """How often a message is written for who hears it: once on each worker where somebody does."""
    receipt_events: float


def share(drawn: Sequence[Drawn], workers: int, design: Design) -> Share:
    rng = Random(2)  # noqa: S311
    receipts = deliveries = events = receipt_events = 0.0
    for online, streams in drawn:
        read_by = TRAFFIC.looking * (online - 1)
        on_workers = len({rng.randrange(workers) for _ in range(streams)})
        receipts += read_by
        deliveries += streams + read_by * (TRAFFIC.streams if design.tells_authors else streams)
        events += on_workers
        receipt_events += read_by * (1 if design.tells_authors else on_workers)
    return Share(*(count / len(drawn) for count in (receipts, deliveries, events, receipt_events)))


def audience(samples: int) -> float:
    """How many streams, on average, are told that somebody comes or goes."""
    rng = Random(5)  # noqa: S311
    direct = round(TRAFFIC.rooms * TRAFFIC.direct_rooms) * TRAFFIC.online
    groups = round(TRAFFIC.rooms * (1 - TRAFFIC.direct_rooms))
    others = sum(some_of(rng, group_size(rng) - 1, TRAFFIC.online) for _ in range(samples)) / samples
    return (direct + groups * others) * TRAFFIC.streams


class Need(NamedTuple):
    """What a chat takes at its peak, in cores."""

    workers: int
    requests: float
    delivering: float
    writing: float
    tailing: float
    presence: float
    database: float

    @property
    def hosts(self) -> int:
        return math.ceil(self.workers / MACHINES.cores)


def rate(users: float) -> float:
    """Messages a second at the peak."""
    return users * TRAFFIC.messages_a_day * TRAFFIC.peak / DAY


def need(users: float, drawn: Sequence[Drawn], design: Design) -> Need | None:
    """How many cores it takes, or None if no number of workers is enough."""
    workers = math.ceil(users * TRAFFIC.online * TRAFFIC.streams / MACHINES.streams)
    while True:
        found = asked_of(workers, users, drawn, design)
        alone = found.tailing + found.presence if not design.is_by_room else 0.0
        if alone > workers * MACHINES.load * 0.9:
            return None  # what each worker does for itself leaves it no time for others
        busy = found.requests + found.delivering + found.writing + found.tailing + found.presence
        if busy <= workers * MACHINES.load:
            return found
        workers = max(workers + 1, math.ceil((busy - alone) / (MACHINES.load - alone / workers)))


def asked_of(workers: int, users: float, drawn: Sequence[Drawn], design: Design) -> Need:
    """What so many workers and the database have to do, in cores."""
    sent, online = rate(users), users * TRAFFIC.online
    one = share(drawn, workers, design)
    changes, events, receipt_events = sent * (1 + one.receipts), sent * one.events, sent * one.receipt_events
    moves = online * 2 / TRAFFIC.stay
    told = moves * audience(2_000)
    if design.is_by_room:
        tailing = changes * COSTS.tail + (events + receipt_events) * 2 * MACHINES.hint
        presence = moves * COSTS.come_and_go + told * 2 * MACHINES.hint
    else:
        tailing = workers * changes * COSTS.tail
        presence = workers * (online / LOOKS * COSTS.look + moves * COSTS.come_and_go)
    requests = sent * ((1 + one.receipts) * COSTS.send + TRAFFIC.pages * COSTS.read)
    delivering = (sent * one.deliveries + told) * COSTS.deliver
    database = sent * ((1 + one.receipts) * COSTS.send_db + TRAFFIC.pages * COSTS.read_db) + events * COSTS.write_db
    database += changes * COSTS.tail_db * (1 if design.is_by_room else workers)
    writing = events * COSTS.write + receipt_events * COSTS.write_receipt
    spent = (requests, delivering, writing, tailing, presence, database)
    return Need(workers, *(micros / 1e6 for micros in spent))


def row(*cells: object) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def header(*names: str) -> Iterator[str]:
    yield row(*names)
    yield row(*["---", *["--:"] * (len(names) - 1)]).replace(" | ", "|").replace("| ", "|").replace(" |", "|")


def number(value: float) -> str:
    """A number as people read it, with two figures."""
    for size, unit in ((1e9, " billion"), (1e6, " million")):
        if value >= size:
            return f"{value / size:.2g}{unit}" if value < 100 * size else f"{value / size:,.0f}{unit}"
    if value < 1:
        return f"{value:.2f}"
    return f"{value:.2g}" if value < 10 else f"{round(value, 2 - len(str(int(value)))):,.0f}"


def of_traffic(sizes: Sequence[int], drawn: Sequence[Drawn]) -> Iterator[str]:
    """What happens in the busiest hour."""
    now, then = share(drawn, 1, DESIGNS[0]), share(drawn, 1, DESIGNS[-1])
    yield from header("a second, at the peak", *(f"{number(users)} users" for users in sizes))
    for name, count in (
        ("messages", 1.0),
        ("receipts", now.receipts),
        ("changes in the log", 1 + now.receipts),
        ("pages fetched", TRAFFIC.pages),
        ("deliveries", now.deliveries),
        ("deliveries, if a receipt goes to the author alone", then.deliveries),
    ):
        yield row(name, *(number(rate(users) * count) for users in sizes))
    yield row("*streams open*", *(number(users * TRAFFIC.online * TRAFFIC.streams) for users in sizes))


def of_receipts() -> Iterator[str]:
    """How often one message and its receipts are delivered, by how large the room is."""
    sizes = (2, 10, 100, 1_000, 5_000)
    rng = Random(4)  # noqa: S311
    drawn = [[draw(rng, size) for _ in range(400)] for size in sizes]
    told = [sum(one.streams for one in ones) / len(ones) for ones in drawn]
    yield from header("participants of the room", *(f"{size:,}" for size in sizes))
    yield row("deliveries of a message", *map(number, told))
    both = [share(ones, 1, DESIGNS[0]).deliveries for ones in drawn]
    yield row("deliveries of its receipts", *(number(a - b) for a, b in zip(both, told, strict=True)))


def of_tailing(drawn: Sequence[Drawn]) -> Iterator[str]:
    """What tailing one log takes of each worker, however many there are."""
    rates = (100, 1_000, 10_000, 100_000)
    changes = 1 + share(drawn, 1, DESIGNS[0]).receipts
    parts = [sent * changes * COSTS.tail / 1e6 for sent in rates]
    yield from header("messages a second, in all", *(f"{sent:,}" for sent in rates))
    yield row(
        "of each worker's core, for tailing", *(f"{part:.1%}" if part < 1 else "more than it has" for part in parts)
    )
    yield row(
        "with 100 workers, of the database's cores",
        *(number(part * 100 * COSTS.tail_db / COSTS.tail) for part in parts),
    )


def of_partitions() -> Iterator[str]:
    """Which share of the partitions a worker must tail on which people are as they come."""
    counts = (16, 256, 4_096, 65_536)
    yield from header("streams at a worker", *(f"{count:,} partitions" for count in counts))
    for streams in (50, 500, 5_000):
        rng = Random(3)  # noqa: S311
        found = [len({rng.randrange(count) for _ in range(streams * TRAFFIC.rooms)}) / count for count in counts]
        yield row(f"{streams:,}", *(f"{part:.0%}" for part in found))


def of_needs(sizes: Sequence[int], drawn: Sequence[Drawn]) -> Iterator[str]:
    """How many cores and hosts it takes, by the way in which the log is read."""
    names = ("requests", "delivering", "writing events", "tailing", "presence")
    yield from header("users, design", *names, "workers", "their memory", "hosts")
    for users in sizes:
        memory = users * TRAFFIC.online * TRAFFIC.streams * (COSTS.stream + TRAFFIC.rooms * COSTS.membership)
        for design in DESIGNS:
            found = need(users, drawn, design)
            title = f"{number(users)}, {design.name}"
            if found is None:
                yield row(title, *["–"] * len(names), "no number is enough", "–", "–")
            else:
                parts = (found.requests, found.delivering, found.writing, found.tailing, found.presence)
                needed = (number(found.workers), f"{number(memory / GB)} GB", number(found.hosts))
                yield row(title, *map(number, parts), *needed)


def of_databases(sizes: Sequence[int], drawn: Sequence[Drawn]) -> Iterator[str]:
    """What is asked of the databases, in the last of the designs."""
    design = DESIGNS[-1]
    changes = 1 + share(drawn, 1, design).receipts
    cores = [
        asked_of(found.workers, users, drawn, design).database
        for users in sizes
        if (found := need(users, drawn, design))
    ]
    a_day = [users * TRAFFIC.messages_a_day for users in sizes]
    kept = [
        count * (COSTS.message_row * 365 * MACHINES.years + changes * COSTS.change_row * MACHINES.change_days)
        for count in a_day
    ]
    yield from header("of the databases", *(f"{number(users)} users" for users in sizes))
    yield row("commits a second, at the peak", *(number(rate(users) * changes) for users in sizes))
    yield row("cores busy, at the peak", *map(number, cores))
    leases = (users * TRAFFIC.online / LEASE for users in sizes)
    yield row("leases of presence renewed a second, as it is", *map(number, leases))
    yield row("messages a day", *map(number, a_day))
    yield row(f"on the disk after {MACHINES.years:.0f} years", *(f"{number(size / GB)} GB" for size in kept))
    by_load = (math.ceil(count / MACHINES.database_cores / MACHINES.database_load) for count in cores)
    yield row("servers, by load", *map(number, by_load))
    yield row("servers, by size", *(number(math.ceil(size / MACHINES.database_disk)) for size in kept))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--users", default="10000,1000000,100000000", metavar="COUNT,COUNT")
    parser.add_argument("--samples", type=int, default=20_000)
    given = parser.parse_args()
    sizes = [int(size) for size in given.users.split(",")]
    drawn = messages(given.samples)
    for table in (
        of_traffic(sizes, drawn),
        of_receipts(),
        of_tailing(drawn),
        of_partitions(),
        of_needs(sizes, drawn),
        of_databases(sizes, drawn),
    ):
        print("\n".join(table), end="\n\n")


if __name__ == "__main__":
    main()
