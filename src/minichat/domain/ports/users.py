"""Accounts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from minichat.domain.model import Credentials, NameQuery, NewUser, Timestamp, User
from minichat.domain.paging import Window


class UserStore(Protocol):
    def add(self, new: NewUser) -> User | None:
        """Add an account; None if its `username_key` is taken at `joined_at`."""

    def is_taken(self, username_key: str, at: Timestamp) -> bool:
        """Return whether an account has that key, or an erased one still reserves it."""

    def get(self, user_id: int) -> User | None: ...

    def by_ids(self, user_ids: Iterable[int]) -> Mapping[int, User]:
        """Return the users of these ids. Omit unknown ids."""

    def with_blocks(
        self, user_ids: Collection[int], viewer_ids: Collection[int]
    ) -> tuple[Mapping[int, User], Collection[tuple[int, int]]]:
        """Return the same as `by_ids`, and the pairs of a viewer and a user of these whom the viewer blocks."""

    def living(self, user_ids: Collection[int]) -> Collection[int]:
        """Return the users among these that are not erased. Inside a transaction, this needs their locks."""

    def credentials(self, username_key: str) -> Credentials | None: ...

    def credentials_by_id(self, user_id: int) -> Credentials | None: ...

    def change_password(self, user_id: int, old_hash: str, new_hash: str) -> bool:
        """Replace `old_hash` by `new_hash`; return False if another request has replaced it already."""

    def update_profile(self, user: User) -> None:
        """Store the first and last name, e-mail address and avatar of `user`.

        Without `email_verified_at`, the account holds no verified address any more.
        """

    def rename(self, user: User, free_at: Timestamp) -> bool:
        """Store the username and its key of `user`; return False, and change nothing, if another account has the key.

        Another former key stays reserved until `free_at`.
        """

    def by_verified_email(self, email_key: str) -> User | None:
        """Return the account that holds the verified address of that key (`accounts.email_key`)."""

    def verify_email(self, user_id: int, email_key: str, at: Timestamp) -> bool:
        """Record that the account holds the address; return False, and change nothing, if another one holds it."""

    def set_active(self, user_id: int, is_active: bool) -> bool:
        """Enable or disable the account; return False if nothing changes or the account does not exist."""

    def set_superuser(self, user_id: int, is_superuser: bool) -> bool:
        """Grant or take back the rights of a superuser; return False if nothing changes or there is no such account.

        A transaction that disables, demotes or erases an enabled superuser needs `superusers` too.
        """

    def has_superuser_besides(self, user_id: int) -> bool:
        """Return whether another account is an enabled superuser. Inside a transaction, this needs `superusers`."""

    def seen(self, user_id: int, at: Timestamp) -> None:
        """Renew the presence lease."""

    def seen_all(self, user_ids: Collection[int], at: Timestamp, *, resolution: int) -> None:
        """Renew the leases of the active accounts among these, unless their last renewal `is_within` the resolution."""

    def online_ids(self, since: Timestamp, until: Timestamp) -> Collection[int]:
        """Return the ids of all users who were seen after `since` and before `until`."""

    def page(self, window: Window, *, known_to: int | None = None) -> Sequence[User]:
        """Return the users that are not erased by `username_key`, one more than the limit if there are more.

        With `known_to`, return only that user and the users who share a room with that user (see
        `MembershipStore.sharing`). The key is `(username_key,)`.
        """

    def online_page(
        self, since: Timestamp, until: Timestamp, window: Window, *, known_to: int | None = None
    ) -> Sequence[User]:
        """Return the same as `page`, of users who were seen after `since` and before `until`."""

    def search(self, query: NameQuery, limit: int, without: int, *, known_to: int | None = None) -> Sequence[User]:
        """Return the users with each word of the query in one of their `search.searchable_names`.

        Leave out erased users and the user `without`. Names that begin with the phrase come first, shorter before
        longer, so an exact match leads. Then come the names that begin with the first word, and those that contain it
        elsewhere. Each group is ordered by the rest of the name from the match on (its first
        `search.MAX_SEARCHED_LENGTH` code points; no word is longer), then by id. If each of several words is in
        thousands of names, the search may leave some users out. `known_to` is the same as in `page`.
        """

    def shown_avatars(self, avatar_urls: Iterable[str]) -> Collection[str]:
        """Return the URLs among these that are the `avatar_url` of a user."""

    def erase(self, remains: User, free_at: Timestamp) -> None:
        """Replace the account of the same id by `remains`; delete its names, profile and password.

        Its former `username_key` stays reserved until `free_at`. No page and no search shows an erased account; `get`
        and `by_ids` still find it, as the author of its messages.
        """

    def sweep_freed_names(self, at: Timestamp, limit: int) -> int:
        """Delete up to `limit` reservations of names that had ended at `at`; return how many."""
