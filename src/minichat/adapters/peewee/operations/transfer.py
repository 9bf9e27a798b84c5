"""The format of an export, by which an operator moves all data to another database, SQLite or PostgreSQL.

An export is lines of JSON. A table comes after the tables that its rows refer to, and its rows come in the order of
their keys. The digest covers all lines but the first and the last:

    {"minichat":"export","format":1,"schema":{"postgres":"0001_initial", ...},"exported_at":"2026-11-26T09:30:00.123Z"}
    {"table":"user","columns":["id","username", ...]}
    [1,"ann", ...]
    ...
    {"last_ids":{"user":7, ...}}
    {"rows":{"user":5, ...},"sha256":"..."}

The format follows from `tables`; this module reads and writes no database.
"""

from types import NoneType
from typing import Any, NamedTuple

from peewee import BooleanField, Field, Model, TextField

from minichat.adapters.peewee import tables

FORMAT = 1


class Table(NamedTuple):
    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    """The columns of the primary key."""
    types: tuple[tuple[type, ...], ...]
    """The types that the values of each column may have."""

    @classmethod
    def of(cls, model: type[Model]) -> "Table":
        fields = model._meta.sorted_fields  # noqa: SLF001 - Peewee documents `_meta`
        return cls(
            model._meta.table_name,  # noqa: SLF001
            tuple(field.column_name for field in fields),
            tuple(field.column_name for field in model._meta.get_primary_keys()),  # noqa: SLF001
            tuple((_type(field), NoneType) if field.null else (_type(field),) for field in fields),
        )

    def can_hold(self, row: list[Any]) -> bool:
        """Return whether the values have the types of the columns."""
        return all(
            type(value) in types and (type(value) is not int or -(2**63) <= value < 2**63)
            for value, types in zip(row, self.types, strict=True)
        )

    @property
    def gives_ids(self) -> bool:
        """Whether the database numbers the rows itself."""
        return self.key == ("id",)


def _type(field: Field) -> type:
    return bool if isinstance(field, BooleanField) else str if isinstance(field, TextField) else int


TABLES = tuple(Table.of(model) for model in tables.ALL)
