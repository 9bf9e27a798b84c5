"""The state of the search index: which names it holds, and whether they have the fold of this version.

The rows come later, in steps, beside a running server: see `operations.reindex`.
"""

from playhouse.migrate import SchemaMigrator

from minichat.adapters.peewee.engine.database import ChatDatabase

# A server of an earlier version, which still runs, changes names and privacy, and knows nothing of the new columns.
SQLITE_TRIGGER = """
    CREATE TRIGGER {table}_is_renamed AFTER UPDATE OF {sources} ON "{table}" WHEN NEW.is_indexed AND ({differ})
    BEGIN UPDATE "{table}" SET is_indexed = FALSE WHERE id = NEW.id; END
"""
POSTGRES_FUNCTION = """
    CREATE FUNCTION names_are_behind() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN NEW.is_indexed := FALSE; RETURN NEW; END $$
"""
POSTGRES_TRIGGER = """
    CREATE TRIGGER {table}_is_renamed BEFORE UPDATE OF {sources} ON "{table}"
    FOR EACH ROW WHEN (NEW.is_indexed AND ({differ})) EXECUTE FUNCTION names_are_behind()
"""
# As `user_name_part`: the endings of the names of public rooms.
SQLITE_PARTS = """
    CREATE TABLE room_name_part (
        part TEXT NOT NULL,
        room_id INTEGER NOT NULL REFERENCES room (id),
        PRIMARY KEY (part, room_id)
    ) STRICT, WITHOUT ROWID
"""
POSTGRES_PARTS = """
    CREATE TABLE room_name_part (
        part TEXT COLLATE "C" NOT NULL,
        room_id BIGINT NOT NULL REFERENCES room (id),
        PRIMARY KEY (part, room_id)
    )
"""


def up(_migrator: SchemaMigrator, db: ChatDatabase) -> None:
    """Add the columns and the table. No row is indexed by the new rules yet."""
    boolean = db.dialect.choose(sqlite="INTEGER", postgres="BOOLEAN")
    trigger = db.dialect.choose(sqlite=SQLITE_TRIGGER, postgres=POSTGRES_TRIGGER)
    for function in db.dialect.choose(sqlite=(), postgres=(POSTGRES_FUNCTION,)):
        db.execute_sql(function)
    for table, column, sources in (
        ("user", "search_names", ("username", "first_name", "last_name")),
        ("room", "search_name", ("name", "is_private")),
    ):
        differ = " OR ".join(f"NEW.{source} <> OLD.{source}" for source in sources)
        db.execute_sql(f"ALTER TABLE \"{table}\" ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
        db.execute_sql(f'ALTER TABLE "{table}" ADD COLUMN is_indexed {boolean} NOT NULL DEFAULT FALSE')
        db.execute_sql(f'CREATE INDEX {table}_behind ON "{table}" (id) WHERE NOT is_indexed')
        db.execute_sql(trigger.format(table=table, sources=", ".join(sources), differ=differ))
    db.execute_sql(db.dialect.choose(sqlite=SQLITE_PARTS, postgres=POSTGRES_PARTS))
    db.execute_sql("CREATE INDEX room_name_part_room ON room_name_part (room_id)")
