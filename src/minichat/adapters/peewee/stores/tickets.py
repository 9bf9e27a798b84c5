"""Single-use tickets for streams in the database, by the hash of each ticket."""

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.tables import TicketRow
from minichat.domain.model import Ticket, Timestamp

TICKETS = Mapper(Ticket, TicketRow)


class PeeweeTicketStore:
    def __init__(self, database: ChatDatabase) -> None:
        row = TicketRow
        self._add = Statement(database, row.insert(params(Ticket._fields)))
        self._take = Statement(database, row.delete().where(row.hash == param("hash")).returning(*TICKETS.columns))
        expired = row.select(row.hash).where(row.expires_at <= param("at")).order_by(row.expires_at)
        self._sweep = Statement(database, row.delete().where(row.hash.in_(expired.limit(param("limit")))))

    def add(self, ticket: Ticket) -> None:
        self._add.run(**ticket._asdict())

    def take(self, ticket_hash: str) -> Ticket | None:
        row = self._take.one(hash=ticket_hash)
        return None if row is None else TICKETS.of(row)

    def sweep(self, at: Timestamp, limit: int) -> int:
        return self._sweep.run(at=at, limit=limit)
