"""Compare the clients' records with the server: nothing lost, nothing twice, one order for all (R3, R5, R6).

Reactions and pins of a deleted message go with it, so their events may be missing and do not count.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from faults.journal import Reaction
from faults.load import Load
from faults.readers import MARKS, PageReader, Reader, decoded
from faults.writers import MESSAGES

Json = dict[str, Any]
REPEATED = 20
"""Number of messages that are repeated at the end."""
SHOWN_USERS = 10
"""Number of users that a message shows of each reaction."""


@dataclass
class Verdict:
    lost: int = 0
    twice: int = 0
    disordered: int = 0
    problems: list[str] = field(default_factory=list)


def verdict_on(load: Load) -> Verdict:
    """Return the verdict on a finished run, by comparison with the server's data."""
    verdict = Verdict(problems=list(load.journal.problems))
    histories = {room: _history(load, room) for room in load.rooms}
    for room, history in histories.items():
        _check_room(verdict, load, room, history)
    deleted = {message["id"] for history in histories.values() for message in history if message["is_deleted"]}
    for reader in load.readers:
        _check_reader(verdict, load, reader, histories, deleted)
    _check_reactions(verdict, load, histories, deleted)
    _check_pins(verdict, load, histories, deleted)
    _check_blocks(verdict, load)
    _check_one_order(verdict, load.readers, deleted)
    if not verdict.lost:  # else it would be there after this
        _check_repetitions(verdict, load)
    _check_unread(verdict, load)
    return verdict


def _history(load: Load, room: int) -> list[Json]:
    """All messages of the room, from the first to the last."""
    messages: list[Json] = []
    path = f"/api/chat/rooms/{room}/history/?mark_read=false&limit=200"
    page = load.owner.insist("GET", f"{path}&before={load.first[room]}", until={200}).json["messages"]
    messages += page
    messages += [load.owner.insist("GET", f"{MESSAGES}{load.first[room]}/", until={200}).json]
    while page := load.owner.insist("GET", f"{path}&after={messages[-1]['id']}", until={200}).json["messages"]:
        messages += page
    return messages


def _check_room(verdict: Verdict, load: Load, room: int, history: Sequence[Json]) -> None:
    sends = [sent for sent in load.journal.sends if sent.room == room]
    stored: dict[tuple[str, str], Json] = {}
    for message in history:
        name = message["user_username"], message["client_id"]
        verdict.twice += name in stored
        stored[name] = message
    if [message["seq"] for message in history] != list(range(1, len(history) + 1)):
        verdict.disordered += 1
        verdict.problems.append(f"room {room}: the messages are not numbered 1, 2, 3, ...")
    for sent in sends:
        if (sent.author, sent.client_id) not in stored:
            verdict.lost += 1
            continue
        message = stored.pop((sent.author, sent.client_id))
        if (message["id"], message["seq"]) != (sent.id, sent.seq):
            verdict.disordered += 1
        if message["content"] != (sent.content or "") or message["is_deleted"] != (sent.content is None):
            verdict.lost += 1
            verdict.problems.append(f"{sent.client_id} says {message['content']!r} and not {sent.content!r}")
    for author, client_id in stored.keys() - {("owner", "first"), ("owner", "last")}:
        verdict.problems.append(f"room {room} holds {client_id} of {author}, which was never acknowledged")
    # Acknowledged before another was begun: ordered before it.
    earliest = None
    for sent in sorted(sends, key=lambda sent: sent.seq, reverse=True):
        if earliest is not None and earliest < sent.invoked:
            verdict.disordered += 1
        earliest = sent.acknowledged if earliest is None else min(earliest, sent.acknowledged)


def _check_reader(
    verdict: Verdict, load: Load, reader: Reader, histories: dict[int, list[Json]], deleted: Collection[int]
) -> None:
    """Each reader received each message of its rooms once, in the order of the room."""
    expected = {
        room: [message["id"] for message in histories[room] if message["id"] > _beginning(load, reader, room)]
        for room in reader.rooms
    }
    rooms = {number: room for room, numbers in expected.items() for number in numbers}
    heard: dict[int, list[int]] = {room: [] for room in reader.rooms}
    changes: Counter[tuple[str, int]] = Counter()
    for kind, number in map(decoded, reader.heard):
        if kind != "message.created":
            changes[kind, number] += 1
        elif number in rooms:
            heard[rooms[number]].append(number)
        else:
            verdict.problems.append(f"{reader.name} heard of message {number}, which is in no room of theirs")
    for room, numbers in expected.items():
        counts = Counter(heard[room])
        missing, repeated = set(numbers) - counts.keys(), counts.total() - len(counts)
        verdict.lost += len(missing)
        verdict.twice += repeated
        if not missing and not repeated and heard[room] != numbers:
            verdict.disordered += sum(one > other for one, other in pairwise(heard[room]))
        if missing or repeated or heard[room] != numbers:
            verdict.problems.append(
                f"{reader.name}, in room {room}: {len(missing)} not heard of, {repeated} twice"
                f"{'' if missing or repeated else ', and the rest in another order'}"
            )
    if not isinstance(reader, PageReader):
        _check_changes(verdict, load, reader, _lasting(changes, deleted), deleted)
        _check_contents(verdict, reader, histories)


def _beginning(load: Load, reader: Reader, room: int) -> int:
    return max(load.first.values()) if isinstance(reader, PageReader) and len(reader.rooms) > 1 else load.first[room]


def _lasting(changes: Mapping[tuple[str, int], int], deleted: Collection[int]) -> Counter[tuple[str, int]]:
    """Return those of the changes whose events every reader must receive."""
    return Counter({change: count for change, count in changes.items() if _lasts(*change, deleted)})


def _lasts(kind: str, message: int, deleted: Collection[int]) -> bool:
    return kind not in MARKS or message not in deleted


def _check_changes(
    verdict: Verdict, load: Load, reader: Reader, heard: Counter[tuple[str, int]], deleted: Collection[int]
) -> None:
    """Readers received each change once, and the reactions of the last events are those acknowledged."""
    ids = {sent.id for sent in load.journal.sends if sent.room in reader.rooms}
    done = _lasting({change: count for change, count in load.journal.changes.items() if change[1] in ids}, deleted)
    verdict.lost += (done - heard).total()
    verdict.twice += (heard - done).total()
    if done != heard:
        verdict.problems.append(
            f"{reader.name}: {(done - heard).total()} changes not heard of, {(heard - done).total()} too often"
        )
    shown = {one for one, is_there in reader.reactions.items() if is_there and one.message not in deleted}
    wrong = shown ^ {one for one in _reactions(load, deleted) if one.message in ids}
    if wrong:
        verdict.lost += len(wrong)
        verdict.problems.append(f"{reader.name}: {len(wrong)} reactions are not those of the last events")


def _check_contents(verdict: Verdict, reader: Reader, histories: Mapping[int, Sequence[Json]]) -> None:
    """The last content of each changed message is that of the history."""
    contents = {message["id"]: message["content"] for room in reader.rooms for message in histories[room]}
    wrong = [number for number, content in reader.contents.items() if contents.get(number) != content]
    if wrong:
        verdict.lost += len(wrong)
        verdict.problems.append(f"{reader.name}: {len(wrong)} messages say something else than in the history")


def _reactions(load: Load, deleted: Collection[int]) -> set[Reaction]:
    """Return the acknowledged reactions that must be there now."""
    return {one for one, is_there in load.journal.reactions.items() if is_there and one.message not in deleted}


def _check_reactions(
    verdict: Verdict, load: Load, histories: Mapping[int, Sequence[Json]], deleted: Collection[int]
) -> None:
    """Each message shows the acknowledged reactions with their count, and no others."""
    expected: defaultdict[tuple[int, str], set[int]] = defaultdict(set)
    for message, user, emoji in _reactions(load, deleted):
        expected[message, emoji].add(user)
    messages = [message for history in histories.values() for message in history]
    shown = {(message["id"], one["emoji"]): one for message in messages for one in message["reactions"]}
    for mark in expected.keys() | shown.keys():
        one, users = shown.get(mark, {"count": 0, "users": []}), expected.get(mark, set())
        is_right = one["count"] == len(users) and users.issuperset(one["users"])
        if not is_right or len(one["users"]) != min(len(users), SHOWN_USERS):
            verdict.lost += 1
            verdict.problems.append(f"the reactions {mark} are {one} and not by {sorted(users)}")


def _check_pins(
    verdict: Verdict, load: Load, histories: Mapping[int, Sequence[Json]], deleted: Collection[int]
) -> None:
    """Each room lists the acknowledged pins, the last one first, and its messages are marked."""
    for room, history in histories.items():
        listed = [one["id"] for one in load.owner.insist("GET", f"/api/chat/rooms/{room}/pins/", until={200}).json]
        marked = {message["id"] for message in history if message["is_pinned"]}
        pinned = [number for number in reversed(load.journal.pins[room]) if number not in deleted]
        if listed != pinned or marked != set(pinned):
            verdict.lost += 1
            verdict.problems.append(f"room {room}: the pins are {listed}, marked {sorted(marked)}, and not {pinned}")


def _check_blocks(verdict: Verdict, load: Load) -> None:
    """The acknowledged blocks are there, and no others."""
    listed = load.racers.blocks_as_listed()
    blocks = {pair for pair, is_blocked in load.journal.blocks.items() if is_blocked}
    if listed != blocks:
        verdict.lost += 1
        verdict.problems.append(f"the blocks are {listed} and not {blocks}")


def _check_one_order(verdict: Verdict, readers: Iterable[Reader], deleted: Collection[int]) -> None:
    """All readers of the same rooms received the same events in the same order, across rooms."""
    heard = [
        [code for code in reader.heard if _lasts(*decoded(code), deleted)]
        for reader in readers
        if not isinstance(reader, PageReader) and len(reader.rooms) > 1
    ]
    for one in heard[1:]:
        if one != heard[0] and sorted(one) == sorted(heard[0]):
            verdict.disordered += 1
            verdict.problems.append("two readers heard the same in different orders")


def _check_repetitions(verdict: Verdict, load: Load) -> None:
    """A repeated send returns the first message, edited, deleted or not."""
    by_name = {writer.name: writer for writer in load.writers}
    for sent in random.sample(load.journal.sends, min(REPEATED, len(load.journal.sends))):
        answer = by_name[sent.author].repeats(sent)
        if answer.status != 200 or answer.json["id"] != sent.id:
            verdict.twice += 1
            verdict.problems.append(f"{sent.client_id}, sent again: {answer.status} {answer.body[:200]!r}")


def _check_unread(verdict: Verdict, load: Load) -> None:
    """The unread count covers the messages after the user's own last one."""
    for writer in load.writers:
        last = dict.fromkeys(load.rooms, 0)
        for sent in load.journal.sends:
            if sent.author == writer.name:
                last[sent.room] = max(last[sent.room], sent.seq)
        for room in writer.rooms_as_listed():
            if room["id"] in last and room["last_read_seq"] != last[room["id"]]:
                verdict.problems.append(
                    f"{writer.name} has read room {room['id']} up to {room['last_read_seq']} and not {last[room['id']]}"
                )
