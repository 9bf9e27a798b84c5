"""`/avatars/`: uploaded pictures and placeholders. This server serves them, so no third party sees the viewers."""

from html import escape

from flask import Response, request

from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import services
from minichat.api.openapi import path_text
from minichat.api.policy import PUBLIC_FILE
from minichat.domain.errors import NotFound

blueprint = Blueprint("avatars", __name__, url_prefix="/avatars", description="Pictures and placeholders.")

# The content of a URL never changes. The policy stops all scripts if a browser shows a picture as a page.
_HEADERS = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
}
_ETAG = {"description": "Send it as `If-None-Match` to get 304.", "schema": {"type": "string"}}
_HUES = 24
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256" width="256" height="256" role="img">'
    '<rect width="256" height="256" fill="hsl({hue} 45% 45%)"/>'
    '<text x="128" y="136" fill="#fff" font-family="system-ui, sans-serif" font-size="128" text-anchor="middle" '
    'dominant-baseline="middle">{letter}</text></svg>'
)


_LETTER = path_text("letter", "The letter in the picture.", "A", maxLength=1)
_PICTURE_ID = path_text(
    "picture_id", "The random part of the URL.", "nUOdXfVZ2Rk0vQyJc7-m4A", pattern="^[A-Za-z0-9_-]+$"
)


@blueprint.route("/<id:user_id>-<letter>.svg", methods=["GET"], policy=PUBLIC_FILE, parameters=[_LETTER])
@answers(200, {"type": "string"}, 404, content_type="image/svg+xml")
def get_placeholder(user_id: int, letter: str) -> Response:
    """Get the placeholder picture: the first letter or digit of the name, on a colour that depends on the account.

    The content of a URL never changes, so clients can cache it forever.
    """
    if len(letter) != 1 or not letter.isprintable() or user_id == 0:
        raise NotFound
    svg = _SVG.format(hue=user_id * 7 % _HUES * (360 // _HUES), letter=escape(letter))
    return Response(svg, headers=_HEADERS, content_type="image/svg+xml; charset=utf-8")


@blueprint.route("/<picture_id>.webp", methods=["GET"], policy=PUBLIC_FILE, parameters=[_PICTURE_ID])
@answers(
    200,
    {"type": "string", "format": "binary"},
    404,
    also={304: None},
    headers={"ETag": _ETAG},
    content_type="image/webp",
)
def get_picture(picture_id: str) -> Response:
    """Get an uploaded picture, 256 pixels square.

    The content of a URL never changes, so clients can cache it forever.
    """
    data = services().avatars.picture(picture_id)
    if request.if_none_match.contains_weak(picture_id):
        response = Response(status=304, headers=_HEADERS)
    else:
        response = Response(data, headers=_HEADERS, content_type="image/webp")
    response.set_etag(picture_id)
    return response
