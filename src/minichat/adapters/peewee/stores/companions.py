"""The users who share a room with a user, the *companions*: lists and search of `UserStore` with `known_to`.

Two ways lead to a list. *Gathering* collects all companions, and is fast if they are few. *Walking* follows the list of
all users and leaves out strangers, and is fast if strangers are few. The sizes of the user's rooms decide which way is
tried first. A walk ends after a limited number of users, and gathering replaces it.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import islice

import orjson
from peewee import Expression, ModelCompoundSelectQuery, Node, Select, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.paging import KeysetPages
from minichat.adapters.peewee.engine.statements import Row, Statement, param
from minichat.adapters.peewee.stores.name_index import NameIndex
from minichat.adapters.peewee.tables import ParticipantRow, RoomRow, UserRow
from minichat.domain.model import NameQuery, Timestamp, User
from minichat.domain.paging import Window
from minichat.domain.ports import Characters
from minichat.domain.search import best_place, best_start, searchable_names

USERS = Mapper(User, UserRow)
_ID, _KEY = User._fields.index("id"), User._fields.index("username_key")

FEW = 2_000
"""Number of memberships in a user's rooms up to which gathering is tried first."""
STEP = 500
"""Number of users that a walk looks at in one step."""
MAX_STEPS = 3
"""Maximum number of steps of a walk. After them, strangers are so frequent that gathering is faster."""


def is_companion(user_id: Node, viewer_id: Node) -> Expression:
    """Return the condition that a user shares a room with the viewer. It is true for a viewer who is in a room."""
    own, other, room = ParticipantRow.alias(), ParticipantRow.alias(), RoomRow.alias()
    # Look-ups instead of joins, which PostgreSQL may begin with all the viewer's rooms, or all their participants.
    viewer_in = own.select(own.id).where((own.room_id == other.room_id) & (own.user_id == viewer_id))
    living = room.select(room.id).where((room.id == other.room_id) & room.deleted_at.is_null())
    is_shared = (fn.COALESCE(viewer_in, 0) > 0) & (fn.COALESCE(living, 0) > 0)
    shared = other.select(other.room_id).where((other.user_id == user_id) & is_shared).limit(1)
    return fn.COALESCE(shared, 0) > 0


def companions_among(database: ChatDatabase) -> Statement:
    """Return the statement that finds the companions of `viewer_id` among the users `ids`, an array in JSON."""
    user = UserRow
    are_these = user.id.in_(database.dialect.each_of("ids"))
    return Statement(database, user.select(user.id).where(are_these & is_companion(user.id, param("viewer_id"))))


class Companions:
    def __init__(self, database: ChatDatabase, characters: Characters, names: NameIndex) -> None:
        self._database = database
        self._characters = characters
        self._names = names
        user, viewer_id = UserRow, param("viewer_id")
        living = user.deleted_at.is_null()
        self._among = companions_among(database)
        own, room = ParticipantRow, RoomRow
        rooms = own.select(fn.COALESCE(fn.SUM(room.participants_count), 0)).join(room, on=(room.id == own.room_id))
        self._memberships = self._statement(rooms.where((own.user_id == viewer_id) & room.deleted_at.is_null()))
        everybody = user.select(*USERS.columns).where(living)
        self._by_ids = self._statement(everybody.where(user.id.in_(database.dialect.each_of("ids"))))
        self._everybody = KeysetPages(database, everybody, (user.username_key,), start=("",))
        is_gathered = user.id.in_(_companions_of(viewer_id))
        # With an expression as the key, the databases sort the companions instead of walking the index of all names.
        key = user.username_key.concat("")
        self._gathered = KeysetPages(database, everybody.where(is_gathered), (key,), start=("",))
        is_online = (user.last_seen_at > param("since")) & (user.last_seen_at < param("until"))
        online = everybody.where(is_online)
        self._gathered_online = KeysetPages(database, online.where(is_gathered), (key,), start=("",))
        is_known = (user.id == viewer_id) | is_companion(user.id, viewer_id)
        self._online = KeysetPages(database, online.where(is_known), (key,), start=("",))
        place_in = database.dialect.choose(sqlite=fn.INSTR, postgres=fn.STRPOS)
        may_match = (place_in(user.search_names, param("word")) > 0) | ~user.is_indexed
        with_names = user.select(user.id, user.search_names, user.is_indexed)
        self._with_word = self._statement(with_names.where(living & is_gathered & may_match))

    def _statement(self, query: Node) -> Statement:
        return Statement(self._database, query)

    def among(self, viewer_id: int, user_ids: Collection[int]) -> Collection[int]:
        """Return the companions of the viewer among these users."""
        ids = orjson.dumps(list(user_ids)).decode()
        return {user_id for (user_id,) in self._among.rows(ids=ids, viewer_id=viewer_id)}

    def page(self, viewer_id: int, window: Window) -> list[Row]:
        """Return the rows of `UserStore.page` for the viewer."""
        rows = None if self._are_few(viewer_id) else self._walked(viewer_id, window)
        return self._gathered.rows(window, viewer_id=viewer_id) if rows is None else rows

    def online_page(self, viewer_id: int, since: Timestamp, until: Timestamp, window: Window) -> list[Row]:
        """Return the rows of `UserStore.online_page` for the viewer."""
        pages = self._gathered_online if self._are_few(viewer_id) else self._online
        return pages.rows(window, viewer_id=viewer_id, since=since, until=until)

    def search(self, viewer_id: int, query: NameQuery, limit: int, without: int) -> list[int]:
        """Return the ids of the best matches among the viewer's companions, as `UserStore.search` orders them."""
        found = None if self._are_few(viewer_id) else self._walked_matches(viewer_id, query, limit, without)
        return self._gathered_matches(viewer_id, query, limit, without) if found is None else found

    def _are_few(self, viewer_id: int) -> bool:
        row = self._memberships.one(viewer_id=viewer_id)
        return row is not None and row[0] <= FEW

    def _walked(self, viewer_id: int, window: Window) -> list[Row] | None:
        """Return the rows of the page; None if the walk ended too early."""
        found: list[Row] = []
        here = window._replace(limit=STEP - 1)
        for _ in range(MAX_STEPS):
            rows = self._everybody.rows(here)
            known = {viewer_id, *self.among(viewer_id, [row[_ID] for row in rows])}
            kept = [row for row in rows if row[_ID] in known]
            found = found + kept if window.before is None else kept + found
            if len(found) > window.limit or len(rows) < STEP:
                length = window.limit + 1
                return found[:length] if window.before is None else found[-length:]
            edge = (rows[-1 if window.before is None else 0][_KEY],)
            here = here._replace(after=edge) if window.before is None else here._replace(before=edge)
        return None

    def _walked_matches(self, viewer_id: int, query: NameQuery, limit: int, without: int) -> list[int] | None:
        """Return the ids of the best matches; None if the walk ended too early."""
        matches = self._names.matches(query, batch=STEP)
        found: dict[int, None] = {}  # ordered, and each user once
        for _ in range(MAX_STEPS):
            some = list(islice(matches, STEP))
            known = {viewer_id, *self.among(viewer_id, set(some))}
            found |= {user_id: None for user_id in some if user_id in known and user_id != without}
            if len(found) >= limit or len(some) < STEP:
                return list(found)[:limit]
        return None

    def _gathered_matches(self, viewer_id: int, query: NameQuery, limit: int, without: int) -> list[int]:
        named = [(id_, names) for id_, names in self._companions_with(query.words[0], viewer_id) if id_ != without]
        # If there are enough of the best matches, the others need no place. It takes most of the time of a search.
        best = [(place, id_) for id_, names in named if (place := best_start(names, query)) is not None]
        if len(best) < limit:
            best = [(place, id_) for id_, names in named if (place := best_place(names, query)) is not None]
        return [user_id for _, user_id in sorted(best)[:limit]]

    def _companions_with(self, word: str, viewer_id: int) -> Iterator[tuple[int, Sequence[str]]]:
        """Yield the viewer's companions who may have the word in their names, with their folded names."""
        rows = self._with_word.rows(viewer_id=viewer_id, word=word)
        behind = [user_id for user_id, _, is_indexed in rows if not is_indexed]
        yield from ((user_id, names.split("\n")) for user_id, names, is_indexed in rows if is_indexed)
        for row in self._by_ids.rows(ids=orjson.dumps(behind).decode()) if behind else ():
            yield row[_ID], searchable_names(USERS.of(row), self._characters)


def _companions_of(viewer_id: Node) -> ModelCompoundSelectQuery:
    """Return a query for the ids of the viewer and of the users in the viewer's rooms."""
    own, other, room = ParticipantRow.alias(), ParticipantRow.alias(), RoomRow.alias()
    companions = (
        own.select(other.user_id)
        .join(room, on=((room.id == own.room_id) & room.deleted_at.is_null()))
        .join(other, on=(other.room_id == own.room_id))
        .where(own.user_id == viewer_id)
    )
    return companions.union_all(Select(columns=[viewer_id]))
