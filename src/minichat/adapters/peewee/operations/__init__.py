"""Operations on a whole database, for operators: migrate, back up, export, import, fill, inspect."""

from importlib import import_module

from minichat.lean_imports import without

with without("playhouse.cockroachdb"):  # a kind of PostgreSQL: it would load the driver also where SQLite is used
    import_module("playhouse.migrate")
