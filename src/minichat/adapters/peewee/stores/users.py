"""Accounts in the database. The search index of their names is in `name_index`."""

from collections.abc import Collection, Iterable, Mapping, Sequence

import orjson
from peewee import JOIN, SQL, Case, Expression, IntegrityError, Node, fn

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.paging import KeysetPages
from minichat.adapters.peewee.engine.statements import Row, Statement, param, params
from minichat.adapters.peewee.stores.companions import USERS, Companions
from minichat.adapters.peewee.stores.name_index import NO_ENTRIES, NameIndex
from minichat.adapters.peewee.tables import BlockRow, FreedNameRow, UserRow
from minichat.domain.model import Credentials, NameQuery, NewUser, Timestamp, User
from minichat.domain.paging import Window
from minichat.domain.ports import Characters

_PASSWORD_HASH = USERS.end
_USER_ID, _BLOCK = USERS.start, USERS.end


class PeeweeUserStore:
    def __init__(self, database: ChatDatabase, characters: Characters) -> None:
        self._database = database
        self._names = NameIndex(database, characters)
        self._companions = Companions(database, characters, self._names)
        self._users = UserRow.select(*USERS.columns)
        self._is_this = UserRow.id == param("id")
        self._prepare_accounts()
        self._prepare_changes()
        self._prepare_presence()
        self._prepare_lists()

    def _statement(self, query: Node, *, may_lag: bool = False) -> Statement:
        return Statement(self._database, query, may_lag=may_lag)

    def _is_one_of(self, name: str) -> Expression:
        return UserRow.id.in_(self._database.dialect.each_of(name))

    # Accounts

    def _prepare_accounts(self) -> None:
        user = UserRow
        credentials = user.select(*USERS.columns, user.password_hash)
        self._get = self._statement(self._users.where(self._is_this))
        self._by_ids = self._statement(self._users.where(self._is_one_of("ids")))
        block, are_these = BlockRow, self._is_one_of("ids")
        # A look-up for each of a few users: to collect all whom the viewer blocks would take longer.
        is_by_one = (block.blocker_id == param("viewer_id")) & (block.blocked_id == user.id)
        is_blocked = fn.EXISTS(block.select(SQL("1")).where(is_by_one))
        self._seen_by_one = self._statement(user.select(*USERS.columns, is_blocked).where(are_these))
        # The sum hides the column from the index: most authors have no blocks to compare with the viewers.
        is_by_viewer = (block.blocker_id + 0).in_(self._database.dialect.each_of("viewer_ids"))
        self._seen_by_several = self._statement(
            user.select(*USERS.columns, block.blocker_id)
            .join(block, JOIN.LEFT_OUTER, on=((block.blocked_id == user.id) & is_by_viewer))
            .where(are_these)
        )
        self._living = self._statement(user.select(user.id).where(self._is_one_of("ids") & user.deleted_at.is_null()))
        self._credentials = self._statement(credentials.where(user.username_key == param("key")))
        self._credentials_by_id = self._statement(credentials.where(self._is_this))
        # The constant is in the text, as in the partial index: a parameter would not match the index.
        has_avatar = user.avatar_url != SQL("''")
        is_given = user.avatar_url.in_(self._database.dialect.each_of("urls", "text"))
        self._shown_avatars = self._statement(user.select(user.avatar_url).where(is_given & has_avatar))

        freed = FreedNameRow
        kept = freed.select(SQL("1")).where((freed.username_key == param("key")) & (freed.free_at > param("at")))
        held = user.select(SQL("1")).where(user.username_key == param("key"))
        self._is_taken = self._statement(held.union_all(kept))

    def get(self, user_id: int) -> User | None:
        row = self._get.one(id=user_id)
        return None if row is None else USERS.of(row)

    def by_ids(self, user_ids: Iterable[int]) -> Mapping[int, User]:
        ids = list(user_ids)
        if not ids:
            return {}
        rows = self._by_ids.rows(ids=orjson.dumps(ids).decode())
        return {user.id: user for user in USERS.all(rows)}

    def with_blocks(
        self, user_ids: Collection[int], viewer_ids: Collection[int]
    ) -> tuple[Mapping[int, User], Collection[tuple[int, int]]]:
        if not user_ids:
            return {}, set()
        ids = orjson.dumps(list(user_ids)).decode()
        if len(viewer_ids) == 1:
            [viewer_id] = viewer_ids
            rows = self._seen_by_one.rows(ids=ids, viewer_id=viewer_id)
            blocks = {(viewer_id, row[_USER_ID]) for row in rows if row[_BLOCK]}
        else:
            rows = self._seen_by_several.rows(ids=ids, viewer_ids=orjson.dumps(list(viewer_ids)).decode())
            blocks = {(row[_BLOCK], row[_USER_ID]) for row in rows if row[_BLOCK] is not None}
        return {row[_USER_ID]: USERS.of(row) for row in rows}, blocks

    def living(self, user_ids: Collection[int]) -> Collection[int]:
        ids = orjson.dumps(list(user_ids)).decode()
        return {user_id for (user_id,) in self._living.rows(ids=ids)}

    def credentials(self, username_key: str) -> Credentials | None:
        return _credentials(self._credentials.one(key=username_key))

    def credentials_by_id(self, user_id: int) -> Credentials | None:
        return _credentials(self._credentials_by_id.one(id=user_id))

    def shown_avatars(self, avatar_urls: Iterable[str]) -> Collection[str]:
        urls = orjson.dumps(list(avatar_urls)).decode()
        return {row[0] for row in self._shown_avatars.rows(urls=urls)}

    def is_taken(self, username_key: str, at: Timestamp) -> bool:
        return self._is_taken.one(key=username_key, at=at) is not None

    # Changes

    def _prepare_changes(self) -> None:
        user, freed = UserRow, FreedNameRow
        self._add = self._statement(user.insert(params(NewUser._fields)).on_conflict_ignore().returning(*USERS.columns))
        self._change_password = self._statement(
            user.update(password_hash=param("new")).where(self._is_this & (user.password_hash == param("old")))
        )
        profile = params(("first_name", "last_name", "email", "avatar_url"))
        verified = param("email_verified_at")
        held = Case(None, ((fn.COALESCE(verified, 0) == 0, None),), user.verified_email)
        self._update = self._statement(
            user.update({**profile, "email_verified_at": verified, "verified_email": held}).where(self._is_this)
        )
        self._by_verified_email = self._statement(self._users.where(user.verified_email == param("email_key")))
        verify = {"email_verified_at": param("at"), "verified_email": param("email_key")}
        self._verify_email = self._statement(user.update(verify).where(self._is_this))
        name = params(("username", "username_key"))
        self._rename = self._statement(user.update(name).where(self._is_this))
        is_other = user.is_active != param("is_active")
        self._set_active = self._statement(user.update(is_active=param("is_active")).where(self._is_this & is_other))
        differs = user.is_superuser != param("is_superuser")
        self._set_superuser = self._statement(
            user.update(is_superuser=param("is_superuser")).where(self._is_this & differs)
        )
        # The first condition is that of the partial index, which holds the superusers by their key.
        another = user.is_superuser & (user.username_key > SQL("''")) & user.is_active & (user.id != param("id"))
        self._superuser_besides = self._statement(user.select(SQL("1")).where(another).limit(1))
        remains = params(name for name in User._fields if name != "id")
        self._erase = self._statement(
            user.update(password_hash="", verified_email=None, **remains).where(self._is_this)
        )
        self._keep_name = self._statement(
            freed.insert(params(("username_key", "free_at"))).on_conflict(
                conflict_target=[freed.username_key], update={freed.free_at: param("free_at")}
            )
        )
        free = freed.select(freed.username_key).where(freed.free_at <= param("at")).order_by(freed.free_at)
        self._sweep_freed_names = self._statement(
            freed.delete().where(freed.username_key.in_(free.limit(param("limit"))))
        )

    def add(self, new: NewUser) -> User | None:
        row = None if self.is_taken(new.username_key, new.joined_at) else self._add.one(**new._asdict())
        if row is None:
            return None
        user = USERS.of(row)
        self._names.put(user, NO_ENTRIES)
        return user

    def change_password(self, user_id: int, old_hash: str, new_hash: str) -> bool:
        return self._change_password.run(id=user_id, old=old_hash, new=new_hash) == 1

    def update_profile(self, user: User) -> None:
        before = self.get(user.id)
        former = NO_ENTRIES if before is None else self._names.entries_of(before)
        self._update.run(
            id=user.id,
            first_name=user.first_name,
            last_name=user.last_name,
            email=user.email,
            avatar_url=user.avatar_url,
            email_verified_at=user.email_verified_at,
        )
        if before is not None and (before.first_name, before.last_name) != (user.first_name, user.last_name):
            self._names.put(before._replace(first_name=user.first_name, last_name=user.last_name), former)

    def rename(self, user: User, free_at: Timestamp) -> bool:
        before = self.get(user.id)
        if before is None:
            return False
        former = self._names.entries_of(before)
        try:
            with self._database.savepoint():
                self._rename.run(id=user.id, username=user.username, username_key=user.username_key)
        except IntegrityError:
            return False
        self._names.put(before._replace(username=user.username, username_key=user.username_key), former)
        if before.username_key != user.username_key:
            self._keep_name.run(username_key=before.username_key, free_at=free_at)
        return True

    def by_verified_email(self, email_key: str) -> User | None:
        row = self._by_verified_email.one(email_key=email_key)
        return None if row is None else USERS.of(row)

    def verify_email(self, user_id: int, email_key: str, at: Timestamp) -> bool:
        holder = self.by_verified_email(email_key)
        if holder is not None and holder.id != user_id:
            return False
        return self._verify_email.run(id=user_id, email_key=email_key, at=at) == 1

    def set_active(self, user_id: int, is_active: bool) -> bool:
        return self._set_active.run(id=user_id, is_active=is_active) == 1

    def set_superuser(self, user_id: int, is_superuser: bool) -> bool:
        return self._set_superuser.run(id=user_id, is_superuser=is_superuser) == 1

    def has_superuser_besides(self, user_id: int) -> bool:
        return self._superuser_besides.one(id=user_id) is not None

    def erase(self, remains: User, free_at: Timestamp) -> None:
        former = self.get(remains.id)
        assert former is not None, "the caller has looked the account up in this transaction"
        entries = self._names.entries_of(former)
        self._erase.run(**remains._asdict())
        self._names.put(remains, entries)
        self._keep_name.run(username_key=former.username_key, free_at=free_at)

    def index(self, user_ids: Collection[int]) -> None:
        """Index the names of these users by the rules of this version, in the caller's transaction."""
        for _, user in sorted(self.by_ids(user_ids).items()):
            self._names.put(user, self._names.entries_of(user))

    def sweep_freed_names(self, at: Timestamp, limit: int) -> int:
        return self._sweep_freed_names.run(at=at, limit=limit)

    # Presence

    def _prepare_presence(self) -> None:
        user = UserRow
        self._seen = self._statement(user.update(last_seen_at=param("at")).where(self._is_this))
        is_due = user.last_seen_at.is_null() | (fn.ABS(user.last_seen_at - param("at")) >= param("resolution"))
        self._seen_all = self._statement(
            user.update(last_seen_at=param("at")).where(self._is_one_of("ids") & user.is_active & is_due)
        )
        is_online = (user.last_seen_at > param("since")) & (user.last_seen_at < param("until"))
        online = user.select(user.id).where(is_online & user.deleted_at.is_null())
        self._online_ids = self._statement(online, may_lag=True)

    def seen(self, user_id: int, at: Timestamp) -> None:
        self._seen.run(id=user_id, at=at)

    def seen_all(self, user_ids: Collection[int], at: Timestamp, *, resolution: int) -> None:
        self._seen_all.run(ids=orjson.dumps(list(user_ids)).decode(), at=at, resolution=resolution)

    def online_ids(self, since: Timestamp, until: Timestamp) -> Collection[int]:
        return {user_id for (user_id,) in self._online_ids.rows(since=since, until=until)}

    # Lists

    def _prepare_lists(self) -> None:
        user = UserRow
        living = self._users.where(user.deleted_at.is_null())
        self._pages = KeysetPages(self._database, living, (user.username_key,), start=("",))
        # Few users are online at once. With an expression as the key, SQLite sorts them. With the plain column, it
        # would scan the index of all names.
        key = user.username_key.concat("")
        online = self._users.where((user.last_seen_at > param("since")) & (user.last_seen_at < param("until")))
        self._online_pages = KeysetPages(self._database, online, (key,), start=("",))

    def page(self, window: Window, *, known_to: int | None = None) -> Sequence[User]:
        return USERS.all(self._pages.rows(window) if known_to is None else self._companions.page(known_to, window))

    def online_page(
        self, since: Timestamp, until: Timestamp, window: Window, *, known_to: int | None = None
    ) -> Sequence[User]:
        if known_to is None:
            return USERS.all(self._online_pages.rows(window, since=since, until=until))
        return USERS.all(self._companions.online_page(known_to, since, until, window))

    def search(self, query: NameQuery, limit: int, without: int, *, known_to: int | None = None) -> Sequence[User]:
        if known_to is None:
            found = self._names.search(query, limit, without)
        else:
            found = self._companions.search(known_to, query, limit, without)
        people = self.by_ids(found)
        return [people[user_id] for user_id in found if not people[user_id].is_erased]


def _credentials(row: Row | None) -> Credentials | None:
    return None if row is None else Credentials(USERS.of(row), row[_PASSWORD_HASH])
