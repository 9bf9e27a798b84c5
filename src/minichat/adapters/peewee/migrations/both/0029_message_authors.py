"""The index by which a ban finds an author among the messages without a `client_id`."""

from peewee import Database
from playhouse.migrate import SchemaMigrator


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Create the index. The messages with a `client_id` have one with the same columns: `message_client_id`."""
    db.execute_sql("CREATE INDEX message_author ON message (room_id, user_id) WHERE client_id IS NULL")
