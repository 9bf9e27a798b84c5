"""The choice of the database: SQLite for one host, PostgreSQL for one host or many. Every store runs on both.

Only this module knows both classes; it knows no table.
"""

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias, Union

from minichat.adapters.peewee.engine.sqlite import Sqlite

if TYPE_CHECKING:
    from minichat.adapters.peewee.engine.postgres import Postgres

ChatDatabase: TypeAlias = Union[Sqlite, "Postgres"]

_SQLITE = "sqlite:///"


def open_database(url: str, replica_url: str | None = None, *, read_only: bool = False) -> ChatDatabase:
    """Return the database of `sqlite:///relative/path`, `sqlite:////absolute/path` or `postgresql://…`.

    The first statement opens the connection. It fails if there is no SQLite file: `create` makes one, and its folder.
    Raises ValueError for any other URL, with a text that repeats no password.
    """
    if url.startswith("postgresql://"):
        from minichat.adapters.peewee.engine.postgres import Postgres  # late: the driver takes memory in each worker

        return Postgres(url, replica_url)
    if not url.startswith(_SQLITE) or len(url) == len(_SQLITE):
        raise ValueError("the database URL must be sqlite:///path or postgresql://host/name")
    return Sqlite(Path(url.removeprefix(_SQLITE)).absolute(), read_only=read_only)
