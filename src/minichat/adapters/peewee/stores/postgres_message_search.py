"""The search in the index of messages on PostgreSQL, which `stores.postgres_message_index` writes.

A search first reads the words of the newest messages, which has the result of a frequent word soon. If they have too
few matches, the words are rare, at least of late, and the GIN index has the rest. Its keys begin with the room and the
*block*, 4,096 messages of a room in a row. So it has the words of this room alone, and a search can go from the newest
block to the oldest, and end when no older block can have a newer match.

GIN looks up a whole word many times as fast as all words that begin with some letters. So a dot before the last
character separates a word from longer ones that begin with it, which are few: `tea` is looked up as `te.a`, or what
begins with `tea`. `domain.message_words` decides about each candidate. This module writes nothing.
"""

from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice
from string import ascii_lowercase
from typing import NamedTuple

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement
from minichat.adapters.peewee.stores.messages import MESSAGES
from minichat.domain.message_words import MAX_SOUGHT, compared, merged
from minichat.domain.model import FoundMessages, Message, MessageQuery, ReadableRoom, SoughtWord
from minichat.domain.ports import Characters

BLOCK_BITS = 12
"""A block is `seq >> BLOCK_BITS`: see migration 0011."""
END = "."
"""It precedes the last character of a stored word. No word holds it."""
BLOCK = "#"
"""It stands for the block that precedes a word in the index. No word holds it."""

FIRST_SCANNED, SCANNED, SCANNED_FOR_MANY = 300, 5_000, 20_000
"""Number of messages whose words a search reads before it looks into the index: with the first statement, because words
can be long; in all, if the matches among them promise a whole page; and for several words or a wide one, because the
index has to compare all messages with any of them.
"""
MAX_SCANNED_SIZE = 1_000_000
"""Number of bytes of words, as they are stored, after which it reads no more."""
MARGIN, ENOUGH = 1.2, 0.8
"""Factors: a search plans to read somewhat more than it needs, and does without the last step if little is left."""
SPAN_GROWTH = 10
"""How many times as many ids the next step may span, if the last one had few messages."""
FIRST_LOOKED_UP, MOST_LOOKED_UP = 8 << BLOCK_BITS, 64 << BLOCK_BITS
"""Number of messages in the blocks that one statement looks up: the first one, and any. All may have the words."""
NEWEST_COUNTS = 8
"""The newest block of each room counts as that part of its messages, because the search can seldom do without it."""
GROWTH = 4
"""How many times as many messages the next one looks up."""

WIDE = 4
"""A word of so few characters may begin many others. Looking all of them up can take longer than the rest."""
SAMPLE_ROOMS, SAMPLE = 64, 512
"""Number of rooms, and of messages in them, that decide which words are looked up."""
SAMPLE_LENGTH = 1_000
"""Number of characters of each of these messages that count."""
READING_COSTS = 14
"""The time to read a candidate, relative to the time to collect a message with a wide word from the index."""

_COLUMNS = ", ".join(f"message.{column.column_name}" for column in MESSAGES.columns)
_ROOMS = "unnest(:room_ids::bigint[], :first_seqs::bigint[]) AS asked (room_id, first_seq)"
# OFFSET 0 keeps the planner from joining all words of all rooms.
_NEWEST = f"""
    SELECT max(near.message_id) FROM {_ROOMS} CROSS JOIN LATERAL (
        SELECT message_id FROM message_word WHERE room_id = asked.room_id AND message_id < :before
        ORDER BY message_id DESC LIMIT 1
    ) AS near
"""  # noqa: S608 - our own words
_SAMPLE = f"""
    SELECT left(near.words, {SAMPLE_LENGTH}) FROM {_ROOMS} CROSS JOIN LATERAL (
        SELECT words FROM message_word WHERE room_id = asked.room_id AND message_id < :before
        ORDER BY message_id DESC LIMIT :limit
    ) AS near
"""  # noqa: S608
_BLOCKS = f"""
    SELECT asked.room_id, block, least(1 << {BLOCK_BITS}, room.last_seq - (block << {BLOCK_BITS}) + 1),
        CASE WHEN block < room.last_seq >> {BLOCK_BITS} THEN
            (SELECT id FROM message WHERE room_id = asked.room_id AND seq = ((block + 1) << {BLOCK_BITS}) - 1)
        END
    FROM {_ROOMS}
    CROSS JOIN LATERAL (SELECT last_seq FROM room WHERE id = asked.room_id OFFSET 0) AS room
    CROSS JOIN LATERAL generate_series(asked.first_seq >> {BLOCK_BITS}, room.last_seq >> {BLOCK_BITS}) AS block
    ORDER BY asked.room_id, block
"""  # noqa: S608
_LOOK_UP = """
    SELECT * FROM message_candidates(:lexemes::tsquery[], :room_ids::bigint[], :blocks::bigint[], :first_seqs::bigint[],
        :newest_ids::bigint[], :after_id::bigint, :patterns::text[], :limit::integer)
"""


def _fits(words: int) -> str:
    """Return the condition for a message with that many words, each of which is stored in one of two ways."""
    ways = ((f":whole_{letter}::text", f":start_{letter}::text") for letter in ascii_lowercase[:words])
    return " AND ".join(
        # `strpos` takes a fifth of the time of LIKE.
        ["seq >= asked.first_seq", *(f"(strpos(words, {a}) > 0 OR strpos(words, {b}) > 0)" for a, b in ways)]
    )


def _scan(words: int) -> str:
    """Return the statement that reads the messages between two ids, and looks for that many words."""
    return f"""
        SELECT count(*), array_agg(message_id ORDER BY message_id DESC) FILTER (WHERE fits), sum(size)::bigint
        FROM {_ROOMS} CROSS JOIN LATERAL (
            SELECT message_id, {_fits(words)} AS fits, pg_column_size(words) AS size FROM message_word
            WHERE room_id = asked.room_id AND message_id >= :start AND message_id < :before OFFSET 0
        ) AS near
    """  # noqa: S608


class IndexState(NamedTuple):
    share: float
    """The share of the searched rooms of all messages, as an estimate."""
    has_behind: bool
    """Whether `message_behind` has any row."""


def array(numbers: Iterable[int]) -> str:
    """Return an array as PostgreSQL reads it, which takes a fraction of the driver's time."""
    return f"{{{','.join(map(str, numbers))}}}"


def array_of_texts(texts: Iterable[str]) -> str:
    """Return an array of texts without quotation marks and backslashes: no word has any."""
    joined = '","'.join(texts)
    return f'{{"{joined}"}}' if joined else "{}"


def stored_words(user_id: int, words: Sequence[str]) -> str:
    """Return the author and the words of a message as in the column `message_word.words`."""
    return " " + "".join(f"{_ended(word)} " for word in (author_word(user_id), *words))


def _ended(word: str) -> str:
    return f"{word[:-1]}{END}{word[-1]}"


def author_word(user_id: int) -> str:
    """Return the word for an author, which no text has as a word."""
    return f"@{user_id:x}"


class Block(NamedTuple):
    """The messages of a room with the same `seq >> BLOCK_BITS`."""

    newest_id: int
    """No message of the block has a larger id."""
    room_id: int
    number: int
    size: int
    """Number of messages."""


class PostgresMessageSearch:
    def __init__(self, database: ChatDatabase, characters: Characters) -> None:
        self._characters = characters

        def statement(text: str) -> Statement:
            return Statement.of_text(database, text)

        # One statement for each number of words; the author is a word as well.
        self.scans = tuple(statement(_scan(words)) for words in range(MAX_SOUGHT + 2))
        self.look_up = statement(_LOOK_UP)
        self.newest = statement(_NEWEST)
        self.sample = statement(_SAMPLE)
        self.blocks = statement(_BLOCKS)
        self._by_ids = statement(
            f"SELECT {_COLUMNS} FROM message "  # noqa: S608 - our own words
            "WHERE id = ANY (:ids::bigint[]) AND NOT is_deleted ORDER BY id DESC"
        )
        self._behind = statement(
            f"SELECT {_COLUMNS} FROM message_behind JOIN message ON message.id = message_behind.message_id "  # noqa: S608
            "WHERE NOT message.is_deleted"
        )

    def find(
        self,
        query: MessageQuery,
        rooms: Sequence[ReadableRoom],
        limit: int,
        author_id: int | None,
        before: int,
        state: IndexState,
    ) -> FoundMessages:
        """Return the result of `MessageIndex.search`, if the index lacks no messages but those in `message_behind`."""
        first_seq = {room.room_id: room.first_seq for room in rooms}

        def found_among(candidates: Iterable[Message]) -> FoundMessages:
            asked_for = (
                message
                for message in candidates
                if message.seq >= first_seq.get(message.room_id, message.seq + 1)
                and message.id < before
                and author_id in (None, message.user_id)
            )
            return compared(asked_for, query, self._characters, limit)

        author = [] if author_id is None else [SoughtWord(author_word(author_id), is_whole=True)]
        candidates = _Candidates(self, [*query.sought, *author], rooms, limit).before(before, state.share)
        found = found_among(self._messages(candidates, limit))
        if state.has_behind:
            found = merged(found, found_among(MESSAGES.all(self._behind.rows())), limit)
        return found

    def _messages(self, ids: Iterator[int], count: int) -> Iterator[Message]:
        """Yield the messages with these ids, `count` of which are read at once."""
        while some := list(islice(ids, count)):
            yield from MESSAGES.all(self._by_ids.rows(ids=array(some)))


class _Candidates:
    """The messages of a search that may match, the newest first, read as far as somebody asks for them."""

    def __init__(
        self,
        statements: PostgresMessageSearch,
        words: Sequence[SoughtWord],
        rooms: Sequence[ReadableRoom],
        limit: int,
    ) -> None:
        self._statements = statements
        self._words = words
        self._rooms = sorted(rooms, key=lambda room: -room.newest_id)
        self._first_seq = {room.room_id: room.first_seq for room in rooms}
        self._limit = limit

    def before(self, before: int, share: float) -> Iterator[int]:
        """Yield the ids of the candidates before a message. The rooms have about that share of all messages."""
        before = yield from self._scanned(before, round(FIRST_SCANNED / min(1.0, max(share, 1e-9))))
        if before > 1:
            yield from self._looked_up(before)

    def _of_rooms(self, rooms: Sequence[ReadableRoom]) -> dict[str, str]:
        return {
            "room_ids": array(room.room_id for room in rooms),
            "first_seqs": array(room.first_seq for room in rooms),
        }

    def _scanned(self, before: int, span: int) -> Generator[int, None, int]:
        """Yield those among the newest messages; return the id before which none was read.

        `span` is the number of ids that have about the wanted number of messages of the rooms.
        """
        rooms, words = self._of_rooms(self._rooms), _both_ways(self._words)
        scan = self._statements.scans[len(self._words)]
        read = matched = size = 0
        while True:
            start = max(1, before - span)
            row = scan.one(**rooms, start=start, before=before, **words)
            assert row is not None, "an aggregate returns a row"
            count, ids, size = row[0], row[1] or [], size + (row[2] or 0)
            yield from ids
            before, read, matched = start, read + count, matched + len(ids)
            wanted = self._worth_reading(read, matched)
            if before == 1 or read >= ENOUGH * wanted or size > MAX_SCANNED_SIZE:
                return before
            if count:
                more = min(wanted - read, (MAX_SCANNED_SIZE - size) * read / size)
                span = min(SPAN_GROWTH * span, round(span * more / count) + 1)
            else:
                row = self._statements.newest.one(**rooms, before=before)
                assert row is not None, "an aggregate returns a row"
                before = (row[0] or 0) + 1

    def _worth_reading(self, read: int, matched: int) -> float:
        """Return how many messages to read before looking into the index, after these."""
        if matched:
            missing = max(self._limit - matched, self._limit / 2)
            promising = read + MARGIN * missing * read / matched
            is_for_many = len(self._words) > 1 or _is_wide(self._words[0])
            if promising <= (SCANNED_FOR_MANY if is_for_many else SCANNED):
                return promising
        return FIRST_SCANNED

    def _looked_up(self, before: int) -> Iterator[int]:
        """Yield those of the index."""
        words = self._selective_words(before)
        left = self._blocks(before)
        found: list[int] = []
        most = FIRST_LOOKED_UP
        while left:
            # Nobody needs older candidates than a page of these yet.
            after_id = found[self._limit - 1] if len(found) >= self._limit else 0
            some = _newest_of(left, most, after_id)
            ids = self._in_blocks(some, words, after_id)
            if len(ids) == self._limit:
                after_id = ids[-1]
            left = left[len(some) :]
            if after_id:
                # These blocks may have more, which are older. They take their turn again.
                older = (Block(min(newest, after_id - 1), *place) for newest, *place in some)
                left = sorted([*older, *left], reverse=True)
            most = min(GROWTH * most, MOST_LOOKED_UP)
            newest_left = left[0].newest_id if left else 0
            found = sorted([*found, *ids], reverse=True)
            yield from (message_id for message_id in found if message_id >= newest_left)
            found = [message_id for message_id in found if message_id < newest_left]

    def _in_blocks(self, blocks: Sequence[Block], words: Sequence[SoughtWord], after_id: int) -> list[int]:
        """Return the newest candidates of the blocks, of those after a message."""
        others = (word for word in self._words if word not in words)
        newest_ids, room_ids, numbers, _ = zip(*blocks, strict=True)
        lexemes = _lexemes(words)
        rows = self._statements.look_up.rows(
            lexemes=array_of_texts(
                lexemes.replace(BLOCK, f"{room_id:x}.{number:x}.")
                for room_id, number in zip(room_ids, numbers, strict=True)
            ),
            room_ids=array(room_ids),
            blocks=array(numbers),
            first_seqs=array(self._first_seq[room_id] for room_id in room_ids),
            newest_ids=array(newest_ids),
            after_id=after_id,
            patterns=array_of_texts(f"%{_in_text(word)}%" for word in others),
            limit=self._limit,
        )
        return [message_id for (message_id,) in rows]

    def _blocks(self, before: int) -> list[Block]:
        """Return the blocks with messages before that one, the newest first."""
        newest_of_room = {room.room_id: room.newest_id for room in self._rooms}
        blocks: list[Block] = []
        former_room = former_newest = 0
        for room_id, number, size, newest_of_block in self._statements.blocks.rows(**self._of_rooms(self._rooms)):
            newest = newest_of_room[room_id] if newest_of_block is None else newest_of_block
            if former_room != room_id or former_newest + 1 < before:
                blocks.append(Block(min(newest, before - 1), room_id, number, size))
            former_room, former_newest = room_id, newest
        return sorted(blocks, reverse=True)

    def _selective_words(self, before: int) -> Sequence[SoughtWord]:
        """Return the words to look up: all that are not wide, and wide ones as far as they save time."""
        if len(self._words) == 1 or not any(map(_is_wide, self._words)):
            return self._words
        rooms = self._rooms[:SAMPLE_ROOMS]
        each = SAMPLE // len(rooms) + 1
        rows = self._statements.sample.rows(**self._of_rooms(rooms), before=before, limit=each)
        texts = [row[0].replace(END, "") for row in rows]
        shares = {word: sum(_in_text(word) in text for text in texts) / max(1, len(texts)) for word in self._words}
        chosen: list[SoughtWord] = []
        left = 1.0
        for word in sorted(self._words, key=lambda word: (_is_wide(word), shares[word])):
            share = shares[word]
            if not _is_wide(word) or not chosen or left * (1 - share) * READING_COSTS > share:
                chosen.append(word)
                left *= max(share, 1 / SAMPLE)
        return chosen


def _is_wide(word: SoughtWord) -> bool:
    return len(word.text) <= WIDE and not word.is_whole


def _newest_of(blocks: Sequence[Block], most: int, after_id: int) -> Sequence[Block]:
    """Return the first blocks: those with so many messages together, at least one, and with any after that one.

    The newest block of a room counts less: the search needs it in any case if the room has any newer message.
    """
    rooms: set[int] = set()
    size = count = 0
    for block in blocks:
        size += block.size if block.room_id in rooms else block.size // NEWEST_COUNTS
        rooms.add(block.room_id)
        if count and (size > most or block.newest_id <= after_id):
            break
        count += 1
    return blocks[:count]


def _in_text(word: SoughtWord) -> str:
    """Return the word as it is in the words of a message, without `END`."""
    return f" {word.text}{' ' if word.is_whole else ''}"


def _both_ways(words: Sequence[SoughtWord]) -> dict[str, str]:
    """Return the parameters of `_fits`: each word as a whole, and as the start of a longer one."""
    values: dict[str, str] = {}
    for letter, (text, is_whole) in zip(ascii_lowercase, words, strict=False):
        values[f"whole_{letter}"] = whole = f" {_ended(text)} "
        values[f"start_{letter}"] = whole if is_whole else f" {text}"
    return values


def _lexemes(words: Sequence[SoughtWord]) -> str:
    """Return the query for the words of a block, in PostgreSQL's language: words hold no quotes and backslashes.

    The room and the number of the block take the place of `BLOCK`.
    """
    whole = (f"'{BLOCK}{_ended(text)}'" for text, _ in words)
    return " & ".join(
        found if word.is_whole else f"({found} | '{BLOCK}{word.text}':*)"
        for found, word in zip(whole, words, strict=True)
    )
