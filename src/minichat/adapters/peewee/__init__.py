"""The store ports on Peewee, for SQLite and PostgreSQL.

`engine` holds connections, transactions and statements. `tables` declares the columns. `stores` holds the queries, in
one module per port, and `ports` lists them. `operations` works on whole databases. This package holds no rule of the
chat.
"""

from minichat.adapters.peewee.engine.database import ChatDatabase, open_database
from minichat.adapters.peewee.engine.server_clock import server_clock

__all__ = ["ChatDatabase", "open_database", "server_clock"]
