"""Bringing a database to the shape that this version needs, with Peewee's own migration runner.

The runner takes no lock, so two at once would both apply the first migration: here they take turns.
"""

from pathlib import Path

from playhouse.migrations import Runner

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.operations.incomplete_import import expect_complete
from minichat.adapters.peewee.stores import log_epoch
from minichat.domain.errors import Unavailable

MIGRATIONS = Path(__file__).parent.with_name("migrations")
PATIENCE_SECONDS = 60.0


class SchemaTooNew(Unavailable):
    """The database was migrated by a newer version, which this one might do harm to."""


def upgrade(database: ChatDatabase) -> list[str]:
    """Apply what is missing, each migration in a transaction of its own; return the names applied.

    A copy of a database is made one of its own: see `log_epoch`.
    Raises SchemaTooNew, IncompleteImport, and Unavailable.
    """
    expect_complete(database)
    with database.migrating(PATIENCE_SECONDS):
        # Asked first: the runner makes its table, if need be, which not every role may that may serve.
        applied: list[str] = _runner(database).up() if missing(database) else []
        log_epoch.begin(database)
    return applied


def status(database: ChatDatabase) -> list[tuple[str, bool]]:
    """Every migration known here or recorded there, in order, and whether it is applied. Raises SchemaTooNew."""
    runner = _runner(database)
    _refuse_newer(runner)
    return [(migration.name, migration.applied is not None) for migration in runner.status()]


def missing(database: ChatDatabase) -> list[str]:
    """The migrations that it lacks, in order. Raises SchemaTooNew."""
    return [name for name, is_applied in status(database) if not is_applied]


def schema() -> dict[str, str]:
    """The last migration that this version knows, for each kind of database: they say what the tables are."""
    return {kind: max(path.stem for path in (MIGRATIONS / kind).glob("0*.py")) for kind in ("postgres", "sqlite")}


def folder_of(database: ChatDatabase) -> Path:
    """The migrations of that kind of database."""
    return MIGRATIONS / database.dialect.name


def _runner(database: ChatDatabase) -> Runner:
    return Runner(database, str(folder_of(database)))


def _refuse_newer(runner: Runner) -> None:
    unknown = [migration.name for migration in runner.status() if migration.path is None]
    if unknown:
        raise SchemaTooNew(
            f"it has the migration {unknown[-1]} of a newer minichat: serve it with that version, or a later one"
        )
