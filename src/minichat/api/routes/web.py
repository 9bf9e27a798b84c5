"""`/` and `/web/`: the web client. Its page may run our own files only, and calls the public API like any client."""

from urllib.parse import urlsplit

from flask import Response, request

from minichat.api.blueprint import Blueprint
from minichat.api.context import context
from minichat.api.files import FOREVER, send
from minichat.api.headers import PAGE_HEADERS
from minichat.api.policy import PUBLIC_FILE, PUBLIC_UNTHROTTLED
from minichat.api.web_client import START, web_client
from minichat.domain.errors import NotFound

blueprint = Blueprint("web", __name__)

# Pictures of people may be on any server with TLS. Trusted types make every insertion of markup an error.
_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: data: blob:{pictures}; "
    "connect-src 'self'; media-src 'self' data: blob:; manifest-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


@blueprint.route("/", methods=["GET"], policy=PUBLIC_UNTHROTTLED)
def page() -> Response:
    """Return the page of the web client."""
    return send(web_client().index(request.root_path), "no-cache", **_page_headers())


def _page_headers() -> dict[str, str]:
    public = urlsplit(context().public_url or "")
    pictures = f" http://{public.netloc}" if public.scheme == "http" else ""
    return {"Content-Security-Policy": _CONTENT_SECURITY_POLICY.format(pictures=pictures), **PAGE_HEADERS}


@blueprint.route(f"/web/{START}", methods=["GET"], policy=PUBLIC_FILE)
def start() -> Response:
    """Return the module that loads the client, or reports that this server has another version of it."""
    file = web_client().file(START)
    assert file is not None
    return send(file, "no-cache")


@blueprint.route("/web/<digest>/<path:name>", methods=["GET"], policy=PUBLIC_FILE)
def file(digest: str, name: str) -> Response:
    """Return a file of the client. The content of a URL never changes.

    Another digest belongs to another version. Its files are not found, so that no page mixes two versions.
    """
    client = web_client()
    found = client.file(name) if digest == client.digest else None
    if found is None:
        raise NotFound
    return send(found, FOREVER)
