"""The implementations of the ports: `peewee` and `redis` for servers, `memory` for tests, one module per library."""
