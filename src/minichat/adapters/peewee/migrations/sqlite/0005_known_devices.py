"""An index of the devices of an account, in place of the index of their networks."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

STATEMENTS = (
    "CREATE INDEX session_device ON session (user_id, network, user_agent)",
    "DROP INDEX session_network",
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
