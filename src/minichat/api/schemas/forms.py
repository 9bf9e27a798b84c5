"""The parts that all shapes of requests share: unknown and absent fields, and fields of text."""

from itertools import islice
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, fields, missing, pre_load

from minichat.api.errors import MAX_REPORTED_FIELDS
from minichat.api.schemas.fields import Text


class In(Schema):
    """A part of a request. An unknown field is an error.

    A client can GET an object, edit it and send it back: fields of `resource` that the server owns are ignored. Null in
    an optional field means the same as leaving it out, unless the field is declared with `allow_none`.
    """

    class Meta:
        unknown = RAISE

    error_messages = {"unknown": "unknown_field", "type": "not_an_object"}
    resource: ClassVar[type[Schema] | None] = None
    """The schema of the answer that shows the same object."""
    absent: ClassVar[str | None] = None
    """The value that means the same as leaving a field out."""
    not_in_example: ClassVar[frozenset[str]] = frozenset()
    """Fields with an example that the example of a whole body leaves out."""

    @classmethod
    def example(cls) -> dict[str, Any]:
        """Return the example of a whole body: that of each field that has one. It works as it stands."""
        shown = {name: field.metadata.get("example", missing) for name, field in cls().fields.items()}
        return {name: one for name, one in shown.items() if one is not missing and name not in cls.not_in_example}

    def __init__(self, **kwargs: Any) -> None:
        self._may_be_absent: set[str] = set()
        super().__init__(**kwargs)
        shown = set() if self.resource is None else set(self.resource().fields)
        self._ignored = shown - self.fields.keys()

    def on_bind_field(self, field_name: str, field_obj: fields.Field[Any]) -> None:
        if self._takes_absent(field_obj):
            self._may_be_absent.add(field_obj.data_key or field_name)

    def _takes_absent(self, field: fields.Field[Any]) -> bool:
        """Return whether the absent value means that the client leaves out this field."""
        if field.required or field.allow_none:
            return False
        field.allow_none = True  # for the OpenAPI document
        return True

    @pre_load
    def _without_ignored(self, data: Any, **kwargs: Any) -> Any:
        if not isinstance(data, dict):
            return data
        own = {
            name: value
            for name, value in data.items()
            if name not in self._ignored and (value != self.absent or name not in self._may_be_absent)
        }
        return self._with_few_unknown(own) if len(own) > MAX_REPORTED_FIELDS else own

    def _with_few_unknown(self, data: dict[str, Any]) -> dict[str, Any]:
        """Return the data with no more unknown fields than an answer names, because each one costs time."""
        known = {field.data_key or name for name, field in self.load_fields.items()} & data.keys()
        unknown = islice((name for name in data if name not in known), MAX_REPORTED_FIELDS)
        return {name: data[name] for name in (*known, *unknown)}


class Query(In):
    """A query. An empty parameter means the same as leaving it out."""

    absent = ""

    def _takes_absent(self, field: fields.Field[Any]) -> bool:
        return True


def text_field(most: int | None = None, least: int = 0, **kwargs: Any) -> Text:
    metadata: dict[str, Any] = dict(kwargs.pop("metadata", {}))
    if most is not None:
        metadata["maxLength"] = most
    if least:
        metadata["minLength"] = least
    return Text(metadata=metadata, **kwargs)
