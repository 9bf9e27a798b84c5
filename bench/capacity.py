"""Simulate fan-out and log tailing, and estimate the machines that a chat of any size needs.

    python bench/capacity.py [--users 10000,1000000,100000000] [--samples 20000]

It draws messages one by one: the size of their rooms, the participants online, and the workers of their streams. The
cost of each step is measured (`costs.py --postgres`, `Costs`); user behaviour is assumed (`Traffic`). The random
seed is fixed, so the tables are always the same; docs/scaling.md shows them.
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
"""Interval between presence checks, in seconds."""
LEASE = 30
"""Interval between renewals of a presence lease, in seconds."""


@dataclass(frozen=True)
class Costs:
    """Measured costs, in µs of one core unless stated otherwise; `_db` is the database's share."""

    send: float = 1_530
    send_db: float = 1_290
    read: float = 1_950
    """A page of rooms or of messages."""
    read_db: float = 1_730
    deliver: float = 12
    """From the hub to the socket, with cold caches."""
    tail: float = 4.1
    """Reading a change without a listener at this worker."""
    tail_db: float = 0.7
    write: float = 650
    """Writing the event of a message that comes alone, once for all listeners of a worker."""
    write_db: float = 930
    write_receipt: float = 12
    look: float = 0.2
    """The presence check, per online user and worker."""
    come_and_go: float = 154
    """Finding the listeners of one presence change, per worker."""
    stream: float = 14 * KIB
    """Bytes of a worker's memory, as the next."""
    membership: float = 318
    message_row: float = 560
    """Bytes on disk with all indexes, as the next."""
    change_row: float = 235


@dataclass(frozen=True)
class Traffic:
    """Assumed user behaviour in the busiest hour of a day."""

    online: float = 0.1
    """Share of the users with an open stream."""
    streams: float = 1.2
    """Open streams per online user."""
    stay: float = 600
    """Time online, in seconds."""
    messages_a_day: float = 20
    peak: float = 3
    """Messages in the busiest hour, relative to the average hour."""
    pages: float = 3
    """Fetched pages of rooms or messages per sent message."""
    direct: float = 0.6
    """Share of messages in direct chats."""
    looking: float = 0.3
    """Share of online recipients that have the room open and so send a receipt."""
    rooms: int = 20
    """Rooms per user."""
    direct_rooms: float = 0.75
    """Share of direct chats among them."""
    least: int = 3
    """Smallest group; `most` is the largest. Sizes have a heavy tail: see `group_size`."""
    most: int = 5_000
    tail: float = 1.5


@dataclass(frozen=True)
class Machines:
    """Assumed hardware, and its utilisation at the peak."""

    cores: int = 8
    load: float = 0.6
    streams: int = 5_000
    """Maximum per worker."""
    database_cores: int = 16
    database_load: float = 0.5
    database_disk: float = 4 * TB
    years: float = 3
    """Retention of messages."""
    change_days: float = 7
    hint: float = 10
    """Cost of sending or receiving a hint for a room, in µs."""


COSTS, TRAFFIC, MACHINES = Costs(), Traffic(), Machines()


class Drawn(NamedTuple):
    """A drawn message: the online participants of its room, author included, and their open streams."""

    online: int
    streams: int


def group_size(rng: Random) -> int:
    """Draw the group of a message: the chance of a group grows with its participants."""
    power = 1 - TRAFFIC.tail
    low, high = TRAFFIC.least**power, TRAFFIC.most**power
    return int((low + rng.random() * (high - low)) ** (1 / power))


def some_of(rng: Random, count: int, share: float) -> int:
    """Draw how many of `count` are chosen, each with the probability `share`."""
    if count < 100:
        return sum(rng.random() < share for _ in range(count))
    return min(count, max(0, round(rng.gauss(count * share, math.sqrt(count * share * (1 - share))))))


def draw(rng: Random, size: int) -> Drawn:
    online = 1 + some_of(rng, size - 1, TRAFFIC.online)
    return Drawn(online, online + some_of(rng, online, TRAFFIC.streams - 1))


def messages(samples: int) -> list[Drawn]:
    rng = Random(1)  # noqa: S311 - not a secret
    return [draw(rng, 2 if rng.random() < TRAFFIC.direct else group_size(rng)) for _ in range(samples)]


class Design(NamedTuple):
    """How changes reach a worker."""

    name: str
    is_by_room: bool = False
    """One process tails each partition of the log and hints at the workers with listeners in the room. Today each
    worker reads every change, and checks the presence of all online users itself.
    """
    notifies_authors: bool = False
    """A receipt goes to the author of the message; today it goes to everybody in the room."""


DESIGNS = (Design("this version"), Design("by room", is_by_room=True), Design("and receipts to authors", True, True))


class Share(NamedTuple):
    """The average effects of one message."""

    receipts: float
    """Receipts per message; changes are one more."""
    deliveries: float
    events: float
    """Event writes per message: one on each worker with a listener."""
    receipt_events: float


def share(drawn: Sequence[Drawn], workers: int, design: Design) -> Share:
    rng = Random(2)  # noqa: S311
    receipts = deliveries = events = receipt_events = 0.0
    for online, streams in drawn:
        read_by = TRAFFIC.looking * (online - 1)
        on_workers = len({rng.randrange(workers) for _ in range(streams)})
        receipts += read_by
        deliveries += streams + read_by * (TRAFFIC.streams if design.notifies_authors else streams)
        events += on_workers
        receipt_events += read_by * (1 if design.notifies_authors else on_workers)
    return Share(*(count / len(drawn) for count in (receipts, deliveries, events, receipt_events)))


def audience(samples: int) -> float:
    """Average number of streams that get one presence change."""
    rng = Random(5)  # noqa: S311
    direct = round(TRAFFIC.rooms * TRAFFIC.direct_rooms) * TRAFFIC.online
    groups = round(TRAFFIC.rooms * (1 - TRAFFIC.direct_rooms))
    others = sum(some_of(rng, group_size(rng) - 1, TRAFFIC.online) for _ in range(samples)) / samples
    return (direct + groups * others) * TRAFFIC.streams


class Need(NamedTuple):
    """Busy cores of a chat at its peak."""

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
    """Compute the busy cores; None if no number of workers is enough."""
    workers = math.ceil(users * TRAFFIC.online * TRAFFIC.streams / MACHINES.streams)
    while True:
        found = asked_of(workers, users, drawn, design)
        alone = found.tailing + found.presence if not design.is_by_room else 0.0
        if alone > workers * MACHINES.load * 0.9:
            return None  # the fixed work of each worker leaves no time for requests
        busy = found.requests + found.delivering + found.writing + found.tailing + found.presence
        if busy <= workers * MACHINES.load:
            return found
        workers = max(workers + 1, math.ceil((busy - alone) / (MACHINES.load - alone / workers)))


def asked_of(workers: int, users: float, drawn: Sequence[Drawn], design: Design) -> Need:
    """Compute the work of that many workers and of the database, in cores."""
    sent, online = rate(users), users * TRAFFIC.online
    one = share(drawn, workers, design)
    changes, events, receipt_events = sent * (1 + one.receipts), sent * one.events, sent * one.receipt_events
    moves = online * 2 / TRAFFIC.stay
    presence_events = moves * audience(2_000)
    if design.is_by_room:
        tailing = changes * COSTS.tail + (events + receipt_events) * 2 * MACHINES.hint
        presence = moves * COSTS.come_and_go + presence_events * 2 * MACHINES.hint
    else:
        tailing = workers * changes * COSTS.tail
        presence = workers * (online / LOOKS * COSTS.look + moves * COSTS.come_and_go)
    requests = sent * ((1 + one.receipts) * COSTS.send + TRAFFIC.pages * COSTS.read)
    delivering = (sent * one.deliveries + presence_events) * COSTS.deliver
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
    """Format a number with two significant digits."""
    for size, unit in ((1e9, " billion"), (1e6, " million")):
        if value >= size:
            return f"{value / size:.2g}{unit}" if value < 100 * size else f"{value / size:,.0f}{unit}"
    if value < 1:
        return f"{value:.2f}"
    return f"{value:.2g}" if value < 10 else f"{round(value, 2 - len(str(int(value)))):,.0f}"


def of_traffic(sizes: Sequence[int], drawn: Sequence[Drawn]) -> Iterator[str]:
    """The table of events in the busiest hour."""
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
    """The table of deliveries per message and its receipts, by room size."""
    sizes = (2, 10, 100, 1_000, 5_000)
    rng = Random(4)  # noqa: S311
    drawn = [[draw(rng, size) for _ in range(400)] for size in sizes]
    presence_events = [sum(one.streams for one in ones) / len(ones) for ones in drawn]
    yield from header("participants of the room", *(f"{size:,}" for size in sizes))
    yield row("deliveries of a message", *map(number, presence_events))
    both = [share(ones, 1, DESIGNS[0]).deliveries for ones in drawn]
    yield row("deliveries of its receipts", *(number(a - b) for a, b in zip(both, presence_events, strict=True)))


def of_tailing(drawn: Sequence[Drawn]) -> Iterator[str]:
    """The table of tailing costs per worker."""
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
    """The table of the share of partitions that a worker must tail."""
    counts = (16, 256, 4_096, 65_536)
    yield from header("streams at a worker", *(f"{count:,} partitions" for count in counts))
    for streams in (50, 500, 5_000):
        rng = Random(3)  # noqa: S311
        found = [len({rng.randrange(count) for _ in range(streams * TRAFFIC.rooms)}) / count for count in counts]
        yield row(f"{streams:,}", *(f"{part:.0%}" for part in found))


def of_needs(sizes: Sequence[int], drawn: Sequence[Drawn]) -> Iterator[str]:
    """The table of cores and hosts, by design."""
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
    """The table of the databases' load, in the last design."""
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
    yield row("leases of presence renewed a second, in this version", *map(number, leases))
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
