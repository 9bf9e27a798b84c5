"""The sessions that were opened in the administration, and whether a code of the second factor proved them."""

from typing import Protocol

from minichat.domain.model import Timestamp


class AdministrationSessionStore(Protocol):
    """Marks of sessions: see `SessionStore`. A mark goes with its session. A call that changes one needs the lock of
    the session's account.
    """

    def mark(self, session_id: int, *, is_proved: bool) -> None:
        """Mark the session as one of the administration, in place of an earlier mark."""

    def is_proved(self, session_id: int) -> bool:
        """Return whether a code proved the session. False for a session without a mark."""

    def is_known(self, user_id: int, network: str, user_agent: str | None = None) -> bool:
        """Return whether a code ever proved a session of the user from there, ended or not."""

    def end_all(self, user_id: int, at: Timestamp, *, but: int | None = None) -> int:
        """End the user's marked sessions, or all but one; return how many were live."""
