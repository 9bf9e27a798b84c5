"""Migrations, applied with Peewee's own runner.

The runner takes no lock, so two concurrent processes would both apply the first migration. `upgrade` makes them take
turns. A migration in `migrations/both` runs on each kind of database, the others on one kind. This module knows the
folders of the migrations and not their content.
"""

from pathlib import Path

from playhouse.migrations import Migration, Runner

from minichat.adapters.peewee.engine.database import ChatDatabase
from minichat.adapters.peewee.operations.incomplete_import import expect_complete
from minichat.adapters.peewee.stores import log_epoch
from minichat.domain.errors import Unavailable

MIGRATIONS = Path(__file__).parent.with_name("migrations")
PATIENCE_SECONDS = 60.0


class SchemaTooNew(Unavailable):
    """A newer version has migrated the database, and this version could damage it."""


def upgrade(database: ChatDatabase) -> list[str]:
    """Apply the missing migrations, each in a separate transaction; return their names.

    Create a missing file of SQLite. A restored copy of a database gets a new epoch: see `log_epoch`.
    Raises SchemaTooNew, IncompleteImport, and Unavailable.
    """
    database.create()
    expect_complete(database)
    with database.migrating(PATIENCE_SECONDS):
        # Call `missing` first: the runner may create a table, and a server's role need not have that permission.
        applied: list[str] = runner(database).up() if missing(database) else []
        log_epoch.begin(database)
    return applied


def status(database: ChatDatabase) -> list[tuple[str, bool]]:
    """Return each migration of this version or of the database, and whether it is applied. Raises SchemaTooNew."""
    found = runner(database)
    _refuse_newer(found)
    return [(migration.name, migration.applied is not None) for migration in found.status()]


def missing(database: ChatDatabase) -> list[str]:
    """Return the migrations that the database lacks, in order. Raises SchemaTooNew."""
    return [name for name, is_applied in status(database) if not is_applied]


def schema() -> dict[str, str]:
    """Return the last migration of this version, for each kind of database: they identify the tables."""
    return {kind: _migrations(kind)[-1].name for kind in ("postgres", "sqlite")}


class _OurRunner(Runner):  # type: ignore[misc]  # playhouse has no stubs for it
    def migrations(self) -> list[Migration]:
        return _migrations(self.database.dialect.name)


def _migrations(kind: str) -> list[Migration]:
    """Return the migrations for that kind of database, in order."""
    return sorted(one for folder in (kind, "both") for one in Migration.load_directory(str(MIGRATIONS / folder)))


def runner(database: ChatDatabase) -> Runner:
    """Return Peewee's runner for the database. It takes no lock: see `upgrade`."""
    return _OurRunner(database)


def _refuse_newer(runner: Runner) -> None:
    unknown = [migration.name for migration in runner.status() if migration.path is None]
    if unknown:
        raise SchemaTooNew(f"it has the migration {unknown[-1]} of a newer version: use that version, or a later one")
