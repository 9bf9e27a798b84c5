"""Run the random actions of `test_memory_matches_sqlite` on memory and on PostgreSQL."""

from hypothesis import settings

from contract.backends import postgres
from contract.test_memory_matches_sqlite import SETTINGS, MemoryMatchesSqlite
from scale import scaled


class MemoryMatchesPostgres(MemoryMatchesSqlite):
    database = staticmethod(postgres)


MemoryMatchesPostgres.TestCase.settings = settings(SETTINGS, max_examples=scaled(5, 400))
TestTheSameStory = MemoryMatchesPostgres.TestCase
