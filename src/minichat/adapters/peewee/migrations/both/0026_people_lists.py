"""Indexes for the lists of people in the administration."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

STATEMENTS = (
    'CREATE INDEX user_superuser ON "user" (username_key) WHERE is_superuser',
    'CREATE INDEX user_disabled ON "user" (username_key) WHERE NOT is_active AND deleted_at IS NULL',
    'CREATE INDEX user_disabled_by_age ON "user" (id) WHERE NOT is_active AND deleted_at IS NULL',
)


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Create the indexes. Few accounts are disabled or superusers, so most accounts are in none of them."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
