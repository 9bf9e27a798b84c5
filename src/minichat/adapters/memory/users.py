"""Accounts in memory: see `domain.ports.users`."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from minichat.adapters.memory.store import Store, in_window
from minichat.domain.accounts import email_key as key_of
from minichat.domain.model import Credentials, NameQuery, NewUser, Timestamp, User, is_within
from minichat.domain.paging import Window
from minichat.domain.ports import Characters
from minichat.domain.search import best_place, searchable_names


class MemoryUserStore:
    def __init__(self, store: Store, characters: Characters) -> None:
        self._store = store
        self._characters = characters

    def add(self, new: NewUser) -> User | None:
        tables = self._store.writable
        if self.is_taken(new.username_key, new.joined_at):
            return None
        user = User(
            id=tables.next_id("users"),
            username=new.username,
            username_key=new.username_key,
            first_name=new.first_name,
            last_name=new.last_name,
            email=new.email,
            avatar_url="",
            is_active=True,
            is_superuser=new.is_superuser,
            joined_at=new.joined_at,
            last_seen_at=None,
            deleted_at=None,
        )
        tables.users[user.id] = user
        self._store.locks.added_account(user.id)
        tables.user_ids[user.username_key] = user.id
        tables.password_hashes[user.id] = new.password_hash
        return user

    def is_taken(self, username_key: str, at: Timestamp) -> bool:
        tables = self._store.tables
        return username_key in tables.user_ids or tables.freed_names.get(username_key, at) > at

    def get(self, user_id: int) -> User | None:
        self._store.locks.check_account(user_id)
        return self._store.tables.users.get(user_id)

    def by_ids(self, user_ids: Iterable[int]) -> Mapping[int, User]:
        users = self._store.tables.users
        return {user_id: users[user_id] for user_id in user_ids if user_id in users}

    def with_blocks(
        self, user_ids: Collection[int], viewer_ids: Collection[int]
    ) -> tuple[Mapping[int, User], Collection[tuple[int, int]]]:
        people = self.by_ids(user_ids)
        return people, {
            (blocker_id, blocked_id)
            for blocker_id, blocked_id in self._store.tables.blocks
            if blocker_id in viewer_ids and blocked_id in people
        }

    def living(self, user_ids: Collection[int]) -> Collection[int]:
        self._store.locks.check_shared_accounts(user_ids)
        return {user.id for user in self.by_ids(user_ids).values() if not user.is_erased}

    def credentials(self, username_key: str) -> Credentials | None:
        user_id = self._store.tables.user_ids.get(username_key)
        return None if user_id is None else self.credentials_by_id(user_id)

    def credentials_by_id(self, user_id: int) -> Credentials | None:
        self._store.locks.check_account(user_id)
        tables = self._store.tables
        user = tables.users.get(user_id)
        return None if user is None else Credentials(user, tables.password_hashes[user_id])

    def change_password(self, user_id: int, old_hash: str, new_hash: str) -> bool:
        self._store.locks.check_account(user_id)
        hashes = self._store.writable.password_hashes
        if hashes.get(user_id) != old_hash:
            return False
        hashes[user_id] = new_hash
        return True

    def update_profile(self, user: User) -> None:
        self._store.locks.check_account(user.id)
        users = self._store.writable.users
        if user.id in users:
            users[user.id] = users[user.id]._replace(
                first_name=user.first_name,
                last_name=user.last_name,
                email=user.email,
                avatar_url=user.avatar_url,
                email_verified_at=user.email_verified_at,
            )

    def rename(self, user: User, free_at: Timestamp) -> bool:
        self._store.locks.check_account(user.id)
        tables = self._store.writable
        former = tables.users[user.id].username_key
        if tables.user_ids.get(user.username_key, user.id) != user.id:
            return False
        del tables.user_ids[former]
        tables.user_ids[user.username_key] = user.id
        tables.users[user.id] = tables.users[user.id]._replace(username=user.username, username_key=user.username_key)
        if former != user.username_key:
            tables.freed_names[former] = free_at
        return True

    def by_verified_email(self, email_key: str) -> User | None:
        users = self._store.tables.users.values()
        return next(
            (one for one in users if one.email_verified_at is not None and key_of(one.email) == email_key), None
        )

    def verify_email(self, user_id: int, email_key: str, at: Timestamp) -> bool:
        self._store.locks.check_account(user_id)
        holder = self.by_verified_email(email_key)
        if holder is not None and holder.id != user_id:
            return False
        users = self._store.writable.users
        users[user_id] = users[user_id]._replace(email_verified_at=at)
        return True

    def set_active(self, user_id: int, is_active: bool) -> bool:
        self._store.locks.check_account(user_id)
        users = self._store.writable.users
        if user_id not in users or users[user_id].is_active == is_active:
            return False
        self._check_loss(users[user_id])
        users[user_id] = users[user_id]._replace(is_active=is_active)
        return True

    def set_superuser(self, user_id: int, is_superuser: bool) -> bool:
        self._store.locks.check_account(user_id)
        users = self._store.writable.users
        if user_id not in users or users[user_id].is_superuser == is_superuser:
            return False
        self._check_loss(users[user_id])
        users[user_id] = users[user_id]._replace(is_superuser=is_superuser)
        return True

    def _check_loss(self, user: User) -> None:
        """Raise RuntimeError if the loss of an enabled superuser may race with that of another one."""
        if user.is_superuser and user.is_active:
            self._store.locks.check_superusers()

    def has_superuser_besides(self, user_id: int) -> bool:
        self._store.locks.check_superusers()
        users = self._store.tables.users.values()
        return any(user.is_superuser and user.is_active and user.id != user_id for user in users)

    def seen(self, user_id: int, at: Timestamp) -> None:
        users = self._store.writable.users
        if user_id in users:
            users[user_id] = users[user_id]._replace(last_seen_at=at)

    def seen_all(self, user_ids: Collection[int], at: Timestamp, *, resolution: int) -> None:
        for user_id in user_ids:
            user = self._store.writable.users.get(user_id)
            if user is None or not user.is_active:
                continue
            if user.last_seen_at is None or not is_within(resolution, user.last_seen_at, at):
                self.seen(user_id, at)

    def online_ids(self, since: Timestamp, until: Timestamp) -> Collection[int]:
        return {user.id for user in self._living() if _was_seen(user, since, until)}

    def page(self, window: Window, *, known_to: int | None = None) -> Sequence[User]:
        return in_window(self._living(known_to), window, _key)

    def online_page(
        self, since: Timestamp, until: Timestamp, window: Window, *, known_to: int | None = None
    ) -> Sequence[User]:
        users = self._known(known_to)
        return in_window((user for user in users if _was_seen(user, since, until)), window, _key)

    def search(self, query: NameQuery, limit: int, without: int, *, known_to: int | None = None) -> Sequence[User]:
        places = [
            (place, user.id, user)
            for user in self._living(known_to)
            if user.id != without and (place := best_place(searchable_names(user, self._characters), query)) is not None
        ]
        return [user for _, _, user in sorted(places)[:limit]]

    def shown_avatars(self, avatar_urls: Iterable[str]) -> Collection[str]:
        return {user.avatar_url for user in self._store.tables.users.values()}.intersection(avatar_urls)

    def erase(self, remains: User, free_at: Timestamp) -> None:
        self._store.locks.check_account(remains.id)
        tables = self._store.writable
        self._check_loss(tables.users[remains.id])
        freed = tables.users[remains.id].username_key
        del tables.user_ids[freed]
        tables.freed_names[freed] = free_at
        tables.users[remains.id] = remains
        tables.user_ids[remains.username_key] = remains.id
        tables.password_hashes[remains.id] = ""

    def _living(self, known_to: int | None = None) -> Iterable[User]:
        return (user for user in self._known(known_to) if not user.is_erased)

    def _known(self, known_to: int | None) -> Iterable[User]:
        tables = self._store.tables
        if known_to is None:
            return tables.users.values()
        return self.by_ids(tables.companions(known_to) | {known_to}).values()

    def sweep_freed_names(self, at: Timestamp, limit: int) -> int:
        names = self._store.writable.freed_names
        free = [key for key, free_at in names.items() if free_at <= at][:limit]
        for key in free:
            del names[key]
        return len(free)


def _was_seen(user: User, since: Timestamp, until: Timestamp) -> bool:
    return user.last_seen_at is not None and since < user.last_seen_at < until


def _key(user: User) -> tuple[str]:
    return (user.username_key,)
