"""Tickets that open a stream."""

from typing import Protocol

from minichat.domain.model import Ticket, Timestamp


class TicketStore(Protocol):
    """Tickets for streams. They go with their session."""

    def add(self, ticket: Ticket) -> None: ...

    def take(self, ticket_hash: str) -> Ticket | None:
        """Forget the ticket and return it; of any number of callers at once exactly one gets it."""

    def sweep(self, at: Timestamp, limit: int) -> int:
        """Forget up to `limit` tickets that had expired at `at`; return how many."""
