"""Connections, transactions, statements and dialects: everything below the stores. It knows no table of the chat."""

from importlib import import_module

from minichat.lean_imports import without

with without("psycopg"):  # Peewee imports each driver that it finds; only a PostgreSQL needs this one
    import_module("peewee")
