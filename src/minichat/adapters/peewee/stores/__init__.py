"""One module per store port: the queries."""
