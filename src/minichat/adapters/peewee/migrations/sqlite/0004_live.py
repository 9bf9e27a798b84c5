"""Indexes for reading the change log, and tickets for streams."""

from peewee import Database
from playhouse.migrate import SchemaMigrator

STATEMENTS = (
    "CREATE INDEX change_room ON change (room_id, id)",
    # The arrivals and departures of a user: they decide which changes a client may read after an absence.
    """
    CREATE INDEX change_move ON change (user_id, id) WHERE kind IN ('participant.joined', 'participant.left')
    """,
    """
    CREATE TABLE ticket (
        hash TEXT PRIMARY KEY,
        session_id INTEGER NOT NULL REFERENCES session (id) ON DELETE CASCADE,
        access_expires_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID
    """,
    "CREATE INDEX ticket_expires_at ON ticket (expires_at)",
    "CREATE INDEX ticket_session ON ticket (session_id)",
)


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Apply the statements."""
    for statement in STATEMENTS:
        db.execute_sql(statement)
