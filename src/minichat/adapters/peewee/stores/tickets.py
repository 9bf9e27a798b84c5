"""Tickets for streams in the database."""

from peewee import Node

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.statements import Statement, param
from minichat.adapters.peewee.tables import TicketRow
from minichat.domain.model import Ticket, Timestamp


class PeeweeTicketStore:
    def __init__(self, database: ChatDatabase) -> None:
        def statement(query: Node) -> Statement:
            return Statement(database, query)

        row = TicketRow
        self._add = statement(row.insert({name: param(name) for name in Ticket._fields}))
        self._take = statement(
            row.delete()
            .where(row.hash == param("hash"))
            .returning(row.hash, row.session_id, row.access_expires_at, row.expires_at)
        )
        expired = row.select(row.hash).where(row.expires_at <= param("at")).order_by(row.expires_at)
        self._sweep = statement(row.delete().where(row.hash.in_(expired.limit(param("limit")))))

    def add(self, ticket: Ticket) -> None:
        self._add.run(**ticket._asdict())

    def take(self, ticket_hash: str) -> Ticket | None:
        row = self._take.one(hash=ticket_hash)
        return None if row is None else Ticket(*row)

    def sweep(self, at: Timestamp, limit: int) -> int:
        return self._sweep.run(at=at, limit=limit)
