"""Accounts."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from minichat.domain.model import Credentials, NewUser, Timestamp, User
from minichat.domain.paging import Window


class UserStore(Protocol):
    def add(self, new: NewUser) -> User | None:
        """Add an account; None if its `username_key` is taken at `joined_at`."""

    def is_taken(self, username_key: str, at: Timestamp) -> bool:
        """Whether somebody has that key, or it was freed by `erase` and is still kept from everybody."""

    def get(self, user_id: int) -> User | None: ...

    def by_ids(self, user_ids: Iterable[int]) -> Mapping[int, User]:
        """The users of these ids; unknown ids are left out."""

    def living(self, user_ids: Collection[int]) -> Collection[int]:
        """Those of the users whose accounts are not erased, and are not before the transaction ends."""

    def credentials(self, username_key: str) -> Credentials | None: ...

    def credentials_by_id(self, user_id: int) -> Credentials | None: ...

    def change_password(self, user_id: int, old_hash: str, new_hash: str) -> bool:
        """Set the hash if it still is `old_hash`; False if somebody was faster."""

    def update_profile(self, user: User) -> None:
        """Keep the first and last name, e-mail and avatar of `user`."""

    def set_active(self, user_id: int, is_active: bool) -> bool:
        """Enable or disable the account; False if it was so already, or there is none."""

    def seen(self, user_id: int, at: Timestamp) -> None:
        """Renew the presence lease."""

    def seen_all(self, user_ids: Collection[int], at: Timestamp, *, before: Timestamp) -> None:
        """Renew those of the users' leases that were renewed at `before` or earlier; not of disabled accounts."""

    def online_ids(self, since: Timestamp) -> Collection[int]:
        """The ids of all who were seen after `since`."""

    def page(self, window: Window) -> Sequence[User]:
        """All users but erased ones by `username_key`, one more than the limit if there are more.

        The key is `(username_key,)`.
        """

    def online_page(self, since: Timestamp, window: Window) -> Sequence[User]:
        """Like `page`, of those seen after `since`."""

    def search(self, folded: str, limit: int, without: int) -> Sequence[User]:
        """The users with `folded` in one of their `directory.searchable_names`, leaving out the user `without`.

        Names that begin with it come first, shorter before longer, so an exact match leads; then names that hold it
        elsewhere. Each group is ordered by the rest of the name from the match on (its first
        `directory.MAX_SEARCHED_LENGTH` code points, which `folded` is not longer than), then by id.
        """

    def shown_avatars(self, avatar_urls: Iterable[str]) -> Collection[str]:
        """Those of these `User.avatar_url` that somebody has."""

    def erase(self, remains: User, free_at: Timestamp) -> None:
        """Put `remains` in the place of the account of that id: its names, profile and password are forgotten.

        Nobody may have its former `username_key` before `free_at`. No page or search shows an erased account; it is
        still got by its id, for the messages that it bears.
        """

    def sweep_freed_names(self, at: Timestamp, limit: int) -> int:
        """Forget up to `limit` names of erased accounts that anybody may have at `at`; return how many."""
