"""Indexes on expressions that both databases know, so that one query serves both."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

STATEMENTS = (
    "DROP INDEX room_public_activity",
    """
    CREATE INDEX room_public_activity ON room (active_at, id)
    WHERE kind = 'group' AND NOT is_private AND deleted_at IS NULL
    """,
    "DROP INDEX session_over",
    "CREATE INDEX session_over ON session (coalesce(ended_at, expires_at))",
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
