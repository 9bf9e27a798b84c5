"""The types of fields in requests. Each accepts one JSON type and does not convert other types."""

import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar

from marshmallow import ValidationError, fields

from minichat.api.paging import position
from minichat.api.times import timestamp
from minichat.domain.errors import InvalidInput, Issue
from minichat.domain.model import MAX_ID

_DIGITS = re.compile(r"[0-9]{1,16}")
_QUOTED = re.compile(r'"((?:[^"\\]|\\["\\])*)"[ \t]*(?:;.*)?')
_ESCAPED = re.compile(r'\\(["\\])')
_ERRORS = {"required": "required", "null": "null"}


class Text(fields.Field[str]):
    """A JSON string. Other types are not converted."""

    default_error_messages = {**_ERRORS, "invalid": "not_text"}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise self.make_error("invalid")
        return value


class Choice(Text):
    """One value of an enumeration. The document describes an enumeration once, under its name."""

    default_error_messages = {"invalid_choice": "not_a_choice"}

    def __init__(self, choices: type[StrEnum], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.choices = choices

    @property
    def component(self) -> str:
        return self.choices.__name__

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if text not in set(self.choices):
            raise self.make_error("invalid_choice")
        return text


class Quotable(Text):
    """A text in a header, with or without quotes around it (a String of RFC 8941). Parameters after it are ignored."""

    default_error_messages = {"invalid_quotes": "unbalanced_quotes"}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> str:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not text.startswith('"'):
            return text
        quoted = _QUOTED.fullmatch(text)
        if quoted is None:
            raise self.make_error("invalid_quotes")
        return _ESCAPED.sub(r"\1", quoted[1])


class Cursor(Text):
    """A cursor of a list that is sorted by values of these types. It is loaded as `paging.position`."""

    def __init__(self, *shape: type, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._shape = shape

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            return position(text, *self._shape)
        except InvalidInput as error:
            raise ValidationError(list(error.issues["cursor"])) from error


class File(fields.Field[bytes]):
    """A file in a multipart body."""

    default_error_messages = {**_ERRORS, "invalid": "not_a_file"}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bytes:
        if not isinstance(value, bytes):
            raise self.make_error("invalid")
        return value


class Boolean(fields.Field[bool]):
    """JSON true or false, or these words in a query."""

    default_error_messages = {**_ERRORS, "invalid": "not_a_boolean"}
    _WORDS: ClassVar = {"true": True, "1": True, "false": False, "0": False}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> bool:
        if isinstance(value, bool):
            return value
        if self.metadata.get("in_query") and value in self._WORDS:
            return self._WORDS[value]
        raise self.make_error("invalid")


class WholeNumber(fields.Field[int]):
    """A whole number within bounds: a JSON number in a body, decimal digits in a query.

    JSON has one type of numbers: `392.0` and `3.92e2` are the whole number 392 (RFC 8259, section 6).
    """

    default_error_messages = {**_ERRORS, "invalid": "not_an_integer"}

    def __init__(self, least: int, most: int, *, in_query: bool = False, **kwargs: Any) -> None:
        bits = 32 if most < 2**31 else 64
        metadata = {"minimum": least, "maximum": most, "format": f"int{bits}", **kwargs.pop("metadata", {})}
        super().__init__(metadata=metadata, **kwargs)
        self._least, self._most, self._in_query = least, most, in_query

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        is_written = self._in_query and isinstance(value, str) and _DIGITS.fullmatch(value)
        if is_written or (type(value) is float and value.is_integer()):
            value = int(value)
        if type(value) is not int:
            raise self.make_error("invalid")
        if not self._least <= value <= self._most:
            raise ValidationError([self._out_of_range()])
        return value

    def _out_of_range(self) -> Issue:
        return Issue("out_of_range", {"least": self._least, "most": self._most})


class Id(WholeNumber):
    """An id: 1 to 2^53-1."""

    default_error_messages = {"invalid": "not_an_id"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(1, MAX_ID, **kwargs)

    def _out_of_range(self) -> Issue:
        return Issue("not_an_id")


class Ids(fields.List):  # type: ignore[type-arg]  # marshmallow's list is generic in stubs only
    default_error_messages = {**_ERRORS, "invalid": "not_a_list"}

    def __init__(self, max_items: int, **kwargs: Any) -> None:
        super().__init__(Id(), metadata={"maxItems": max_items, **kwargs.pop("metadata", {})}, **kwargs)
        self._max_items = max_items

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> list[Any]:
        # Parse at most one item over the limit: the service needs no more to report that the list is too long.
        checked = value[: self._max_items + 1] if isinstance(value, list) else value
        ids: list[Any] = super()._deserialize(checked, attr, data, **kwargs)
        return ids


class Moment(fields.Field[int]):
    """A time in RFC 3339, with any offset. It is loaded as `domain.model.Timestamp`."""

    default_error_messages = {**_ERRORS, "invalid": "not_a_time"}

    def _deserialize(self, value: Any, attr: str | None, data: Mapping[str, Any] | None, **kwargs: Any) -> int:
        try:
            return timestamp(value)
        except (TypeError, ValueError) as error:
            raise self.make_error("invalid") from error


class Time(fields.Field[str]):
    """A time in RFC 3339, in UTC with milliseconds."""
