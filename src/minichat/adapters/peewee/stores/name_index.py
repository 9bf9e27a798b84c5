"""The search index of people's names.

`user_name_part` holds the endings of every folded name, so a search for a part of a name is a prefix look-up in an
index. `user.search_names` holds these names, one a line (see `search.searchable_names`).

`user.is_indexed` is false while the endings are those of an earlier version (see `former_names`): after the migration,
and when a server of that version changes a name, by a trigger. A search finds these people by the earlier rules.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import orjson
from peewee import Node

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.stores.former_names import former_fold, former_parts
from minichat.adapters.peewee.tables import NamePartRow, UserRow
from minichat.domain.model import NameQuery, User
from minichat.domain.ports import Characters
from minichat.domain.search import MAX_SEARCHED_LENGTH, best_place, searchable_names

Part = tuple[bool, str]
"""Whether it is a whole name, and the ending of the name."""


class Entries(NamedTuple):
    """The entries of one user, as far as they are known."""

    certain: AbstractSet[Part]
    possible: AbstractSet[Part]
    """All entries that there may be, the certain ones among them."""


NO_ENTRIES = Entries(frozenset(), frozenset())

_AFTER_EVERY_CHARACTER = "\U0010ffff"
FEW = 500
"""A word with fewer matches than this decides which people a query of several words looks at."""
MAX_TRIED = 8
"""Maximum number of words that are tried for that. They are the longest, and names have fewer words."""
MAX_LOOKED_AT = 5_000
"""Maximum number of matches that a query looks at if all its words have many. Few people have all of them by chance."""

_EACH_SQLITE = "SELECT json_extract(value, '$[0]'), json_extract(value, '$[1]')"
_ADD_SQLITE = f"""
    INSERT OR IGNORE INTO user_name_part (is_start, part, user_id) {_EACH_SQLITE}, :id FROM json_each(:parts)
"""
_DROP_SQLITE = f"""
    DELETE FROM user_name_part WHERE user_id = :id AND (is_start, part) IN ({_EACH_SQLITE} FROM json_each(:parts))
"""  # noqa: S608 - a constant
_ADD_POSTGRES = """
    INSERT INTO user_name_part (is_start, part, user_id)
    SELECT (item ->> 0)::boolean, item ->> 1, :id FROM json_array_elements(:parts::json) AS item
    ON CONFLICT DO NOTHING
"""
_DROP_POSTGRES = """
    DELETE FROM user_name_part USING json_array_elements(:parts::json) AS item
    WHERE is_start = (item ->> 0)::boolean AND part = item ->> 1 AND user_id = :id
"""


class NameIndex:
    def __init__(self, database: ChatDatabase, characters: Characters) -> None:
        self._database = database
        self._characters = characters
        self._prepare_changes()
        self._prepare_search()

    def _statement(self, query: Node, *, may_lag: bool = False) -> Statement:
        return Statement(self._database, query, may_lag=may_lag)

    # Changes

    def _prepare_changes(self) -> None:
        user, choose = UserRow, self._database.dialect.choose
        is_user = user.id == param("id")
        self._state = self._statement(user.select(user.is_indexed, user.search_names).where(is_user))
        self._keep_names = self._statement(user.update(search_names=param("names"), is_indexed=True).where(is_user))
        # One statement for all endings: each statement is a round trip to PostgreSQL.
        self._add_parts = Statement.of_text(self._database, choose(sqlite=_ADD_SQLITE, postgres=_ADD_POSTGRES))
        self._drop_parts = Statement.of_text(self._database, choose(sqlite=_DROP_SQLITE, postgres=_DROP_POSTGRES))

    def entries_of(self, user: User) -> Entries:
        """Return the entries that the index has of a stored user."""
        row = self._state.one(id=user.id)
        if row is None:
            return NO_ENTRIES
        is_indexed, names = row
        parts = name_parts(names.split("\n"))
        # If the names were changed by hand, the index has none of their entries.
        return Entries(parts, parts) if is_indexed else Entries(frozenset(), parts | former_parts(user))

    def put(self, user: User, former: Entries) -> None:
        """Index the names of a user in place of the `former` entries. No search finds an erased user."""
        names = searchable_names(user, self._characters)
        parts = set() if user.is_erased else name_parts(names)
        for change, changed in ((self._drop_parts, former.possible - parts), (self._add_parts, parts - former.certain)):
            if changed:
                # In one order, so that two transactions that index the same user don't deadlock.
                change.run(parts=orjson.dumps(sorted(changed)).decode(), id=user.id)
        self._keep_names.run(names="\n".join(names), id=user.id)

    # Search

    def _prepare_search(self) -> None:
        user, part = UserRow, NamePartRow
        is_after = (part.part > param("part")) | ((part.part == param("part")) & (part.user_id > param("id")))
        # `is_after` implies the last condition, which the index can seek to.
        is_next = (part.is_start == param("is_start")) & (part.part < param("end")) & is_after
        self._matches = self._statement(
            part.select(part.part, part.user_id)
            .where(is_next & (part.part >= param("part")))
            .order_by(part.part, part.user_id)
            .limit(param("limit")),
            may_lag=True,
        )
        each_id = self._database.dialect.each_of("ids")
        self._names = self._statement(user.select(user.id, user.search_names).where(user.id.in_(each_id)), may_lag=True)
        self._behind = self._statement(
            user.select(user.id).where(~user.is_indexed & (user.id > 0)).order_by(user.id).limit(1), may_lag=True
        )

    def search(self, query: NameQuery, limit: int, without: int) -> list[int]:
        """Return the ids of the best matches, in the order of `UserStore.search`."""
        found: dict[int, None] = {}  # ordered, and each user once
        for user_id in self.matches(query, batch=4 * limit):
            if user_id != without:
                found[user_id] = None
            if len(found) == limit:
                break
        return list(found)

    def matches(self, query: NameQuery, batch: int) -> Iterator[int]:
        """Yield the ids of all matches, best first, each user at least once. It reads `batch` of them at a time."""
        if query.words == (query.phrase,):
            yield from self._matching(query.phrase, batch)
        else:
            yield from self._matching_all(query, batch)
        if self._behind.one() is not None:
            yield from self._matching(former_fold(query.typed)[:MAX_SEARCHED_LENGTH], batch)

    def _matching(self, text: str, batch: int) -> Iterator[int]:
        for is_start in (True, False):
            for user_ids in self._batches(is_start, text, batch):
                yield from user_ids

    def _matching_all(self, query: NameQuery, batch: int) -> Iterator[int]:
        """Yield the users with all words of a query of several words, each user at least once.

        If each word has many matches, yield only those among the first `MAX_LOOKED_AT` matches of the longest.
        """
        for word in query.words[:MAX_TRIED]:
            few = [next(self._batches(is_start, word, FEW), []) for is_start in (True, False)]
            if max(map(len, few)) < FEW:
                names = self._names_of({user_id for user_ids in few for user_id in user_ids})
                places = ((best_place(of_user, query), user_id) for user_id, of_user in names)
                yield from (user_id for place, user_id in sorted((p, i) for p, i in places if p is not None))
                return
        first, looked_at = query.words[0], 0
        for is_start, text in ((True, query.phrase), (True, first), (False, first)):
            for user_ids in self._batches(is_start, text, max(batch, FEW)):
                if looked_at >= MAX_LOOKED_AT:
                    return
                looked_at += len(user_ids)
                fitting = {id_ for id_, names in self._names_of(user_ids) if best_place(names, query) is not None}
                yield from (user_id for user_id in user_ids if user_id in fitting)

    def _names_of(self, user_ids: Iterable[int]) -> Iterator[tuple[int, Sequence[str]]]:
        for user_id, names in self._names.rows(ids=orjson.dumps(list(user_ids)).decode()):
            yield user_id, names.split("\n")

    def _batches(self, is_start: bool, text: str, size: int) -> Iterator[list[int]]:
        """Yield the ids of users whose names begin with the text, or contain it elsewhere, once per match."""
        part, user_id = text, 0
        end = text + _AFTER_EVERY_CHARACTER
        while True:
            rows = self._matches.rows(is_start=is_start, part=part, end=end, id=user_id, limit=size)
            yield [match for _, match in rows]
            if len(rows) < size:
                return
            part, user_id = rows[-1]


def name_parts(names: Sequence[str]) -> set[Part]:
    """Return the endings of the user's `searchable_names`.

    The last one, with the names in the other order, is whole only: no word reaches from one name into the other.
    """
    *others, turned = names
    endings = {(start == 0, name[start : start + MAX_SEARCHED_LENGTH]) for name in others for start in range(len(name))}
    return endings | {(True, turned[:MAX_SEARCHED_LENGTH])} if turned else endings
