"""Invitations to rooms in the database, by the hash of each token."""

from collections.abc import Sequence

from peewee import Node

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.paging import KeysetPages
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.tables import InvitationRow, RoomRow
from minichat.domain.model import MAX_ID, Invitation, NewInvitation, Timestamp
from minichat.domain.paging import Window

INVITATIONS = Mapper(Invitation, InvitationRow)


class PeeweeInvitationStore:
    def __init__(self, database: ChatDatabase) -> None:
        row, room = InvitationRow, RoomRow

        def statement(query: Node) -> Statement:
            return Statement(database, query)

        this_one, of_user = row.id == param("id"), row.created_by == param("user_id")
        existing = (
            row.select(*INVITATIONS.columns).join(room, on=(room.id == row.room_id)).where(room.deleted_at.is_null())
        )
        self._add = statement(row.insert(used=0, **params(NewInvitation._fields)).returning(*INVITATIONS.columns))
        self._by_hash = statement(existing.where(row.token_hash == param("token_hash")))
        has_uses_left = row.uses.is_null() | (row.used < row.uses)
        self._use = statement(row.update(used=row.used + 1).where(this_one & has_uses_left))
        self._remove = statement(
            row.delete().where(this_one & (row.room_id == param("room_id"))).returning(*INVITATIONS.columns)
        )
        current = existing.where((row.room_id == param("room_id")) & (row.expires_at > param("at")))
        self._pages = KeysetPages(database, current, (row.id,), start=(MAX_ID,), newest_first=True)
        self._all_of = statement(
            existing.where(of_user & (row.id > param("after"))).order_by(row.id).limit(param("limit"))
        )
        self._erase = statement(row.delete().where(of_user))
        expired = row.select(row.id).where(row.expires_at <= param("at")).order_by(row.expires_at)
        self._sweep = statement(row.delete().where(row.id.in_(expired.limit(param("limit")))))

    def add(self, new: NewInvitation) -> Invitation:
        row = self._add.one(**new._asdict())
        assert row is not None, "an INSERT without a conflict returns its row"
        return INVITATIONS.of(row)

    def by_hash(self, token_hash: str) -> Invitation | None:
        row = self._by_hash.one(token_hash=token_hash)
        return None if row is None else INVITATIONS.of(row)

    def use(self, invitation: Invitation) -> bool:
        return self._use.run(id=invitation.id) == 1

    def remove(self, room_id: int, invitation_id: int) -> Invitation | None:
        row = self._remove.one(room_id=room_id, id=invitation_id)
        return None if row is None else INVITATIONS.of(row)

    def page(self, room_id: int, at: Timestamp, window: Window) -> Sequence[Invitation]:
        return INVITATIONS.all(self._pages.rows(window, room_id=room_id, at=at))

    def all_of(self, user_id: int, after: int, limit: int) -> Sequence[Invitation]:
        return INVITATIONS.all(self._all_of.rows(user_id=user_id, after=after, limit=limit))

    def erase(self, user_id: int) -> None:
        self._erase.run(user_id=user_id)

    def sweep(self, at: Timestamp, limit: int) -> int:
        return self._sweep.run(at=at, limit=limit)
