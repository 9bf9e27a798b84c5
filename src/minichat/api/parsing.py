"""Read requests strictly: every value that does not fit its schema is an error that names the field.

This module knows HTTP and JSON, and no rule of the chat.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn, TypeVar
from urllib.parse import parse_qsl

import marshmallow as ma
import orjson
from flask import Request
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import BaseConverter
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, State

from minichat.api.errors import MalformedForm, MalformedJson, UnsupportedMediaType
from minichat.api.policy import Access
from minichat.api.polyfills import without_additions
from minichat.api.request_state import request_state
from minichat.domain.avatars import MAX_FILE_BYTES
from minichat.domain.errors import InvalidInput, Issue
from minichat.domain.model import MAX_ID

Value = TypeVar("Value")

_MAX_PARTS = 8
_MAX_PART_HEAD_BYTES = 4 * 1024
"""Parsing a longer header takes too long."""
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")


def read_json(request: Request) -> Any:
    """Return the JSON body, or `{}` if it is empty.

    Raises UnsupportedMediaType, MalformedJson or RequestEntityTooLarge.
    """
    body = _read(request, MalformedJson)
    if not body:
        return {}
    if request.mimetype != "application/json" or request.mimetype_params.get("charset", "utf-8").lower() != "utf-8":
        raise UnsupportedMediaType
    return parse_json(body)


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON text. Raises MalformedJson."""
    try:
        # orjson refuses bad UTF-8, lone surrogates, NaN, Infinity and deep nesting. It accepts repeated keys and turns
        # huge integers into floats, which the second reading finds.
        orjson.loads(body)
        return json.loads(body, object_pairs_hook=_without_repeated_keys, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise MalformedJson from error


def read_form(request: Request) -> dict[str, str | bytes]:
    """Return the parts of a multipart body by name: text as `str`, files as `bytes`. Nothing is written to a disk.

    Raises UnsupportedMediaType, MalformedForm, RequestEntityTooLarge, or InvalidInput for a repeated part.
    """
    if request.mimetype != "multipart/form-data":
        raise UnsupportedMediaType
    body = _read(request, MalformedForm)
    try:
        parts = list(_parts_of(body, request.mimetype_params.get("boundary", "")))
    except ValueError as error:
        raise MalformedForm from error
    if any(len(value) > MAX_FILE_BYTES for _, value in parts):
        raise RequestEntityTooLarge
    return _each_once(parts)


def _parts_of(body: bytes, boundary: str) -> Iterator[tuple[str, str | bytes]]:
    """Yield the parts of a form with their names. Raises ValueError or RequestEntityTooLarge."""
    # werkzeug's `FormDataParser` parses headers of any length and accepts parts without a name.
    if not boundary:
        raise ValueError("there is no boundary")
    decoder = MultipartDecoder(boundary.encode("ascii"), max_parts=_MAX_PARTS)
    decoder.receive_data(body)
    decoder.receive_data(None)
    name, is_file, content = "", False, bytearray()
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, Field | File):
            name, is_file, content = event.name, isinstance(event, File), bytearray()
            if not name:
                raise ValueError("a part has no name")
        elif isinstance(event, Data):
            content += event.data
            if not event.more_data:
                yield name, bytes(content) if is_file else content.decode(errors="replace")
        if decoder.state is State.PART and not _BLANK_LINE.search(decoder.buffer, 0, _MAX_PART_HEAD_BYTES):
            raise ValueError("the header of a part is too long, or has no end")


def _read(request: Request, malformed: type[InvalidInput]) -> bytes:
    """Return the bytes of a body. Raises RequestEntityTooLarge or `malformed`."""
    try:
        body = request.get_data()
    except HTTPException:
        raise
    except Exception as error:
        # The body is not well-formed HTTP, such as wrong chunk sizes. Each WSGI server raises its own errors.
        raise malformed from error
    # Flask refuses a larger `Content-Length` unread. It cuts a chunked body one byte after our limit.
    state = request_state()
    if len(body) > state.policy.max_body_bytes:
        raise RequestEntityTooLarge
    state.body = body
    return body


def _each_once(pairs: list[tuple[str, Value]]) -> dict[str, Value]:
    """Return the pairs by name. Raises InvalidInput if a name is repeated."""
    found = dict(pairs)
    if len(found) < len(pairs):
        times = Counter(name for name, _ in pairs)
        raise InvalidInput({name: [Issue("repeated")] for name in found if times[name] > 1})
    return found


def _without_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise ValueError("a key is repeated")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError("a number is out of range")
    return number


def read_query(request: Request) -> dict[str, str]:
    """Return the query of a request. Raises InvalidInput for a parameter that is repeated or not UTF-8."""
    # `request.args` fails on raw bytes that are not UTF-8, and does not decode encoded ones.
    try:
        pairs = parse_qsl(request.query_string.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        pairs = parse_qsl(request.query_string.decode(errors="replace"), keep_blank_values=True)
        broken = [name for name, value in pairs if "\ufffd" in name + value]
        raise InvalidInput({name: [Issue("not_text")] for name in broken}) from error
    if request_state().policy.access is Access.TOKEN_OR_TICKET:
        pairs = without_additions(pairs)
    return _each_once(pairs)


class StrictParser(FlaskParser):
    """The parser of `Blueprint.arguments`: that of webargs, with our strict readers."""

    def load_json(self, req: Request, schema: ma.Schema) -> Any:
        return read_json(req)

    def load_files(self, req: Request, schema: ma.Schema) -> dict[str, str | bytes]:
        return read_form(req)

    def load_querystring(self, req: Request, schema: ma.Schema) -> dict[str, str]:
        return read_query(req)

    def load_headers(self, req: Request, schema: ma.Schema) -> dict[str, str]:
        return dict(req.headers)

    def handle_error(self, error: ma.ValidationError, req: Request, schema: ma.Schema, **kwargs: Any) -> NoReturn:
        (fields,) = error.messages_dict.values()  # webargs adds the location
        raise _invalid_input(fields) from error


class IdConverter(BaseConverter):
    """An id in a path. Text that can't be an id reaches the service as 0, which answers 404 as for any unknown id."""

    regex = "[^/]+"

    def to_python(self, value: str) -> int:
        return id_of(value)


def id_of(text: str) -> int:
    """Return the id that the text writes in ASCII digits, or 0, which is never an id, for any other text."""
    if len(text) > len(str(MAX_ID)) or not (text.isascii() and text.isdigit()) or text[0] == "0":
        return 0
    number = int(text)
    return number if number <= MAX_ID else 0


def checked(schema: ma.Schema, value: Any) -> dict[str, Any]:
    """Load a value by the schema. Raises InvalidInput, which names each wrong field."""
    try:
        loaded: dict[str, Any] = schema.load(value)
    except ma.ValidationError as error:
        raise _invalid_input(error.messages_dict) from error
    return loaded


def _invalid_input(fields: Mapping[Any, Any]) -> InvalidInput:
    return InvalidInput({str(field): _issues(found) for field, found in fields.items()})


def _issues(found: Any) -> list[Issue]:
    """Return the issues of a field, with those of its list items."""
    if isinstance(found, Mapping):
        all_issues = [issue for item in found.values() for issue in _issues(item)]
        return list(_without_repetitions(all_issues))
    return [issue if isinstance(issue, Issue) else Issue(str(issue)) for issue in found]


def _without_repetitions(issues: list[Issue]) -> Iterator[Issue]:
    # Without a set, because an issue holds a dict and is not hashable.
    for index, issue in enumerate(issues):
        if issue not in issues[:index]:
            yield issue
