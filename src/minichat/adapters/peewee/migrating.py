"""Bringing a database to the shape that this version needs, with Peewee's own migration runner.

The runner takes no lock, so two at once would both apply the first migration: here they take turns.
"""

from pathlib import Path

from playhouse.migrations import Runner

from minichat.adapters.peewee.database import Sqlite

MIGRATIONS = Path(__file__).with_name("migrations")
PATIENCE = 60.0


def upgrade(database: Sqlite) -> list[str]:
    """Apply what is missing, each migration in a transaction of its own; return the names applied."""
    with database.turns.turn(PATIENCE):
        applied: list[str] = Runner(database, str(MIGRATIONS)).up()
    return applied


def status(database: Sqlite) -> list[tuple[str, bool]]:
    """Every migration known here or recorded there, in order, and whether it is applied."""
    return [(migration.name, migration.applied is not None) for migration in Runner(database, str(MIGRATIONS)).status()]
