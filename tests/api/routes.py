"""Every route of the API with a valid request, which the tests of properties and of bad input vary."""

import re
from io import BytesIO
from typing import Any, NamedTuple

from api.client import PASSWORD, PICTURE


class Route(NamedTuple):
    method: str
    path: str
    """With `{room}`, `{message}`, `{session}`, `{other}`, `{invite}` or `{picture}` in place of an id."""
    body: dict[str, Any] | None = None
    """A body with every field, if the route reads one, with `{room}`, `{other}`, `{message}`, `{refresh}`, `{token}`
    for an invitation, or `{reset}` or `{verification}` for links to the account, as places.
    """
    query: tuple[str, ...] = ()
    """The names of the query parameters."""
    files: dict[str, bytes] | None = None
    """A form with every file, if the route reads a form instead of a JSON body."""
    is_for_others: bool = False
    """Whether the author of the message can't make this request: the other person makes it."""

    @property
    def template(self) -> str:
        """The path as in the OpenAPI document."""
        path = self.path.partition("?")[0].replace("{other}", "{user}")
        return re.sub(r"\{(\w+)\}", r"{\1_id}", path).replace("👍", "{emoji}")

    def request(self, **places: Any) -> dict[str, Any]:
        """Return the arguments of a request: the body with its places filled in, or the form."""
        if self.files is not None:
            return {"data": {name: (BytesIO(file), f"{name}.png") for name, file in self.files.items()}}
        return {} if self.body is None else {"json": filled(self.body, **places)}

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


PAGED = ("limit", "cursor")
STRETCH = ("limit", "before", "after", "around")
POLICY = {"write": "all", "cooldown": 5, "history": "all"}
ROOM_BODY = {"name": "Garden", "description": "New", "is_private": True, **POLICY}
PROFILE = {"first_name": "Eve", "last_name": "Ray", "email": "eve@example.com", "avatar": "https://example.com/e.png"}

ROUTES = [
    Route(
        "POST",
        "/api/auth/register/",
        {
            "username": "newcomer",
            "password": PASSWORD,
            "password_confirm": PASSWORD,
            "email": "new@example.com",
            "first_name": "New",
            "last_name": "Comer",
            "invite": "{token}",
        },
    ),
    Route("POST", "/api/auth/login/", {"username": "ann", "password": PASSWORD}),
    Route("POST", "/api/auth/logout/", {"refresh": "{refresh}"}),
    Route("POST", "/api/auth/token/refresh/", {"refresh": "{refresh}"}),
    Route("GET", "/api/auth/me/"),
    Route("DELETE", "/api/auth/me/", {"password": PASSWORD}),
    Route("GET", "/api/auth/me/export/"),
    Route("GET", "/api/auth/profile/"),
    Route("PUT", "/api/auth/profile/", PROFILE),
    Route("PATCH", "/api/auth/profile/", PROFILE),
    Route("PUT", "/api/auth/profile/avatar/", files={"file": PICTURE}),
    Route("DELETE", "/api/auth/profile/avatar/"),
    Route(
        "POST",
        "/api/auth/change-password/",
        {"old_password": PASSWORD, "new_password": "new horse battery", "new_password_confirm": "new horse battery"},
    ),
    Route("POST", "/api/auth/password-reset/", {"username": "ann"}),
    Route(
        "POST",
        "/api/auth/password-reset/confirm/",
        {"token": "{reset}", "new_password": "new horse battery", "new_password_confirm": "new horse battery"},
    ),
    Route("POST", "/api/auth/email/verify/", {"token": "{verification}"}),
    Route("POST", "/api/auth/email/resend/"),
    Route("GET", "/api/auth/sessions/", query=PAGED),
    Route("DELETE", "/api/auth/sessions/"),
    Route("DELETE", "/api/auth/sessions/{session}/"),
    Route("GET", "/api/auth/search/", query=("q", "limit")),
    Route("GET", "/api/auth/users/", query=PAGED),
    Route("GET", "/api/auth/users/{other}/"),
    Route("GET", "/api/chat/online-users/", query=PAGED),
    Route("GET", "/api/chat/rooms/", query=(*PAGED, "scope")),
    Route("POST", "/api/chat/rooms/", {**ROOM_BODY, "participants": ["{other}"]}),
    Route("GET", "/api/chat/rooms/{room}/"),
    Route("PUT", "/api/chat/rooms/{room}/", ROOM_BODY),
    Route("PATCH", "/api/chat/rooms/{room}/", ROOM_BODY),
    Route("DELETE", "/api/chat/rooms/{room}/"),
    Route("GET", "/api/chat/rooms/{room}/history/", query=(*STRETCH, "around_seq", "mark_read")),
    Route("POST", "/api/chat/rooms/{room}/join/"),
    Route("POST", "/api/chat/rooms/{room}/leave/"),
    Route("POST", "/api/chat/rooms/{room}/read/", {"seq": 1}),
    Route("POST", "/api/chat/rooms/{room}/typing/"),
    Route("GET", "/api/chat/rooms/{room}/participants/", query=PAGED),
    Route("POST", "/api/chat/rooms/{room}/participants/", {"user_id": "{other}"}),
    Route("PATCH", "/api/chat/rooms/{room}/participants/{other}/", {"role": "moderator"}),
    Route("DELETE", "/api/chat/rooms/{room}/participants/{other}/", query=("ban",)),
    Route("GET", "/api/chat/rooms/{room}/bans/", query=PAGED),
    Route("DELETE", "/api/chat/rooms/{room}/bans/{other}/"),
    Route("POST", "/api/chat/rooms/{room}/invites/", {"expires_in": 3600, "uses": 3}),
    Route("GET", "/api/chat/rooms/{room}/invites/", query=PAGED),
    Route("DELETE", "/api/chat/rooms/{room}/invites/{invite}/"),
    Route("POST", "/api/chat/invites/preview/", {"token": "{token}"}),
    Route("POST", "/api/chat/invites/accept/", {"token": "{token}"}),
    Route("POST", "/api/chat/users/{other}/block/"),
    Route("DELETE", "/api/chat/users/{other}/block/"),
    Route("GET", "/api/chat/blocks/", query=PAGED),
    Route("GET", "/api/chat/messages/", query=(*STRETCH, "room")),
    Route(
        "POST",
        "/api/chat/messages/",
        {
            "room": "{room}",
            "content": "hello",
            "reply_to": "{message}",
            "client_id": "b7d1",
            "mention_ids": ["{other}"],
        },
    ),
    Route("GET", "/api/chat/unread/"),
    Route("GET", "/api/chat/mentions/", query=("before", "limit")),
    Route(
        "PATCH",
        "/api/chat/rooms/{room}/notify/",
        {"notify": "mentions", "muted_until": "2026-11-24T09:00:00+01:00"},
    ),
    Route("GET", "/api/chat/sync/", query=("after", "timeout", "limit")),
    Route("GET", "/api/chat/events/", query=("after", "ticket")),
    Route("POST", "/api/chat/events/ticket/"),
    Route("GET", "/ws/chat/{room}/", query=("after", "ticket")),
    Route("GET", "/ws/chat/", query=("after", "ticket")),
    Route("GET", "/api/chat/search/", query=("q", "room", "user", "before", "limit")),
    Route("GET", "/api/chat/messages/{message}/"),
    Route("PATCH", "/api/chat/messages/{message}/", {"content": "hello again", "mention_ids": []}),
    Route("DELETE", "/api/chat/messages/{message}/"),
    Route("PUT", "/api/chat/messages/{message}/reactions/👍/"),
    Route("DELETE", "/api/chat/messages/{message}/reactions/👍/"),
    Route("GET", "/api/chat/messages/{message}/reactions/", query=(*PAGED, "emoji")),
    Route("PUT", "/api/chat/messages/{message}/pin/"),
    Route("DELETE", "/api/chat/messages/{message}/pin/"),
    Route("GET", "/api/chat/rooms/{room}/pins/", query=PAGED),
    Route(
        "POST",
        "/api/chat/messages/{message}/report/",
        {"reason": "spam", "comment": "Again and again."},
        is_for_others=True,
    ),
    Route("POST", "/api/chat/create-direct-chat/", {"user_id": "{other}"}),
    Route("GET", "/avatars/1-A.svg"),
    Route("GET", "/avatars/{picture}.webp"),
    Route("GET", "/api/info/"),
    Route("GET", "/healthz"),
    Route("GET", "/readyz"),
    Route("GET", "/metrics"),
]

PUBLIC = {
    "/api/auth/password-reset/",
    "/api/auth/password-reset/confirm/",
    "/api/auth/email/verify/",
    "/api/auth/register/",
    "/api/auth/login/",
    "/api/auth/token/refresh/",
    "/api/chat/invites/preview/",
    "/avatars/1-A.svg",
    "/avatars/{picture}.webp",
    "/api/info/",
    "/healthz",
    "/readyz",
    "/metrics",
}
"""The routes that need no token, without the documentation pages."""

OVER_HTTP = [route for route in ROUTES if not route.path.startswith("/ws/")]
"""All routes except sockets, which need a real connection (tests/e2e/test_sockets.py)."""
TAKING_TICKETS = [route for route in ROUTES if "ticket" in route.query]
WITH_BODY = [route for route in ROUTES if route.body is not None]
WITH_FILES = [route for route in ROUTES if route.files is not None]
WITH_QUERY = [route for route in ROUTES if "limit" in route.query]
"""The routes that return lists."""
WITH_ROOM = [route for route in ROUTES if "{room}" in route.path]
"""The routes with a room in the path."""
WITH_MESSAGE = [route for route in ROUTES if "{message}" in route.path]


def filled(value: Any, **places: Any) -> Any:
    """Return the value with its `{places}` filled in."""
    if isinstance(value, dict):
        return {name: filled(one, **places) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, **places) for one in value]
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return places[value[1:-1]]
    return value
