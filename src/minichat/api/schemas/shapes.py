"""What every shape of an answer shares: exactly its fields, each with an example for the documentation."""

from enum import StrEnum
from typing import Any

from marshmallow import RAISE, Schema, fields

from minichat.api.schemas.fields import Choice, Time

EXAMPLE_TIME = "2026-11-23T09:30:00.123Z"


class Out(Schema):
    """An answer with exactly these fields."""

    class Meta:
        unknown = RAISE


def number(example: int, **kwargs: Any) -> fields.Integer:
    return fields.Integer(required=True, metadata={"example": example, "format": "int64", "minimum": 0, **kwargs})


def string(example: str, *, description: str | None = None, **kwargs: Any) -> fields.String:
    described = {} if description is None else {"description": description}
    return fields.String(required=True, metadata={"example": example, **described}, **kwargs)


def choice(example: StrEnum, *, allow_none: bool = False, **kwargs: Any) -> Choice:
    """Describe a value of the enumeration of the example."""
    return Choice(type(example), required=True, allow_none=allow_none, metadata={"example": example.value, **kwargs})


def flag(example: bool, **kwargs: Any) -> fields.Boolean:
    return fields.Boolean(required=True, metadata={"example": example, **kwargs})


def moment(**kwargs: Any) -> Time:
    return Time(required=True, metadata={"example": EXAMPLE_TIME, **kwargs.pop("metadata", {})}, **kwargs)
