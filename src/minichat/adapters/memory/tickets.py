"""Tickets for streams in memory: see `domain.ports.tickets`."""

from minichat.adapters.memory.store import Store
from minichat.domain.model import Ticket, Timestamp


class MemoryTicketStore:
    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, ticket: Ticket) -> None:
        self._store.writable.tickets[ticket.hash] = ticket

    def take(self, ticket_hash: str) -> Ticket | None:
        return self._store.writable.tickets.pop(ticket_hash, None)

    def sweep(self, at: Timestamp, limit: int) -> int:
        tickets = self._store.writable.tickets
        expired = [ticket.hash for ticket in tickets.values() if ticket.expires_at <= at][:limit]
        for ticket_hash in expired:
            del tickets[ticket_hash]
        return len(expired)
