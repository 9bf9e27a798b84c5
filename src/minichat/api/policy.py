"""The policy of a route: the required credentials, the rate limit and the maximum size of the body.

A route declares its policy beside its path: `@blueprint.route(..., policy=PUBLIC)`. The default needs a token and is
throttled. This module holds declarations only: `authentication`, `limits` and `parsing` enforce them, and `blueprint`
documents them.
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from flask import Flask

from minichat.domain.avatars import MAX_FILE_BYTES

MAX_BODY_BYTES = 256 * 1024
MAX_FORM_BYTES = MAX_FILE_BYTES + 16 * 1024
"""For a body with a file: the file and the multipart syntax around it."""

_EXTENSION = "minichat.policies"


class Access(Enum):
    """The credentials that a route demands."""

    TOKEN = auto()
    """An access token of a live session."""
    TOKEN_OR_TICKET = auto()
    """The same, or a single-use ticket in the URL, because browsers can't set headers when they open a stream."""
    OPTIONAL_TOKEN = auto()
    """A genuine access token, even if it has expired or its session has ended, or none: the view checks the rest."""
    PUBLIC = auto()
    """No credentials."""


class RateLimit(NamedTuple):
    """The maximum number of requests of one user, or of one address, in a window of time."""

    name: str
    max_requests: int
    window_seconds: int


READS = RateLimit("reads", 1_200, 60)
"""For each user, as are WRITES, UPLOADS and EXPORTS."""
WRITES = RateLimit("writes", 600, 60)
UPLOADS = RateLimit("uploads", 20, 60)
EXPORTS = RateLimit("exports", 5, 3_600)
PUBLIC_REQUESTS = RateLimit("strangers", 600, 60)
"""For each address, on public routes. A whole company may log in from one address."""
UNAUTHENTICATED = RateLimit("refused", 600, 60)
"""For each address: requests without a valid token to a route that needs one, and paths that name no route."""


@dataclass(frozen=True, slots=True)
class Policy:
    """The policy of one route. The default is the strictest."""

    access: Access = Access.TOKEN
    is_throttled: bool = True
    rate_limit: RateLimit | None = None
    """The limit of each user on this route. None means READS or WRITES, by the method."""
    max_body_bytes: int = MAX_BODY_BYTES
    ignores_body: bool = False
    """Whether a route that reads no body ignores one. The Django service's routes do, because its clients may send
    some. All others refuse it, except `{}`, because the client would expect an effect."""
    is_for_any_origin: bool = False
    """Whether pages of every origin may read the answers: see `cross_origin`."""

    @property
    def is_stream(self) -> bool:
        return self.access is Access.TOKEN_OR_TICKET

    @property
    def is_public(self) -> bool:
        return self.access is Access.PUBLIC


_DEFAULT = Policy()
PUBLIC = Policy(Access.PUBLIC)
PUBLIC_UNTHROTTLED = Policy(Access.PUBLIC, is_throttled=False)
"""For pages, which cost little, and for health checks."""
IGNORING_BODIES = Policy(ignores_body=True)
PUBLIC_FILE = Policy(Access.PUBLIC, is_throttled=False, is_for_any_origin=True)
"""For pictures and the files of pages: the same bytes for everybody, kept by shared caches."""
STREAM = Policy(Access.TOKEN_OR_TICKET)
NO_ROUTE = Policy(Access.PUBLIC)
"""For an unknown path or method: every client gets the same 404 or 405."""


def declare(app: Flask, endpoint: str, policy: Policy) -> None:
    """Set the policy of an endpoint of the app."""
    policies(app)[endpoint] = policy


def policy_of(app: Flask, endpoint: str | None) -> Policy:
    """Return the policy of an endpoint, or NO_ROUTE for None."""
    return NO_ROUTE if endpoint is None else policies(app).get(endpoint, _DEFAULT)


def policies(app: Flask) -> dict[str, Policy]:
    """Return the declared policies of the app by endpoint."""
    found: dict[str, Policy] = app.extensions.setdefault(_EXTENSION, {})
    return found
