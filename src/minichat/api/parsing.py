"""Read the parts of a request strictly: its body, its query and its headers, in the syntax of HTTP and JSON.

`arguments` loads what these functions return by a schema. This module knows no field and no rule of the chat.
"""

import json
import math
import re
import unicodedata
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple
from urllib.parse import parse_qsl

import marshmallow as ma
import orjson
from flask import Request
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.routing import BaseConverter
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, State

from minichat.api.errors import MalformedForm, MalformedJson, UnexpectedBody, UnsupportedEncoding, UnsupportedMediaType
from minichat.api.polyfills import Pairs, without_additions, without_cache_buster
from minichat.api.request_state import request_state
from minichat.domain.avatars import MAX_FILE_BYTES
from minichat.domain.errors import InvalidInput, Issue
from minichat.domain.model import MAX_ID

_MAX_PARTS = 8
_MAX_PART_HEAD_BYTES = 4 * 1024
"""Parsing a longer header takes too long."""
_BLANK_LINE = re.compile(rb"\r\n\r\n|\n\n|\r\r")


class Read(NamedTuple):
    """A part of a request as it was read, and the issues of the fields that could not be read."""

    value: Any
    issues: Mapping[str, Sequence[Issue]] = {}


def read_json(request: Request, _schema: ma.Schema) -> Read:
    """Read the JSON body. An empty body is `{}`.

    Raises UnsupportedMediaType, UnsupportedEncoding, MalformedJson or RequestEntityTooLarge.
    """
    body = _read(request, MalformedJson)
    if not body or body == BOM_UTF8:
        return Read({})
    _check_type(request, "application/json")
    return Read(parse_json(body))


def read_unexpected(request: Request, _schema: ma.Schema) -> Read:
    """Read the body of a route that needs none: nothing, or a JSON object, in which every field is unknown.

    Raises UnexpectedBody or RequestEntityTooLarge.
    """
    body = _read(request, UnexpectedBody)
    if not body or body == BOM_UTF8:
        return Read({})
    try:
        value = parse_json(body)
    except MalformedJson as error:
        raise UnexpectedBody from error
    if not isinstance(value, dict):
        raise UnexpectedBody
    return Read(value)


def parse_json(body: bytes) -> Any:
    """Return the value of a JSON text, with or without a byte order mark. Raises MalformedJson."""
    text = body.removeprefix(BOM_UTF8)
    try:
        # orjson refuses bad UTF-8, lone surrogates, NaN, Infinity and deep nesting. It accepts repeated keys and turns
        # huge integers into floats, which the second reading finds.
        orjson.loads(text)
        return _STRICT_JSON.decode(text.decode())
    except (ValueError, RecursionError) as error:
        raise MalformedJson from error


def read_form(request: Request, _schema: ma.Schema) -> Read:
    """Read the parts of a multipart body by name: text as `str`, files as `bytes`. Nothing is written to a disk.

    Raises UnsupportedMediaType, UnsupportedEncoding, MalformedForm or RequestEntityTooLarge.
    """
    _check_type(request, "multipart/form-data")
    body = _read(request, MalformedForm)
    try:
        parts = list(_parts_of(body, request.mimetype_params.get("boundary", "")))
    except ValueError as error:
        raise MalformedForm from error
    if any(len(value) > MAX_FILE_BYTES for _, value in parts):
        raise RequestEntityTooLarge
    return _each_once(parts)


def _check_type(request: Request, media_type: str) -> None:
    """Raise UnsupportedMediaType or UnsupportedEncoding unless the body has this type and is not compressed.

    The type's parameters have no effect: JSON is UTF-8 with any `charset` (RFC 8259, section 11).
    """
    if media_type not in {request.content_type, request.mimetype}:
        raise UnsupportedMediaType
    coding = request.headers.get("Content-Encoding")
    if coding and any(one.strip().lower() not in {"", "identity"} for one in coding.split(",")):
        raise UnsupportedEncoding


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
    state.body = body.removeprefix(BOM_UTF8)
    return body


def _each_once(pairs: list[tuple[str, Any]]) -> Read:
    """Return the pairs by name. A name that is repeated has an issue, and no value."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return Read(found)
    times = Counter(name for name, _ in pairs)
    once = {name: value for name, value in found.items() if times[name] == 1}
    return Read(once, {name: [Issue("repeated")] for name in found if times[name] > 1})


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


_STRICT_JSON = json.JSONDecoder(object_pairs_hook=_without_repeated_keys, parse_float=_finite)


def read_query(request: Request, _schema: ma.Schema | None = None) -> Read:
    """Read the query of a request, like `parse_query`."""
    return parse_query(request.query_string)


def parse_query(query: bytes, prepare: Callable[[Pairs], Pairs] = list) -> Read:
    """Return the parameters of a query. A parameter that is repeated or not UTF-8 has an issue."""
    # `request.args` fails on raw bytes that are not UTF-8, and does not decode encoded ones.
    try:
        pairs = parse_qsl(query.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        pairs = without_cache_buster(parse_qsl(query.decode(errors="replace"), keep_blank_values=True))
        broken = {name: [Issue("not_text")] for name, value in pairs if "\ufffd" in name + value}
        read = _each_once([pair for pair in pairs if pair[0] not in broken])
        return Read(read.value, {**broken, **read.issues})
    return _each_once(prepare(without_cache_buster(pairs)))


def read_stream_query(request: Request, _schema: ma.Schema) -> Read:
    """Read the query of a stream, to which clients add parameters by themselves."""
    return parse_query(request.query_string, without_additions)


def read_headers(request: Request, schema: ma.Schema) -> Read:
    """Read the headers that the schema names."""
    names = [field.data_key or name for name, field in schema.load_fields.items()]
    return Read({name: header_text(request, name) for name in names if name in request.headers})


def header_text(request: Request, name: str) -> str:
    """Return the text of a header as the client wrote it, or "": UTF-8, or Latin-1 if it is not UTF-8."""
    text = request.headers.get(name, "")  # WSGI decodes headers as Latin-1 (PEP 3333)
    if not text.isascii():
        with suppress(UnicodeError):
            return text.encode("latin-1").decode()
    return text


def without_controls(text: str) -> str:
    """Return the text without control characters, which a terminal would obey."""
    return text if text.isprintable() else "".join(char for char in text if unicodedata.category(char) != "Cc")


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
