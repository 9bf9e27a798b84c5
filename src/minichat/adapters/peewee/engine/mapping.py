"""Map rows to entities by name: a column has the name of its field.

A mapper derives the columns to select and the constructor from the entity, so a new field needs one line in the entity
and one in the table. This module knows neither the entities nor the tables.
"""

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Generic, TypeVar, get_args, get_type_hints

from peewee import BooleanField, Field, Model

from minichat.adapters.peewee.engine.statements import Row

Entity = TypeVar("Entity", bound=tuple[Any, ...])


class Mapper(Generic[Entity]):
    """Makes named tuples of one type from the rows of a query that selects `columns`."""

    def __init__(self, entity: type[Entity], table: type[Model], *, start: int = 0) -> None:
        """`start` is the index of the first column in a row: see `after`."""
        hints = get_type_hints(entity)
        self._entity, self._table = entity, table
        self.columns: tuple[Field, ...] = tuple(getattr(table, name) for name in hints)
        self.start = start
        self.end = start + len(hints)
        """The index after the last column."""
        self.of = self._constructor(hints)
        """Return the entity of a row."""

    def after(self, previous: "Mapper[Any]") -> "Mapper[Entity]":
        """Return a mapper for joined rows, in which these columns follow those of `previous`."""
        return Mapper(self._entity, self._table, start=previous.end)

    def optional(self, row: Row) -> Entity | None:
        """Return the entity of a row, or None if an outer join found none."""
        return None if row[self.start] is None else self.of(row)

    def all(self, rows: list[Row]) -> list[Entity]:
        """Return the entity of each row."""
        return [self.of(row) for row in rows]

    def _constructor(self, hints: dict[str, Any]) -> Callable[[Row], Entity]:
        # A page creates hundreds of entities. Generated code, as in `namedtuple` itself, takes half as long as a loop
        # over the conversions.
        names: dict[str, Any] = {"new": tuple.__new__, "entity": self._entity}
        values = []
        for place, (field, hint) in enumerate(zip(self.columns, hints.values(), strict=True), self.start):
            names[f"conversion_{place}"] = conversion = _conversion(field, hint)
            values.append(f"row[{place}]" if conversion is None else f"conversion_{place}[row[{place}]]")
        construct: Callable[[Row], Entity] = eval(f"lambda row: new(entity, ({', '.join(values)},))", names)  # noqa: S307 - our own words
        return construct


def _conversion(field: Field, hint: Any) -> Mapping[Any, Any] | None:
    """Return the field's value for each of a column's values, or None if they are equal."""
    if isinstance(field, BooleanField):
        return {False: False, True: True, None: False}  # SQLite has 0 and 1, which are equal to these keys
    for kind in (hint, *get_args(hint)):  # `Role`, or a part of `Role | None`
        if isinstance(kind, type) and issubclass(kind, Enum):
            return _Members(kind)
    return None


class _Members(dict[Any, Enum | None]):
    """The members of an enumeration by their values. The enumeration decides about an unknown value."""

    def __init__(self, kind: type[Enum]) -> None:
        super().__init__({None: None} | {member.value: member for member in kind})
        self._kind = kind

    def __missing__(self, value: Any) -> Enum:
        return self._kind(value)
