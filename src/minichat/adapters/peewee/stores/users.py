"""Accounts in the database, and the index by which a part of a name is found."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import orjson
from peewee import SQL, Node

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.locks import Locks
from minichat.adapters.peewee.engine.statements import Row, Statement, param
from minichat.adapters.peewee.tables import FreedNameRow, NamePartRow, UserRow
from minichat.domain.directory import MAX_SEARCHED_LENGTH, searchable_names
from minichat.domain.model import Credentials, Timestamp, User
from minichat.domain.paging import Window
from minichat.domain.ports import NewUser

_LAST = "\U0010ffff"

COLUMNS = (
    UserRow.id,
    UserRow.username,
    UserRow.username_key,
    UserRow.first_name,
    UserRow.last_name,
    UserRow.email,
    UserRow.avatar_url,
    UserRow.is_active,
    UserRow.is_superuser,
    UserRow.joined_at,
    UserRow.last_seen_at,
    UserRow.deleted_at,
)


def user_of(row: Row) -> User:
    """Make the entity of a row of `COLUMNS`."""
    return User(
        row[0],
        row[1],
        row[2],
        row[3],
        row[4],
        row[5],
        row[6],
        row[7] == 1,
        row[8] == 1,
        row[9],
        row[10],
        row[11],
    )


class PeeweeUserStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        self._locks = Locks(database)
        users = UserRow.select(*COLUMNS)
        credentials = UserRow.select(*COLUMNS, UserRow.password_hash)
        self._add = statement(
            UserRow.insert(
                username=param("username"),
                username_key=param("username_key"),
                password_hash=param("password_hash"),
                first_name=param("first_name"),
                last_name=param("last_name"),
                email=param("email"),
                joined_at=param("joined_at"),
                is_superuser=param("is_superuser"),
            )
            .on_conflict_ignore()
            .returning(*COLUMNS)
        )
        self._get = statement(users.where(UserRow.id == param("id")))
        self._by_ids = statement(users.where(UserRow.id.in_(database.dialect.each_of("ids"))))
        self._credentials = statement(credentials.where(UserRow.username_key == param("key")))
        self._credentials_by_id = statement(credentials.where(UserRow.id == param("id")))
        are_theirs = UserRow.id.in_(database.dialect.each_of("ids")) & UserRow.deleted_at.is_null()
        self._living = statement(UserRow.select(UserRow.id).where(are_theirs))
        self._change_password = statement(
            UserRow.update(password_hash=param("new")).where(
                (UserRow.id == param("id")) & (UserRow.password_hash == param("old"))
            )
        )
        self._update = statement(
            UserRow.update(
                first_name=param("first_name"),
                last_name=param("last_name"),
                email=param("email"),
                avatar_url=param("avatar_url"),
            ).where(UserRow.id == param("id"))
        )
        self._set_active = statement(
            UserRow.update(is_active=param("is_active")).where(
                (UserRow.id == param("id")) & (UserRow.is_active != param("is_active"))
            )
        )
        # The constant stands in the text, as in the partial index: only so can it serve.
        self._shown_avatars = statement(
            UserRow.select(UserRow.avatar_url).where(
                UserRow.avatar_url.in_(database.dialect.each_of("urls", "text")) & (UserRow.avatar_url != SQL("''"))
            )
        )
        freed = FreedNameRow
        kept = freed.select(SQL("1")).where((freed.username_key == param("key")) & (freed.free_at > param("at")))
        self._is_taken = statement(UserRow.select(SQL("1")).where(UserRow.username_key == param("key")).union_all(kept))
        self._keep_name = statement(
            freed.insert(username_key=param("key"), free_at=param("free_at")).on_conflict(
                conflict_target=[freed.username_key], update={freed.free_at: param("free_at")}
            )
        )
        given = {name: param(name) for name in User._fields if name != "id"}
        self._erase = statement(UserRow.update(password_hash="", **given).where(UserRow.id == param("id")))
        free = freed.select(freed.username_key).where(freed.free_at <= param("at")).order_by(freed.free_at)
        self._sweep_freed_names = statement(freed.delete().where(freed.username_key.in_(free.limit(param("limit")))))
        self._seen = statement(UserRow.update(last_seen_at=param("at")).where(UserRow.id == param("id")))

        is_due = UserRow.last_seen_at.is_null() | (UserRow.last_seen_at <= param("before"))
        self._seen_all = statement(
            UserRow.update(last_seen_at=param("at")).where(
                UserRow.id.in_(database.dialect.each_of("ids")) & UserRow.is_active & is_due
            )
        )
        self._online_ids = Statement(
            database,
            UserRow.select(UserRow.id).where((UserRow.last_seen_at > param("since")) & UserRow.deleted_at.is_null()),
            may_lag=True,
        )

        key, limit = UserRow.username_key, param("limit")
        after, before = key > param("key"), key < param("key")
        # Few are online at once: sorting them beats walking all names, which the bare key would make SQLite do.
        online, name = UserRow.last_seen_at > param("since"), key.concat("")
        living = users.where(UserRow.deleted_at.is_null())
        self._page_after = statement(living.where(after).order_by(key).limit(limit))
        self._page_before = statement(living.where(before).order_by(key.desc()).limit(limit))
        onward, back = users.where(online & (name > param("key"))), users.where(online & (name < param("key")))
        self._online_after = statement(onward.order_by(name).limit(limit))
        self._online_before = statement(back.order_by(name.desc()).limit(limit))

        part = NamePartRow
        self._add_part = statement(
            part.insert(is_start=param("is_start"), part=param("part"), user_id=param("id")).on_conflict_ignore()
        )
        self._drop_part = statement(
            part.delete().where(
                (part.is_start == param("is_start")) & (part.part == param("part")) & (part.user_id == param("id"))
            )
        )
        self._matches = Statement(
            database,
            part.select(part.part, part.user_id)
            .where(
                (part.is_start == param("is_start"))
                & (part.part < param("end"))
                & ((part.part > param("part")) | ((part.part == param("part")) & (part.user_id > param("id"))))
                # Said once more in a form that the index can seek to.
                & (part.part >= param("part"))
            )
            .order_by(part.part, part.user_id)
            .limit(limit),
            may_lag=True,
        )

    def add(self, new: NewUser) -> User | None:
        row = None if self.is_taken(new.username_key, new.joined_at) else self._add.one(**new._asdict())
        if row is None:
            return None
        user = user_of(row)
        self._index(name_parts(user), user.id)
        return user

    def is_taken(self, username_key: str, at: Timestamp) -> bool:
        return self._is_taken.one(key=username_key, at=at) is not None

    def get(self, user_id: int) -> User | None:
        self._locks.account(user_id)
        row = self._get.one(id=user_id)
        return None if row is None else user_of(row)

    def by_ids(self, user_ids: Iterable[int]) -> Mapping[int, User]:
        ids = list(user_ids)
        return {row[0]: user_of(row) for row in self._by_ids.rows(ids=orjson.dumps(ids).decode())} if ids else {}

    def living(self, user_ids: Collection[int]) -> Collection[int]:
        ids = orjson.dumps(list(user_ids)).decode()
        self._locks.accounts(ids)
        return {user_id for (user_id,) in self._living.rows(ids=ids)}

    def credentials(self, username_key: str) -> Credentials | None:
        self._locks.account_named(username_key)
        return _credentials(self._credentials.one(key=username_key))

    def credentials_by_id(self, user_id: int) -> Credentials | None:
        self._locks.account(user_id)
        return _credentials(self._credentials_by_id.one(id=user_id))

    def change_password(self, user_id: int, old_hash: str, new_hash: str) -> bool:
        return self._change_password.run(id=user_id, old=old_hash, new=new_hash) == 1

    def update_profile(self, user: User) -> None:
        before = self.get(user.id)
        self._update.run(
            id=user.id,
            first_name=user.first_name,
            last_name=user.last_name,
            email=user.email,
            avatar_url=user.avatar_url,
        )
        if before is not None:
            old, new = name_parts(before), name_parts(user)
            self._forget(old - new, user.id)
            self._index(new - old, user.id)

    def set_active(self, user_id: int, is_active: bool) -> bool:
        return self._set_active.run(id=user_id, is_active=is_active) == 1

    def seen(self, user_id: int, at: Timestamp) -> None:
        self._seen.run(id=user_id, at=at)

    def seen_all(self, user_ids: Collection[int], at: Timestamp, *, before: Timestamp) -> None:
        self._seen_all.run(ids=orjson.dumps(list(user_ids)).decode(), at=at, before=before)

    def online_ids(self, since: Timestamp) -> Collection[int]:
        return {user_id for (user_id,) in self._online_ids.rows(since=since)}

    def page(self, window: Window) -> Sequence[User]:
        return _page(self._page_after, self._page_before, window)

    def online_page(self, since: Timestamp, window: Window) -> Sequence[User]:
        return _page(self._online_after, self._online_before, window, since=since)

    def search(self, folded: str, limit: int, without: int) -> Sequence[User]:
        found: dict[int, None] = {}
        for is_start in (True, False):
            # A name may match in several places, so more rows than users are looked at, and more again if need be.
            part, user_id, goes_on = folded, 0, True
            while goes_on and len(found) < limit:
                rows = self._matches.rows(is_start=is_start, part=part, end=folded + _LAST, id=user_id, limit=4 * limit)
                found.update((match, None) for _, match in rows if match != without)
                goes_on = len(rows) == 4 * limit
                part, user_id = rows[-1] if rows else (part, user_id)
        best = list(found)[:limit]
        people = self.by_ids(best)
        return [people[user_id] for user_id in best]

    def shown_avatars(self, avatar_urls: Iterable[str]) -> Collection[str]:
        urls = orjson.dumps(list(avatar_urls)).decode()
        return {row[0] for row in self._shown_avatars.rows(urls=urls)}

    def erase(self, remains: User, free_at: Timestamp) -> None:
        former = self.get(remains.id)
        assert former is not None, "the caller has looked the account up in this transaction"
        self._erase.run(**remains._asdict())
        self._forget(name_parts(former), remains.id)
        self._keep_name.run(key=former.username_key, free_at=free_at)

    def sweep_freed_names(self, at: Timestamp, limit: int) -> int:
        return self._sweep_freed_names.run(at=at, limit=limit)

    def _forget(self, parts: Iterable[tuple[bool, str]], user_id: int) -> None:
        for is_start, part in parts:
            self._drop_part.run(is_start=is_start, part=part, id=user_id)

    def _index(self, parts: Iterable[tuple[bool, str]], user_id: int) -> None:
        for is_start, part in parts:
            self._add_part.run(is_start=is_start, part=part, id=user_id)


def name_parts(user: User) -> set[tuple[bool, str]]:
    """All endings of the user's names, each with whether it is the whole name."""
    return {
        (start == 0, name[start : start + MAX_SEARCHED_LENGTH])
        for name in searchable_names(user)
        for start in range(len(name))
    }


def _credentials(row: Row | None) -> Credentials | None:
    return None if row is None else Credentials(user_of(row), row[-1])


def _page(after: Statement, before: Statement, window: Window, **values: int) -> Sequence[User]:
    if window.before is not None:
        rows = before.rows(key=window.before[0], limit=window.limit + 1, **values)[::-1]
    else:
        rows = after.rows(key=window.after[0] if window.after else "", limit=window.limit + 1, **values)
    return [user_of(row) for row in rows]
