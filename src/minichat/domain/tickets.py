"""Tickets: how a browser opens a stream, whose `EventSource` and `WebSocket` send no header of ours.

A ticket stands in a URL, which lands in logs and histories; so it works once, and only for some seconds.
"""

import hashlib
import secrets
from dataclasses import dataclass

from minichat.domain.errors import InvalidTicket, SessionEnded
from minichat.domain.model import SECOND, Caller, Ticket, Timestamp
from minichat.domain.ports import Clock, SessionStore, TicketStore, Transaction

LIFETIME = 30
"""How long a ticket is good for, in seconds."""


@dataclass(frozen=True, slots=True)
class Tickets:
    _transaction: Transaction
    _clock: Clock
    _sessions: SessionStore
    _store: TicketStore

    def issue(self, caller: Caller, access_expires_at: Timestamp) -> str:
        """Return a ticket of the caller's session; `access_expires_at` is when their access token expires."""
        ticket = secrets.token_urlsafe(24)
        expires_at = self._clock() + LIFETIME * SECOND
        with self._transaction():
            self._store.add(Ticket(_hash(ticket), caller.session.id, access_expires_at, expires_at))
        return ticket

    def redeem(self, ticket: str) -> tuple[Caller, Timestamp]:
        """Whose ticket it is, and when their access token expires. Raises InvalidTicket or SessionEnded."""
        with self._transaction():
            found = self._store.take(_hash(ticket))
        now = self._clock()
        if found is None or now >= min(found.expires_at, found.access_expires_at):
            raise InvalidTicket
        caller = self._sessions.caller(found.session_id)
        if caller is None or not caller.user.is_active or not caller.session.is_live(now):
            raise SessionEnded
        return caller, found.access_expires_at


def _hash(ticket: str) -> str:
    return hashlib.sha256(ticket.encode(errors="replace")).hexdigest()
