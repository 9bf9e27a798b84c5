"""Every route of the API, with a request to it that is right: what the tests of properties and of bad input vary."""

from typing import Any, NamedTuple

from api.client import PASSWORD


class Route(NamedTuple):
    method: str
    path: str
    """With `{room}` where a room's id belongs."""
    body: dict[str, Any] | None = None
    """Where a body is read, one with every field; `{room}`, `{other}`, `{message}`, `{refresh}` are filled in."""
    query: tuple[str, ...] = ()
    """The parameters that are known."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


PAGED = ("limit", "cursor")
STRETCH = ("limit", "before", "after", "around")
ROOM_BODY = {"name": "Garden", "description": "New", "is_private": True}
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
        },
    ),
    Route("POST", "/api/auth/login/", {"username": "ann", "password": PASSWORD}),
    Route("POST", "/api/auth/logout/", {"refresh": "{refresh}"}),
    Route("POST", "/api/auth/token/refresh/", {"refresh": "{refresh}"}),
    Route("GET", "/api/auth/me/"),
    Route("GET", "/api/auth/profile/"),
    Route("PUT", "/api/auth/profile/", PROFILE),
    Route("PATCH", "/api/auth/profile/", PROFILE),
    Route(
        "POST",
        "/api/auth/change-password/",
        {"old_password": PASSWORD, "new_password": "new horse battery", "new_password_confirm": "new horse battery"},
    ),
    Route("GET", "/api/auth/search/", query=("q", "limit")),
    Route("GET", "/api/auth/users/", query=PAGED),
    Route("GET", "/api/chat/online-users/", query=PAGED),
    Route("GET", "/api/chat/rooms/", query=(*PAGED, "scope")),
    Route("POST", "/api/chat/rooms/", {**ROOM_BODY, "participants": ["{other}"]}),
    Route("GET", "/api/chat/rooms/{room}/"),
    Route("PUT", "/api/chat/rooms/{room}/", ROOM_BODY),
    Route("PATCH", "/api/chat/rooms/{room}/", ROOM_BODY),
    Route("DELETE", "/api/chat/rooms/{room}/"),
    Route("GET", "/api/chat/rooms/{room}/history/", query=(*STRETCH, "mark_read")),
    Route("POST", "/api/chat/rooms/{room}/join/"),
    Route("POST", "/api/chat/rooms/{room}/leave/"),
    Route("POST", "/api/chat/rooms/{room}/read/", {"seq": 1}),
    Route("GET", "/api/chat/rooms/{room}/participants/", query=PAGED),
    Route("GET", "/api/chat/messages/", query=(*STRETCH, "room")),
    Route(
        "POST",
        "/api/chat/messages/",
        {"room": "{room}", "content": "hello", "reply_to": "{message}", "client_id": "b7d1"},
    ),
    Route("POST", "/api/chat/create-direct-chat/", {"user_id": "{other}"}),
    Route("GET", "/avatars/1-A.svg"),
    Route("GET", "/healthz"),
    Route("GET", "/readyz"),
]

PUBLIC = {
    "/api/auth/register/",
    "/api/auth/login/",
    "/api/auth/token/refresh/",
    "/avatars/1-A.svg",
    "/healthz",
    "/readyz",
}
"""What needs no token, besides the documentation pages."""

WITH_BODY = [route for route in ROUTES if route.body is not None]
WITH_QUERY = [route for route in ROUTES if route.query]
WITH_ROOM = [route for route in ROUTES if "{room}" in route.path]
"""Those that name a room in the path."""


def filled(value: Any, **places: Any) -> Any:
    """The value with its `{places}` filled in."""
    if isinstance(value, dict):
        return {name: filled(one, **places) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, **places) for one in value]
    if isinstance(value, str) and value.startswith("{") and value.endswith("}"):
        return places[value[1:-1]]
    return value
