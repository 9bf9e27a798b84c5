"""Ports for accounts: users, their sessions and tickets, what they tried and what they did."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from minichat.domain.model import (
    AuditEntry,
    AuditEvent,
    Caller,
    Credentials,
    Device,
    RefreshToken,
    Session,
    Tally,
    Ticket,
    Timestamp,
    User,
)
from minichat.domain.paging import Window


class NewUser(NamedTuple):
    username: str
    username_key: str
    password_hash: str
    first_name: str
    last_name: str
    email: str
    joined_at: Timestamp
    is_superuser: bool = False


class Users(Protocol):
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
        `directory.SEARCHED_MOST` code points, which `folded` is not longer than), then by id.
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


class Sessions(Protocol):
    def open(self, user_id: int, device: Device, at: Timestamp, expires_at: Timestamp) -> Session: ...

    def caller(self, session_id: int) -> Caller | None:
        """The session with its user, in one look-up: every request makes it."""

    def used(self, session_id: int, at: Timestamp) -> None:
        """Note when the session was last used."""

    def of(self, user_id: int, session_id: int) -> Session | None:
        """The user's session of that id, ended or not."""

    def live_page(self, user_id: int, at: Timestamp, window: Window) -> Sequence[Session]:
        """The user's sessions that live at `at`, the newest first, one more than the limit if there are more.

        The key is `(id,)`.
        """

    def is_known(self, user_id: int, network: str, user_agent: str | None = None) -> bool:
        """Whether a session was opened from that network, and by a device that said so of itself if that is given."""

    def end(self, session_id: int, at: Timestamp) -> bool:
        """End the session; False if it had ended already, or there is none."""

    def end_all(self, user_id: int, at: Timestamp, *, but: int | None = None) -> int:
        """End every session of the user, or all but one; return how many there were to end."""

    def erase(self, user_id: int, at: Timestamp) -> None:
        """End every session of the user and forget where they came from, with their refresh tokens."""

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Session]:
        """The user's sessions, ended or not, by id, from the first one after the id `after` on."""

    def add_token(self, token: RefreshToken) -> None: ...

    def token(self, jti_hash: str) -> RefreshToken | None: ...

    def claim_token(self, jti_hash: str, at: Timestamp) -> bool:
        """Mark the token as used; of any number of callers at once exactly one is told True."""

    def drop_tokens(self, session_id: int) -> None:
        """Forget the session's refresh tokens."""

    def live_among(self, session_ids: Collection[int], at: Timestamp) -> Collection[int]:
        """Those of the sessions that live at `at`, of accounts that are active."""

    def sweep_tokens(self, at: Timestamp, limit: int) -> int:
        """Forget up to `limit` refresh tokens that had expired at `at`; return how many."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Forget sessions that ended, or expired unended, at `before` or earlier, with whatever tokens they have left.

        Takes up to `limit` sessions and as many tokens; returns how many there were of both, 0 when none is left.
        """


class Tickets(Protocol):
    """Tickets for streams. They go with their session."""

    def add(self, ticket: Ticket) -> None: ...

    def take(self, ticket_hash: str) -> Ticket | None:
        """Forget the ticket and return it; of any number of callers at once exactly one gets it."""

    def sweep(self, at: Timestamp, limit: int) -> int:
        """Forget up to `limit` tickets that had expired at `at`; return how many."""


class Attempts(Protocol):
    """Counts by key what is done too often: see `domain.throttling`."""

    def tally(self, key: str) -> Tally | None: ...

    def count(self, key: str, at: Timestamp, window: int) -> Tally:
        """Count one more and return the new tally; the count begins anew `window` milliseconds after its first.

        Of callers at once each gets a count of its own.
        """

    def forget(self, key: str) -> None: ...

    def sweep(self, at: Timestamp, limit: int) -> int:
        """Forget up to `limit` tallies whose window was over at `at`; return how many these were."""


class Audit(Protocol):
    """The audit log: it is written at its end and read, and its beginning can be dropped when it is old."""

    def record(self, entry: AuditEntry) -> None:
        """Append an entry, in the transaction of what it tells."""

    def page(
        self, limit: int, *, before: int | None = None, user_id: int | None = None, event: AuditEvent | None = None
    ) -> Sequence[AuditEntry]:
        """The newest entries, the newest first; those older than the entry `before`, those about one user or event."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Drop the beginning of the log, up to `limit` entries and to the first after `before`; return how many."""
