"""Tickets: credentials for a browser's `EventSource` and `WebSocket`, which can't send an Authorization header.

A ticket is part of a URL, and logs and browser histories record URLs. Therefore a ticket works once and expires within
seconds. This module knows no URL.
"""

from dataclasses import dataclass

from minichat.domain.errors import InvalidTicket, SessionEnded
from minichat.domain.model import SECOND, Caller, Ticket, Timestamp, is_within
from minichat.domain.ports import Clock, SessionStore, TicketStore, Transaction
from minichat.domain.secret_tokens import hash_of, new_token

LIFETIME_SECONDS = 30
"""How long a ticket is valid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tickets:
    transaction: Transaction
    clock: Clock
    session_store: SessionStore
    ticket_store: TicketStore

    def issue(self, caller: Caller, access_expires_at: Timestamp) -> str:
        """Return a ticket for the caller's session; `access_expires_at` is the expiry of the access token."""
        ticket = new_token()
        expires_at = self.clock() + LIFETIME_SECONDS * SECOND
        with self.transaction():
            self.ticket_store.add(Ticket(hash_of(ticket), caller.session.id, access_expires_at, expires_at))
        return ticket

    def redeem(self, ticket: str) -> tuple[Caller, Timestamp]:
        """Return the caller of the ticket and the expiry of the access token. Raises InvalidTicket or SessionEnded."""
        with self.transaction():
            found = self.ticket_store.take(hash_of(ticket))
        now = self.clock()
        if found is None or now >= found.access_expires_at:
            raise InvalidTicket
        if not is_within(LIFETIME_SECONDS * SECOND, found.expires_at - LIFETIME_SECONDS * SECOND, now):
            raise InvalidTicket
        caller = self.session_store.caller(found.session_id)
        if caller is None or not caller.is_live(now):
            raise SessionEnded
        return caller, found.access_expires_at
