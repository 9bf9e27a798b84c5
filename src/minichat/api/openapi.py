"""The OpenAPI 3.1 document: the parts that all routes share. `blueprint` adds the description of each route.

flask-smorest collects the document while blueprints register on an app.
"""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, cast

from flask import Flask

from minichat.api.application import new_application
from minichat.api.limits import HEADERS as RATE_LIMIT_HEADERS
from minichat.api.parsing import IdConverter
from minichat.api.schemas.answers import ProblemOut
from minichat.api.schemas.events import UNIONS, OneOfUnion, Union
from minichat.api.schemas.fields import Boolean, Choice, File, Id, Moment, Text, Time, WholeNumber
from minichat.domain.model import (
    MAX_ID,
    DirectoryMode,
    HistoryAccess,
    NotifyLevel,
    RegistrationMode,
    ReportReason,
    Role,
    RoomKind,
    WriteAccess,
)
from minichat.lean_imports import without

with without("yaml"):  # for documents and docstrings in YAML, which the chat has none of
    from apispec.ext.marshmallow import MarshmallowPlugin
    from apispec.ext.marshmallow.schema_resolver import SchemaResolver
    from flask_smorest import Api
    from flask_smorest import Blueprint as SmorestBlueprint

DESCRIPTION = """\
A complete chat API: accounts, rooms, direct chats, messages.

* Every route needs `Authorization: Bearer <access>`, except public routes. `POST /api/auth/login/` returns tokens.
* Paths work with and without the trailing slash.
* Bodies are uncompressed JSON in UTF-8. An unknown field is an error. Null in an optional field means the same as
  leaving it out, as does an empty query parameter. `392.0` is the integer 392.
* Errors are problem documents (RFC 9457) with a stable `code`. `detail` is English or Russian by `Accept-Language`.
  `errors` names every wrong field of the request.
* Text is returned in NFC, with line feeds as line ends, and otherwise as sent. Control characters are refused. Content
  and names that show nothing are `blank`. Names hold no bidirectional controls. Lengths count code points.
* Lists are arrays. The `Link` header holds the URL of the next page.
* `X-RateLimit-Limit`, `-Remaining` and `-Reset` (Unix time in seconds) show how many requests you have left.
"""
REQUEST_ID = {"description": "The request's id: yours, if you sent a valid one.", "schema": {"type": "string"}}
LINK = {
    "description": 'The neighbouring pages as complete URLs: rel="next" and rel="prev" (RFC 8288).',
    "schema": {"type": "string"},
}
_EXTENSION = "minichat-openapi"
_ERRORS = {
    400: "The request is wrong. `errors` names each wrong field.",
    401: "The token is missing, invalid, expired or of the wrong kind, or its session has ended.",
    403: "You can see the resource, but your role does not allow this, or you are not in that public room.",
    404: "The resource does not exist, or it is hidden from you.",
    409: "The request conflicts with the current state.",
    410: "The change log no longer holds these changes. Load everything again.",
    413: "The body is larger than 256 KiB.",
    415: "The body is not `application/json`.",
    426: "The request is not a WebSocket handshake.",
    429: "Too many requests. Wait for `Retry-After` seconds.",
    503: "A service that the answer needs is unavailable or overloaded. Nothing was changed. Try again.",
}
_ERROR_HEADERS: Mapping[int, Mapping[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "`Bearer`", "schema": {"type": "string"}}},
    429: {
        **{name: {"schema": {"type": "integer"}} for name in RATE_LIMIT_HEADERS},
        "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}},
    },
    503: {"Retry-After": {"description": "Seconds to wait.", "schema": {"type": "integer"}}},
}
_FIELD_TYPES = (
    (Choice, None, None),
    (Text, "string", None),
    (File, "string", "binary"),
    (Boolean, "boolean", None),
    (WholeNumber, "integer", None),
    (Id, "integer", None),
    (Moment, "string", "date-time"),
    (Time, "string", "date-time"),
)


_ENUMERATIONS = (
    *(RegistrationMode, DirectoryMode),
    *(RoomKind, Role, WriteAccess, HistoryAccess, NotifyLevel, ReportReason),
)
"""Those of `Choice` fields."""


class _DocumentedApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's registry of routes. Each route names its errors, so no default error is documented."""

    DEFAULT_ERROR_RESPONSE_NAME = None
    ERROR_SCHEMA = ProblemOut


def install(app: Flask, version: str, blueprints: tuple[SmorestBlueprint, ...]) -> None:
    """Register the blueprints on the app. Their document is built when it is requested: few workers ever need it."""
    for blueprint in blueprints:
        app.register_blueprint(blueprint)
    app.extensions[_EXTENSION] = (version, blueprints)


def openapi_document(app: Flask) -> dict[str, Any]:
    """Return the OpenAPI 3.1 document of the app."""
    return _document(*app.extensions[_EXTENSION])


@cache
def _document(version: str, blueprints: tuple[SmorestBlueprint, ...]) -> dict[str, Any]:
    """Let flask-smorest document the blueprints, on an app of its own: it can't begin after an app's first request."""
    app = new_application()
    app.config.update(
        API_TITLE="minichat",
        API_VERSION=version,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=None,
        API_SPEC_OPTIONS={"info": {"description": DESCRIPTION}, "security": [{"bearer": []}]},
    )
    api = _DocumentedApi()
    api.register_converter(
        IdConverter, lambda _: {"type": "integer", "format": "int64", "minimum": 1, "maximum": MAX_ID}
    )
    for field, kind, format_ in _FIELD_TYPES:
        api.register_field(field, kind, format_)
    marshmallow = MarshmallowPlugin(schema_name_resolver=_component_name)
    api.init_app(app, spec_kwargs={"marshmallow_plugin": marshmallow})
    assert marshmallow.converter is not None
    assert marshmallow.resolver is not None
    marshmallow.converter.add_attribute_function(_component_reference)  # type: ignore[no-untyped-call]
    components = api.spec.components
    for enumeration in _ENUMERATIONS:
        components.schema(enumeration.__name__, {"type": "string", "enum": [one.value for one in enumeration]})
    for name, union in UNIONS.items():
        components.schema(name, _described_union(union, marshmallow.resolver))
    # smorest describes its pagination header, which none of our routes sends: they link pages by `Link`.
    del components.schemas["PaginationMetadataSchema"]
    for code, description in _ERRORS.items():
        response = problem_response(description, _ERROR_HEADERS.get(code, {}))
        components.response(problem_reference(code), response, lazy=True)
    components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    for blueprint in blueprints:
        api.register_blueprint(blueprint)
    return cast(dict[str, Any], api.spec.to_dict())


def problem_reference(code: int) -> str:
    """Return the name of the component that describes the errors with this status."""
    return HTTPStatus(code).phrase.title().replace(" ", "")


def problem_response(description: str, headers: Mapping[str, Any]) -> dict[str, Any]:
    """Describe an answer with a problem document. `headers` are those besides `X-Request-ID`."""
    return {
        "description": description,
        "headers": {"X-Request-ID": REQUEST_ID, **headers},
        "content": {"application/problem+json": {"schema": ProblemOut}},
    }


def schema_reference(name: str) -> dict[str, str]:
    """Return a reference to a schema of the document."""
    return {"$ref": f"#/components/schemas/{name}"}


def path_text(name: str, description: str, example: str, **limits: Any) -> dict[str, Any]:
    """Describe a text in a path. A route passes the description as one of its `parameters`."""
    schema = {"type": "string", "minLength": 1, "example": example, **limits}
    return {"in": "path", "name": name, "required": True, "description": description, "schema": schema}


def _described_union(union: Union, resolver: SchemaResolver) -> dict[str, Any]:
    references = {
        kind: resolver.resolve_schema_dict(shape)  # type: ignore[no-untyped-call]
        for kind, shape in union.by_type()
    }
    mapping = {kind: reference["$ref"] for kind, reference in references.items()}
    return {
        "description": union.description,
        "oneOf": [{"$ref": reference} for reference in dict.fromkeys(mapping.values())],
        "discriminator": {"propertyName": "type", "mapping": mapping},
    }


def _component_reference(_converter: object, field: object, **_: Any) -> dict[str, Any]:
    """Describe a field whose shape is a component of its own."""
    if not isinstance(field, (Choice, OneOfUnion)):
        return {}
    reference = schema_reference(field.component)
    return {"anyOf": [reference, {"type": "null"}]} if field.allow_none else reference


def _component_name(schema: Any) -> str:
    """Return the name of a schema in the document: `Room` for `RoomOut`, and `RoomIn` unchanged."""
    name = (schema if isinstance(schema, type) else type(schema)).__name__
    return str(name.removesuffix("Out"))
