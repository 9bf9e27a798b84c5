"""Connections, transactions, statements and dialects: everything below the stores."""
