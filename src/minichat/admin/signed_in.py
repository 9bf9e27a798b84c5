"""The administrator of this request, by the signed cookie that names their session.

The session is one of the domain's. It appears in the superuser's list of sessions, and when it ends, the cookie is
worthless.
"""

from flask import session

from minichat.api.context import context, services
from minichat.api.request_state import request_state
from minichat.domain.errors import SessionEnded
from minichat.domain.model import HOUR, User, is_within

SIGN_IN_DURATION = 12 * HOUR
"""How long a sign-in lasts, in milliseconds."""


def administrator() -> User | None:
    """Return the superuser who makes this request, or None."""
    state = request_state()
    if not state.is_administrator_known:
        state.administrator = _known_by_cookie()
        state.is_administrator_known = True
    return state.administrator


def _known_by_cookie() -> User | None:
    if "session" not in session or not is_within(SIGN_IN_DURATION, session["since"], context().clock()):
        return None
    try:
        caller = services().sessions.authenticate(session["session"], session["user"])
    except SessionEnded:
        return None
    return caller.user if caller.user.is_superuser else None
