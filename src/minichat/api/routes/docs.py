"""`/api/`: the browsable documentation and the OpenAPI document. `/` redirects there.

The pages load no files from other servers.
"""

from importlib.resources import files
from typing import cast

import orjson
from flask import Response, current_app, redirect, send_file

from minichat.api.blueprint import Blueprint
from minichat.api.headers import PAGE_HEADERS
from minichat.api.openapi import openapi_document
from minichat.api.policy import PUBLIC, PUBLIC_UNTHROTTLED
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
<link rel="icon" href="/api/assets/favicon-32x32.png">
<link rel="stylesheet" href="/api/assets/swagger-ui.css">
<div id="swagger-ui"></div>
<script src="/api/assets/swagger-ui-bundle.js"></script>
<script src="/api/assets/docs.js"></script>
</html>
"""
_SWAGGER_FILES = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")


@blueprint.route("/api/openapi.json", methods=["GET"], policy=PUBLIC)
def openapi() -> Response:
    """Return the OpenAPI 3.1 document of this API."""
    return Response(orjson.dumps(openapi_document(current_app)), content_type="application/json")


@blueprint.route("/api/", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
def page() -> Response:
    """Return the documentation page."""
    return Response(
        _PAGE,
        headers={"Content-Security-Policy": CONTENT_SECURITY_POLICY, **PAGE_HEADERS},
        content_type="text/html; charset=utf-8",
    )


@blueprint.route("/", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
def front_page() -> Response:
    """Redirect a browser that opens the server's address to the documentation."""
    return cast(Response, redirect("/api/"))


@blueprint.route("/api/assets/<name>", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
def asset(name: str) -> Response:
    """Return a file of the documentation page."""
    if name == "docs.js":
        path = files("minichat.api") / "static" / name
    elif name in _SWAGGER_FILES:
        path = files("flask_swagger_ui") / "dist" / name
    else:
        raise NotFound
    return send_file(str(path), max_age=3600)
