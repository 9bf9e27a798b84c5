"""Tickets that open a stream."""

from typing import Protocol

from minichat.domain.model import Ticket, Timestamp


class TicketStore(Protocol):
    """Tickets for streams. They go with their session."""

    def add(self, ticket: Ticket) -> None: ...

    def take(self, ticket_hash: str) -> Ticket | None:
        """Delete the ticket and return it. Exactly one of any number of concurrent calls returns it."""

    def sweep(self, at: Timestamp, limit: int) -> int:
        """Delete up to `limit` tickets that had expired at `at`; return how many."""
