"""The epoch of the change log: see `stores.log_epoch`."""

from peewee import Database
from playhouse.migrate import SchemaMigrator


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Create the table with its one row, which has no number yet."""
    db.execute_sql("CREATE TABLE log_epoch (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER) STRICT")
    db.execute_sql("INSERT INTO log_epoch (id) VALUES (1)")
