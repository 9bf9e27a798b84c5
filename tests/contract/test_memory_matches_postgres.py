"""Run the random actions of `test_memory_matches_sqlite` on memory and on PostgreSQL."""

from typing import Any

from hypothesis import settings
from psycopg import connect

from contract.backends import postgres
from contract.test_memory_matches_sqlite import SETTINGS, MemoryMatchesSqlite
from postgres import empty_database
from scale import scaled

IDENTITIES = """
SELECT c.table_name, pg_get_serial_sequence(quote_ident(c.table_name), 'id')
FROM information_schema.columns c WHERE c.is_identity = 'YES' AND c.column_name = 'id' ORDER BY 1
"""


class MemoryMatchesPostgres(MemoryMatchesSqlite):
    """On PostgreSQL, an insertion that conflicts uses an id. The test returns it, so that all ids are comparable."""

    database = staticmethod(postgres)

    def __init__(self) -> None:
        super().__init__()
        self.connection = self.resources.enter_context(connect(empty_database().url, autocommit=True))
        self.tables = self.connection.execute(IDENTITIES).fetchall()
        self.last_ids = dict.fromkeys((table for table, _ in self.tables), 0)
        """By table: the highest id that a row has had."""

    def return_unused_ids(self) -> None:
        highest = ", ".join(f'(SELECT coalesce(max(id), 0) FROM "{table}")' for table, _ in self.tables)
        found: Any = self.connection.execute(f"SELECT {highest}").fetchone()
        for (table, _), last_id in zip(self.tables, found, strict=True):
            self.last_ids[table] = max(self.last_ids[table], last_id)
        resets = ", ".join(
            f"setval('{sequence}', {max(1, self.last_ids[table])}, {self.last_ids[table] > 0})"
            for table, sequence in self.tables
        )
        self.connection.execute(f"SELECT {resets}")


MemoryMatchesPostgres.TestCase.settings = settings(SETTINGS, max_examples=scaled(5, 400))
TestTheSameStory = MemoryMatchesPostgres.TestCase
