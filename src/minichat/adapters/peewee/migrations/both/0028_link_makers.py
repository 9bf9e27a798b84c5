"""The administrators who made links to accounts."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Add the column. Earlier links have no maker: they expire within an hour."""
    kind = db.dialect.choose(sqlite="INTEGER", postgres="BIGINT")
    db.execute_sql(f"ALTER TABLE account_link ADD COLUMN made_by {kind}")
