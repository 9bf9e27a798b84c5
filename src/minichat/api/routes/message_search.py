"""`/api/chat/search/`: the search for messages."""

from typing import Any

from flask import Response

from minichat.api import presenting
from minichat.api.blueprint import Blueprint, answers
from minichat.api.context import presenter, services
from minichat.api.openapi import LINK
from minichat.api.paging import link_header
from minichat.api.request_state import caller_id
from minichat.api.schemas.answers import MessageOut
from minichat.api.schemas.queries import MessageSearchQuery
from minichat.domain.message_search import MessageFilter

blueprint = Blueprint("search", __name__, url_prefix="/api/chat", description="Search the messages of your rooms.")


def _check_search(query: dict[str, Any]) -> None:
    services().message_search.check(caller_id(), query.get("q"), _filter(query))


@blueprint.route("/search/", methods=["GET"])
@blueprint.arguments(MessageSearchQuery, location="query", rules=_check_search)
@answers(
    200,
    MessageOut(many=True),
    *(400, 403, 404, 503),
    headers={"Link": LINK},
    descriptions={503: "The index of older messages is still being built (`index_building`): see `Retry-After`."},
)
def search_messages(query: dict[str, Any]) -> Response:
    """Search the messages of your rooms, the newest first.

    Every word of the query must be in the message. A word is a run of letters, digits and marks, and each emoji is a
    word; everything else separates words. `caf` finds *Café*, because a word of the message begins with it. In Han,
    Kana, Thai, Lao, Khmer and Burmese, a word is found anywhere, and one character is enough.

    A page may have fewer messages than `limit`, or none, although there are more: as long as there is a `next` in the
    `Link` header, the search goes on there.

    The comparison ignores case, the accents and other marks of Latin, Greek, Cyrillic, Arabic and Hebrew letters, and
    the skin tones of emoji. A query without words, such as `*`, finds nothing.
    """
    page = services().message_search.search(caller_id(), query["q"], query["limit"], _filter(query))
    older = None if page.rest is None else ("before", page.rest)
    return presenting.json_response(presenter(page.details).messages(page), headers=link_header(older, None))


def _filter(query: dict[str, Any]) -> MessageFilter:
    """Return the filter of a query, of which some parameters may be missing."""
    return MessageFilter(query.get("room"), query.get("user"), query.get("before"))
