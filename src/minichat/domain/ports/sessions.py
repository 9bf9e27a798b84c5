"""Sessions and their refresh tokens."""

from collections.abc import Collection, Sequence
from typing import Protocol

from minichat.domain.model import Caller, Device, RefreshToken, Session, Timestamp
from minichat.domain.paging import Window


class SessionStore(Protocol):
    """Sessions and refresh tokens. A call that changes one needs the account's lock, and so does `caller`."""

    def open(self, user_id: int, device: Device, at: Timestamp, expires_at: Timestamp) -> Session: ...

    def caller(self, session_id: int) -> Caller | None:
        """Return the session with its user, in one look-up, because every request calls this."""

    def used(self, session_id: int, at: Timestamp) -> None:
        """Store the time of the session's last use."""

    def expire(self, session_id: int, at: Timestamp) -> None:
        """Store another expiry of the session."""

    def of(self, user_id: int, session_id: int) -> Session | None:
        """Return the user's session of that id, ended or not."""

    def live_page(self, user_id: int, at: Timestamp, window: Window) -> Sequence[Session]:
        """Return the user's live sessions at `at`, the newest first, one more than the limit if there are more.

        The key is `(id,)`.
        """

    def is_known(self, user_id: int, network: str, user_agent: str | None = None) -> bool:
        """Return whether the user ever logged in from that network, and with that user agent if it is given."""

    def end(self, session_id: int, at: Timestamp) -> bool:
        """End the session; False if it has ended already or does not exist."""

    def end_all(self, user_id: int, at: Timestamp, *, but: int | None = None) -> int:
        """End every session of the user, or all but one; return how many were live."""

    def erase(self, user_id: int, at: Timestamp) -> None:
        """End every session of the user, and delete their devices, addresses and refresh tokens."""

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Session]:
        """Return the user's sessions, ended or not, by id: the first `limit` with an id above `after`."""

    def add_token(self, token: RefreshToken) -> None: ...

    def token(self, jti_hash: str) -> RefreshToken | None: ...

    def claim_token(self, jti_hash: str, at: Timestamp) -> bool:
        """Mark the token as used. Exactly one of any number of concurrent calls returns True."""

    def drop_tokens(self, session_id: int) -> None:
        """Delete the session's refresh tokens."""

    def live_among(self, session_ids: Collection[int], at: Timestamp) -> Collection[int]:
        """Return the sessions among these that are live at `at` and belong to active accounts."""

    def sweep_tokens(self, at: Timestamp, limit: int) -> int:
        """Delete up to `limit` refresh tokens that had expired at `at`; return how many."""

    def sweep(self, before: Timestamp, limit: int) -> int:
        """Delete sessions that ended or expired at `before` or earlier, with their remaining tokens.

        Delete up to `limit` sessions and as many tokens; return how many of both, 0 if none is left.
        """
