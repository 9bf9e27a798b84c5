"""The search in the index of messages on SQLite, which `stores.sqlite_message_index` writes.

Before each word of the index is the character of its room. So a search in one room reads the words of this room alone,
from the newest on, and the author is one more word. The rooms are asked one by one, the most recently active first,
until no other room can have a newer match. `domain.message_words` decides about each candidate. This module writes
nothing.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import orjson

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement
from minichat.adapters.peewee.stores.messages import MESSAGES
from minichat.domain.message_words import MAX_COMPARED, compared, merged
from minichat.domain.model import FoundMessages, Message, MessageQuery, ReadableRoom, SoughtWord
from minichat.domain.ports import Characters

PREFIX = 3
"""Number of letters that the index looks up at once. For more, it merges all words that begin with them."""
TRIED = 100
"""Number of candidates with the first letters of long words that a search reads before it looks up more letters."""
MAX_TRIED = 30_000
"""Number of code points of these candidates that it compares: see `message_words.compared`."""
FIRST_ROOMS, MAX_ROOMS = 8, 64
"""Number of rooms that a statement asks: at first, and at most."""
MAX_CANDIDATES = 1_000
"""Maximum number of candidates that a statement looks up."""
READ = 200
"""Number of messages that a search reads at once."""

_FIRST_ROOM, _ROOMS = 0x80, 0x110000 - 0x80 - 0x800
_SURROGATES, _AFTER_SURROGATES = 0xD800, 0xE000
_FIRST_AUTHOR, _AUTHORS = 0xF0000, 0xFFFE

_COLUMNS = ", ".join(f"message.{column.column_name}" for column in MESSAGES.columns)
_CANDIDATES = """
    SELECT (SELECT json_group_array(rowid) FROM (
        SELECT rowid FROM message_word
        WHERE message_word MATCH json_extract(asked.value, '$[0]')
        AND rowid < :before AND rowid > max(:floor, json_extract(asked.value, '$[1]'))
        ORDER BY rowid DESC LIMIT :limit
    )) FROM json_each(:asked) AS asked
"""


def room_character(room_id: int) -> str:
    """Return the character before the words of a room. Two of a million rooms may share one."""
    code = _FIRST_ROOM + room_id % _ROOMS
    return chr(code if code < _SURROGATES else code - _SURROGATES + _AFTER_SURROGATES)


def author_character(user_id: int) -> str:
    """Return the word for an author: a private character, which no text has as a word. Authors may share one."""
    return chr(_FIRST_AUTHOR + user_id % _AUTHORS)


class _Room(NamedTuple):
    newest_id: int
    character: str
    after: int
    """The id of the last message that is not readable."""


class SqliteMessageSearch:
    def __init__(self, database: ChatDatabase, characters: Characters) -> None:
        self._characters = characters

        def statement(text: str) -> Statement:
            return Statement.of_text(database, text)

        self._newest_in_room = statement(_CANDIDATES)
        self._by_ids = statement(
            f"SELECT {_COLUMNS} FROM message "  # noqa: S608 - our own names
            "WHERE id IN (SELECT value FROM json_each(:ids)) AND NOT is_deleted ORDER BY id DESC"
        )
        self._behind = statement(
            f"SELECT {_COLUMNS} FROM message_behind CROSS JOIN message ON message.id = message_behind.message_id "  # noqa: S608
            "WHERE NOT message.is_deleted ORDER BY message_behind.message_id DESC"
        )
        self._id_of = statement("SELECT id FROM message WHERE room_id = :room_id AND seq = :seq")

    def find(
        self, query: MessageQuery, rooms: Sequence[ReadableRoom], limit: int, author_id: int | None, before: int
    ) -> FoundMessages:
        """Return the result of `MessageIndex.search`, if no message but those in `message_behind` are missing."""
        first_seq = {room.room_id: room.first_seq for room in rooms}

        def is_asked_for(message: Message) -> bool:
            return (
                message.seq >= first_seq.get(message.room_id, message.seq + 1)
                and message.id < before
                and author_id in (None, message.user_id)
            )

        def found_among(candidates: Iterable[Message], most: int = MAX_COMPARED) -> FoundMessages:
            return compared(filter(is_asked_for, candidates), query, self._characters, limit, most)

        asked = sorted((self._asked(room) for room in rooms), reverse=True)
        author = [] if author_id is None else [SoughtWord(author_character(author_id), is_whole=True)]
        words = [*query.sought, *author]
        found = self._first_letters(asked, words, limit, before, found_among)
        if found is None:
            found = found_among(self._candidates(asked, words, limit, before))
        behind = MESSAGES.all(self._behind.rows())
        return merged(found, found_among(behind), limit) if behind else found

    def _asked(self, room: ReadableRoom) -> _Room:
        before_first = self._id_of.one(room_id=room.room_id, seq=room.first_seq - 1) if room.first_seq > 1 else None
        return _Room(room.newest_id, room_character(room.room_id), before_first[0] if before_first else 0)

    def _first_letters(
        self,
        rooms: Sequence[_Room],
        words: Sequence[SoughtWord],
        limit: int,
        before: int,
        found_among: Callable[[Iterable[Message], int], FoundMessages],
    ) -> FoundMessages | None:
        """Return the matches among the newest messages with the first letters of the words; None if they are too few.

        A long word that is common is found many times as fast by its first letters.
        """
        short = [word if word.is_whole else word._replace(text=word.text[:PREFIX]) for word in words]
        if short == words:
            return None
        count = max(TRIED, 2 * limit)
        ids = self._newest(rooms, short, count, before)
        found = found_among(self._messages(ids), MAX_TRIED)
        has_all = len(ids) < count and found.rest is None
        return found if has_all or len(found.messages) == limit else None

    def _candidates(
        self, rooms: Sequence[_Room], words: Sequence[SoughtWord], limit: int, before: int
    ) -> Iterator[Message]:
        """Yield the messages with these words, the newest first, and no more of them than are taken."""
        count = limit
        while True:
            ids = self._newest(rooms, words, count, before)
            yield from self._messages(ids)
            if len(ids) < count:
                return
            before, count = ids[-1], min(2 * count, MAX_CANDIDATES)

    def _messages(self, ids: Sequence[int]) -> Iterator[Message]:
        for start in range(0, len(ids), READ):
            some = orjson.dumps(ids[start : start + READ]).decode()
            yield from MESSAGES.all(self._by_ids.rows(ids=some))

    def _newest(self, rooms: Sequence[_Room], words: Sequence[SoughtWord], count: int, before: int) -> list[int]:
        """Return the ids of the newest `count` candidates with these words, the newest first."""
        best: list[int] = []
        start, size = 0, FIRST_ROOMS
        while start < len(rooms):
            floor = best[-1] if len(best) == count else 0
            some = [room for room in rooms[start : start + size] if room.newest_id > floor]
            if not some:
                break
            start, size = start + size, min(2 * size, MAX_ROOMS)
            asked = orjson.dumps([(_expression(room.character, words), room.after) for room in some]).decode()
            for (ids,) in self._newest_in_room.rows(asked=asked, before=before, floor=floor, limit=count):
                best += orjson.loads(ids)
            best = sorted(best, reverse=True)[:count]
        return best


def _expression(room: str, words: Sequence[SoughtWord]) -> str:
    """Return the words of a room in FTS5's query language."""
    return " AND ".join(f'"{room}{word.text}"' + ("" if word.is_whole else " *") for word in words)
