"""Sessions and their refresh tokens."""

from collections.abc import Collection, Sequence
from typing import Protocol

from minichat.domain.model import Caller, Device, RefreshToken, Session, Timestamp
from minichat.domain.paging import Window


class SessionStore(Protocol):
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
