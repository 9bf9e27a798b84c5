"""Which life of the change log this is: see `log_epoch`."""

from peewee import Database
from playhouse.migrate import SchemaMigrator


def up(_migrator: SchemaMigrator, db: Database) -> None:
    """Make the one row, in which there is no number yet."""
    db.execute_sql("CREATE TABLE log_epoch (id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER) STRICT")
    db.execute_sql("INSERT INTO log_epoch (id) VALUES (1)")
