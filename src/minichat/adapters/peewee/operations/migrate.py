"""Migrations, applied with Peewee's own runner.

The runner takes no lock, so two processes at once would both apply the first migration; here they take turns. This
module knows the folders of the migrations and not their content.
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
    """A newer version has migrated the database, and this version could damage it."""


def upgrade(database: ChatDatabase) -> list[str]:
    """Apply the missing migrations, each in a separate transaction; return their names.

    A restored copy of a database gets a new epoch: see `log_epoch`.
    Raises SchemaTooNew, IncompleteImport, and Unavailable.
    """
    expect_complete(database)
    with database.migrating(PATIENCE_SECONDS):
        # `missing` first: the runner may create its own table, which needs a permission that serving does not.
        applied: list[str] = _runner(database).up() if missing(database) else []
        log_epoch.begin(database)
    return applied


def status(database: ChatDatabase) -> list[tuple[str, bool]]:
    """Return every migration, known here or recorded there, and whether it is applied. Raises SchemaTooNew."""
    runner = _runner(database)
    _refuse_newer(runner)
    return [(migration.name, migration.applied is not None) for migration in runner.status()]


def missing(database: ChatDatabase) -> list[str]:
    """Return the migrations that the database lacks, in order. Raises SchemaTooNew."""
    return [name for name, is_applied in status(database) if not is_applied]


def schema() -> dict[str, str]:
    """Return the last migration of this version, for each kind of database: they identify the tables."""
    return {kind: max(path.stem for path in (MIGRATIONS / kind).glob("0*.py")) for kind in ("postgres", "sqlite")}


def folder_of(database: ChatDatabase) -> Path:
    """Return the folder of the migrations for that kind of database."""
    return MIGRATIONS / database.dialect.name


def _runner(database: ChatDatabase) -> Runner:
    return Runner(database, str(folder_of(database)))


def _refuse_newer(runner: Runner) -> None:
    unknown = [migration.name for migration in runner.status() if migration.path is None]
    if unknown:
        raise SchemaTooNew(f"it has the migration {unknown[-1]} of a newer version: use that version, or a later one")
