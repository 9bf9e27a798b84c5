"""`/avatars/`: the placeholder for who has no picture, drawn here so that no third party learns who looks at whom."""

from html import escape

from flask import Response

from minichat.api.blueprint import Blueprint, answers
from minichat.domain.errors import NotFound

blueprint = Blueprint("avatars", __name__, url_prefix="/avatars", description="Pictures")

_HUES = 24
_SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 256 256" width="256" height="256" role="img">'
    '<rect width="256" height="256" fill="hsl({hue} 45% 45%)"/>'
    '<text x="128" y="136" fill="#fff" font-family="system-ui, sans-serif" font-size="128" text-anchor="middle" '
    'dominant-baseline="middle">{letter}</text></svg>'
)


@blueprint.route("/<id:user_id>-<letter>.svg", methods=["GET"])
@answers(200, {"type": "string"}, 404, public=True, content_type="image/svg+xml")
def placeholder(user_id: int, letter: str) -> Response:
    """The placeholder picture: the first letter of the name on a colour of the account's own.

    Everything that it shows stands in its URL, so it needs no look-up and can be cached for ever.
    """
    if len(letter) != 1 or not letter.isprintable() or user_id == 0:
        raise NotFound
    svg = _SVG.format(hue=user_id * 7 % _HUES * (360 // _HUES), letter=escape(letter))
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    }
    return Response(svg, headers=headers, content_type="image/svg+xml; charset=utf-8")
