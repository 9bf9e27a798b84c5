"""Connections, transactions, statements and dialects: everything below the stores. It knows no table of the chat."""
