"""The API's document (OpenAPI 3.1), made from the routes themselves, and its browsable form at `/api/`."""

from importlib.resources import files
from typing import Any, cast

import orjson
from apispec.ext.marshmallow import MarshmallowPlugin
from flask import Flask, Response, current_app, redirect, send_file
from flask_smorest import Api
from werkzeug.routing import BaseConverter

from minichat.api.blueprint import Blueprint, problem_reference, problem_response
from minichat.api.headers import PAGE
from minichat.api.limits import HEADERS
from minichat.api.parsing import id_of
from minichat.api.policy import PUBLIC, PUBLIC_UNTHROTTLED
from minichat.api.routes import auth, avatars, health, messages, moderation, rooms, sockets, users
from minichat.api.routes import events as live
from minichat.api.schemas.answers import ProblemOut
from minichat.api.schemas.fields import Boolean, File, Id, Text, Time, WholeNumber
from minichat.domain.errors import NotFound
from minichat.domain.model import MAX_ID

DESCRIPTION = """\
A complete chat API: accounts, rooms, direct chats, messages.

* Every route takes `Authorization: Bearer <access>` unless it says otherwise; `POST /api/auth/login/` gives tokens.
* Paths work with and without their last slash. Bodies are JSON in UTF-8; a field that nothing knows is refused.
* Errors are problem documents (RFC 9457) with a stable `code`; `detail` is English or Russian by `Accept-Language`.
* Lists are arrays; the `Link` header leads to the next page.
* `X-RateLimit-Limit`, `-Remaining` and `-Reset` (Unix time, in seconds) tell how many requests you have left.
"""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>minichat API</title>
<link rel="icon" href="/api/assets/favicon-32x32.png">
<link rel="stylesheet" href="/api/assets/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="/api/assets/swagger-ui-bundle.js"></script>
<script src="/api/assets/docs.js"></script>
</html>
"""
_SWAGGER = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")
_ERRORS = {
    400: "The request is wrong; `errors` says what is wrong with which field.",
    401: "No token, or one that is invalid, expired, of the wrong kind, or of a session that has ended.",
    403: "You can see it, but your role does not allow this, or you are not in that public room.",
    404: "It does not exist, or you may not know that it does.",
    409: "It clashes with what is there.",
    410: "It is not there any more. What a client that was away for long missed is to be fetched anew.",
    413: "The body is larger than 256 KiB.",
    415: "The body is not `application/json`.",
    426: "This is no WebSocket handshake.",
    429: "Too fast; wait as long as `Retry-After` says.",
    503: "Something that the answer needs is away or overloaded. Nothing was changed; try again.",
}

pages = Blueprint("docs", __name__, url_prefix="/api")
front = Blueprint("front", __name__)


class IdConverter(BaseConverter):
    """An id in a path; what can't be one leads to the service all the same, which answers as for any such id."""

    regex = "[^/]+"

    def to_python(self, value: str) -> int:
        return id_of(value)


class DocumentedApi(Api):  # type: ignore[misc]  # flask-smorest has no types
    """flask-smorest's registry of routes. Each route names its errors itself, so there is no default one."""

    DEFAULT_ERROR_RESPONSE_NAME = None
    ERROR_SCHEMA = ProblemOut


def install(app: Flask, version: str) -> None:
    """Register all routes, and the document that they make."""
    app.url_map.converters["id"] = IdConverter
    app.config.update(
        API_TITLE="minichat",
        API_VERSION=version,
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX=None,
        API_SPEC_OPTIONS={"info": {"description": DESCRIPTION}, "security": [{"bearer": []}]},
    )
    api = DocumentedApi()
    api.register_converter(IdConverter, lambda _: {"type": "integer", "minimum": 1, "maximum": MAX_ID})
    for field, kind, format_ in (
        (Text, "string", None),
        (File, "string", "binary"),
        (Boolean, "boolean", None),
        (WholeNumber, "integer", None),
        (Id, "integer", None),
        (Time, "string", "date-time"),
    ):
        api.register_field(field, kind, format_)
    plugin = MarshmallowPlugin(schema_name_resolver=_component_name)
    api.init_app(app, spec_kwargs={"marshmallow_plugin": plugin})
    # smorest describes its pagination header, which none of our routes sends: they link pages by `Link`.
    del api.spec.components.schemas["PaginationMetadataSchema"]
    for code, description in _ERRORS.items():
        api.spec.components.response(
            problem_reference(code), problem_response(description, _error_headers(code)), lazy=True
        )
    api.spec.components.security_scheme("bearer", {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"})
    for module in (auth, users, rooms, moderation, messages, live, sockets, avatars, health):
        api.register_blueprint(module.blueprint)
    app.register_blueprint(pages)
    app.register_blueprint(front)


def _error_headers(code: int) -> dict[str, Any]:
    headers: dict[str, Any] = {}
    if code == 401:
        headers["WWW-Authenticate"] = {"description": "`Bearer`", "schema": {"type": "string"}}
    if code == 429:
        headers |= {name: {"schema": {"type": "integer"}} for name in HEADERS}
    if code in {429, 503}:
        headers["Retry-After"] = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
    return headers


def _component_name(schema: Any) -> str:
    """`RoomOut` is shown as `Room`, `RoomIn` as it is."""
    name = (schema if isinstance(schema, type) else type(schema)).__name__
    return str(name.removesuffix("Out"))


def openapi_document(app: Flask) -> dict[str, Any]:
    """The OpenAPI 3.1 document of the app."""
    api = app.extensions["flask-smorest"]["apis"][""]["ext_obj"]
    return cast(dict[str, Any], api.spec.to_dict())


@pages.route("/openapi.json", methods=["GET"], policy=PUBLIC)
def openapi() -> Response:
    """The OpenAPI 3.1 document of this API."""
    return Response(orjson.dumps(openapi_document(current_app)), content_type="application/json")


@pages.route("/", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
def page() -> Response:
    """The documentation to browse and try."""
    return Response(_PAGE, headers={"Content-Security-Policy": POLICY, **PAGE}, content_type="text/html; charset=utf-8")


@front.route("/", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
def front_page() -> Response:
    """The way in for who opens the server's address in a browser: the documentation."""
    return cast(Response, redirect("/api/"))


@pages.route("/assets/<name>", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
def asset(name: str) -> Response:
    """A file of the documentation page."""
    if name == "docs.js":
        path = files("minichat.api") / "static" / name
    elif name in _SWAGGER:
        path = files("flask_swagger_ui") / "dist" / name
    else:
        raise NotFound
    return send_file(str(path), max_age=3600)
