"""The filters of the audit log: event, person and time."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

# A filter of person and event has an index of its own: an attacked account has hundreds of thousands of entries.
# SQLite has no statistics and would prefer a shorter index, and PostgreSQL that of the time, in a plan for any value.
# Each id is above 0, so the conditions on it are always true. But a query can only use an index whose condition it
# names.
STATEMENTS = (
    "CREATE INDEX audit_time ON audit (at, id) WHERE id > 0",
    "CREATE INDEX audit_event ON audit (event, at, id) WHERE id > -1",
    "CREATE INDEX audit_about ON audit (user_id, at, id) WHERE user_id IS NOT NULL AND id > -2",
    "CREATE INDEX audit_about_event ON audit (user_id, event, at, id) WHERE user_id IS NOT NULL",
    "CREATE INDEX audit_actor ON audit (actor_id, at, id) WHERE actor_id IS NOT NULL AND id > -2",
    "CREATE INDEX audit_actor_event ON audit (actor_id, event, at, id) WHERE actor_id IS NOT NULL",
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Create the indexes."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
