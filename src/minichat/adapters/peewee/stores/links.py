"""Links to accounts in the database, one for each account and purpose."""

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.engine.mapping import Mapper
from minichat.adapters.peewee.engine.statements import Statement, param, params
from minichat.adapters.peewee.tables import LinkRow
from minichat.domain.model import AccountLink, LinkPurpose, Timestamp

LINKS = Mapper(AccountLink, LinkRow)


class PeeweeLinkStore:
    def __init__(self, database: ChatDatabase) -> None:
        row = LinkRow
        is_this = row.token_hash == param("token_hash")
        links = row.select(*LINKS.columns)
        values = params(AccountLink._fields)
        changing = {name: value for name, value in values.items() if name not in {"user_id", "purpose"}}
        self._put = Statement(
            database,
            row.insert(values).on_conflict(
                conflict_target=[row.user_id, row.purpose],
                update={getattr(row, name): value for name, value in changing.items()},
            ),
        )
        self._get = Statement(
            database, links.where((row.user_id == param("user_id")) & (row.purpose == param("purpose")))
        )
        self._by_hash = Statement(database, links.where(is_this))
        self._take = Statement(database, row.delete().where(is_this).returning(*LINKS.columns))
        self._void = Statement(database, row.delete().where(row.user_id == param("user_id")))
        expired = row.select(row.token_hash).where(row.expires_at <= param("at")).order_by(row.expires_at)
        self._sweep = Statement(database, row.delete().where(row.token_hash.in_(expired.limit(param("limit")))))

    def put(self, link: AccountLink) -> None:
        self._put.run(**link._asdict())

    def get(self, user_id: int, purpose: LinkPurpose) -> AccountLink | None:
        row = self._get.one(user_id=user_id, purpose=purpose)
        return None if row is None else LINKS.of(row)

    def by_hash(self, token_hash: str) -> AccountLink | None:
        row = self._by_hash.one(token_hash=token_hash)
        return None if row is None else LINKS.of(row)

    def take(self, token_hash: str) -> AccountLink | None:
        row = self._take.one(token_hash=token_hash)
        return None if row is None else LINKS.of(row)

    def void(self, user_id: int) -> None:
        self._void.run(user_id=user_id)

    def sweep(self, at: Timestamp, limit: int) -> int:
        return self._sweep.run(at=at, limit=limit)
