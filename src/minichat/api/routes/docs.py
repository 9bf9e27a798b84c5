"""`/api/`: the browsable documentation and the OpenAPI document.

The pages load no files from other servers. All addresses begin with the path under which the chat stands.
"""

from importlib.resources import files

import orjson
from flask import Response, current_app, request, send_file

from minichat.api.blueprint import Blueprint
from minichat.api.context import context, request_base_url
from minichat.api.headers import PAGE_HEADERS
from minichat.api.openapi import openapi_document
from minichat.api.policy import PUBLIC, PUBLIC_FILE, PUBLIC_UNTHROTTLED
from minichat.domain.errors import NotFound

blueprint = Blueprint("docs", __name__)

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>minichat API</title>
<link rel="icon" href="{root}/api/assets/favicon-32x32.png">
<link rel="stylesheet" href="{root}/api/assets/swagger-ui.css">
<link rel="stylesheet" href="{root}/api/assets/docs.css">
<div id="swagger-ui"></div>
<script src="{root}/api/assets/swagger-ui-bundle.js"></script>
<script src="{root}/api/assets/docs.js"></script>
</html>
"""
_OWN_FILES = ("docs.css", "docs.js")
_SWAGGER_FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")


@blueprint.route("/api/openapi.json", methods=["GET"], policy=PUBLIC)
def openapi() -> Response:
    """Return the OpenAPI 3.1 document of this API."""
    document = {**openapi_document(current_app), "servers": _servers()}
    return Response(orjson.dumps(document), content_type="application/json")


def _servers() -> list[dict[str, str]]:
    """Return the addresses of this API: the public one, and that of this request if it differs.

    The latter is relative to the document, because only the client knows how it has reached this server.
    """
    public = context().public_url
    if public in {None, request_base_url()}:
        return [{"url": request_base_url()}]
    return [{"url": f"{public}"}, {"url": request.root_path or "/", "description": "The address of this document"}]


@blueprint.route("/api/", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
def page() -> Response:
    """Return the documentation page."""
    return Response(
        _PAGE.format(root=request.root_path),
        headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY, **PAGE_HEADERS},
        content_type="text/html; charset=utf-8",
    )


@blueprint.route("/api/assets/<name>", methods=["GET"], policy=PUBLIC_FILE)
def asset(name: str) -> Response:
    """Return a file of the documentation page."""
    if name in _OWN_FILES:
        path = files("minichat.api") / "static" / name
    elif name in _SWAGGER_FILES:
        path = files("flask_swagger_ui") / "dist" / name
    else:
        raise NotFound
    return send_file(str(path), max_age=3600)
