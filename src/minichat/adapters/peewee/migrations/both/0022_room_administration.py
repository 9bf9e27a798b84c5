"""The lists of groups and reports for administrators, and the rooms that they have opened."""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

# Public groups have an index by activity already. Only private groups pay for another one when somebody writes.
# The lists are in the order of times instead of ids: PostgreSQL would otherwise walk through all ids when it plans a
# statement for any value, or underestimates how many direct chats there are between two groups. The index on the times
# of all reports has a condition that is always true, for the same reason: only the list of all reports names it.
STATEMENTS = """
    CREATE TABLE room_opening (
        session_id {id} NOT NULL REFERENCES session (id) ON DELETE CASCADE,
        room_id {id} NOT NULL REFERENCES room (id) ON DELETE CASCADE,
        opened_at {id} NOT NULL,
        PRIMARY KEY (session_id, room_id)
    ) {options};
    CREATE INDEX room_opening_room ON room_opening (room_id);

    CREATE INDEX room_public_newest ON room (created_at, id)
        WHERE kind = 'group' AND NOT is_private AND deleted_at IS NULL;
    CREATE INDEX room_private_newest ON room (created_at, id, search_name)
        WHERE kind = 'group' AND is_private AND deleted_at IS NULL;
    CREATE INDEX room_private_activity ON room (activity, id)
        WHERE kind = 'group' AND is_private AND deleted_at IS NULL;

    DROP INDEX report_state;
    CREATE INDEX report_time ON report (created_at, id) WHERE id > 0;
    CREATE INDEX report_state ON report (state, created_at, id);
    CREATE INDEX report_author ON report (author_id, created_at, id);
    CREATE INDEX report_maker ON report (reporter_id, created_at, id) WHERE reporter_id IS NOT NULL;
    CREATE INDEX report_message ON report (message_id, id)
"""


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Create the table and the indexes."""
    words = db.dialect.choose(
        sqlite={"id": "INTEGER", "options": "STRICT, WITHOUT ROWID"}, postgres={"id": "BIGINT", "options": ""}
    )
    for statement in STATEMENTS.format(**words).split(";\n"):
        db.execute_sql(statement)
