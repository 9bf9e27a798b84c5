"""Which devices an account has logged in from: an index that leads to them, in the place of that of their addresses."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

STATEMENTS = (
    "CREATE INDEX session_device ON session (user_id, network, user_agent)",
    "DROP INDEX session_network",
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Add what is new."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
